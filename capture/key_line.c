/* Fields of key files: secrets and addresses, and what is wrong with them. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/key_priv.h"

enum status
key_refuse(const struct key_line *at, const char *format, ...)
{
	va_list args;
	int used = snprintf(at->message, at->bytes, "%s:%u: ", at->file, at->line);

	va_start(args, format);
	if (used >= 0 && (size_t)used < at->bytes)
		vsnprintf(at->message + used, at->bytes - (size_t)used, format, args);
	va_end(args);
	return ST_ERR_CONFIG;
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

enum status
key_secret(const struct key_line *at, const char *what, const char *text, uint8_t key[CFG_KEY_MAX],
	unsigned *key_len)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	size_t n = strlen(text);

	if (hex) {
		text += 2;
		n = (n - 2) / 2;
		if (strlen(text) % 2)
			return key_refuse(at, "%s: an odd number of hexadecimal digits", what);
	}
	if (n > CFG_KEY_MAX)
		return key_refuse(at, "%s: %zu bytes; allowed are at most %u", what, n, CFG_KEY_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!hex) {
			key[i] = (uint8_t)text[i];
			continue;
		}
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return key_refuse(
				at, "%s: '%c' is no hexadecimal digit", what, text[2 * i + (high >= 0)]);
		key[i] = (uint8_t)(high << 4 | low);
	}
	*key_len = (unsigned)n;
	return ST_OK;
}

static struct ip_addr
mask_of(unsigned len)
{
	uint64_t hi = len >= 64 ? UINT64_MAX : len ? UINT64_MAX << (64 - len) : 0;
	uint64_t lo = len >= 128 ? UINT64_MAX : len > 64 ? UINT64_MAX << (128 - len) : 0;

	return (struct ip_addr){hi, lo};
}

/* "192.168.*.*": four numbers or stars. */
static bool
stars_parse(const char *text, struct key_address *address)
{
	uint32_t addr = 0, mask = 0;

	for (unsigned i = 0; i < 4; i++) {
		size_t n = strcspn(text, ".");
		char *end;
		unsigned long value = text[0] == '*' ? 0 : strtoul(text, &end, 10);
		bool star = text[0] == '*' && n == 1;

		if (!star && (!isdigit((unsigned char)text[0]) || end != text + n || value > 255))
			return false;
		addr = addr << 8 | (uint32_t)value;
		mask = mask << 8 | (star ? 0 : 255u);
		text += n;
		if (*text != (i < 3 ? '.' : '\0'))
			return false;
		text++;
	}
	*address = (struct key_address){
		IP_V4(addr), {UINT64_MAX, UINT64_C(0xffffffff00000000) | mask}, false};
	return true;
}

/* The length behind the slash; false where it is none. */
static bool
prefix_parse(const char *text, bool v4, unsigned *len)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || value > (v4 ? 32 : 128))
		return false;
	*len = (unsigned)value + (v4 ? IP_V4_LEN : 0);
	return true;
}

enum status
key_address(const struct key_line *at, const char *what, const char *text, unsigned family,
	struct key_address *address)
{
	size_t n = strcspn(text, "/");
	char host[IP_TEXT_BYTES + 1];
	unsigned len = 128;

	if (!strcmp(text, "*")) {
		*address = (struct key_address){.addr = IP_V4(0),
			.mask = mask_of(family == 4 ? IP_V4_LEN : 0),
			.only_v6 = family == 6};
		return ST_OK;
	}
	if (family != 6 && strchr(text, '*') && stars_parse(text, address))
		return ST_OK;
	snprintf(host, sizeof(host), "%.*s", (int)n, text);
	if (n >= sizeof(host) || !ip_parse(host, &address->addr) ||
		(family && ip_is_v4(address->addr) != (family == 4)) ||
		(text[n] && !prefix_parse(text + n + 1, ip_is_v4(address->addr), &len)))
		return key_refuse(at,
			"%s: \"%s\" is no %saddress; allowed: an address, one with a prefix length (%s), or "
			"*",
			what, text,
			family == 4   ? "IPv4 "
			: family == 6 ? "IPv6 "
				      : "",
			family == 6 ? "2001:db8::/32" : "192.0.2.0/24");
	address->mask = mask_of(len);
	address->only_v6 = !ip_is_v4(address->addr);
	return ST_OK;
}
