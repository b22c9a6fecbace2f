/* Addresses as text, by the C library's inet_ntop() and inet_pton(). */
#include "base/ip.h"

#include <arpa/inet.h>

const char *
ip_text(struct ip_addr a, char out[IP_TEXT_BYTES])
{
	uint8_t bytes[16];

	ip_store6(bytes, a);
	if (ip_is_v4(a))
		inet_ntop(AF_INET, bytes + 12, out, IP_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, bytes, out, IP_TEXT_BYTES);
	return out;
}

bool
ip_parse(const char *text, struct ip_addr *a)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*a = ip_load4(bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*a = ip_load6(bytes);
	else
		return false;
	return true;
}
