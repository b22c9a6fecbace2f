/* Scalars peculiar to networks: addresses, prefixes, ports, protocols, DSCP (RFC 2474, RFC 2597, RFC 3246)
 * and keys.  Messages never show a key. */
#include "config/value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/cfg.h"

bool
store_address(struct storing *storing)
{
	if (storing->value.kind != VALUE_TEXT)
		return value_wrong_type(storing);
	if (!ip_parse(storing->value.text, storing->field))
		return value_wrong(storing, "\"%s\" is not an address", storing->value.text);
	return true;
}

/* Digits only, at most hi. */
static bool
digits_parse(const char *text, size_t n, unsigned hi, unsigned *out)
{
	unsigned sum = 0;

	if (n == 0 || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		sum = sum * 10 + (unsigned)(text[i] - '0');
	}
	*out = sum;
	return sum <= hi;
}

bool
store_prefix(struct storing *storing)
{
	struct cfg_prefix *prefix = storing->field;
	const char *text = storing->value.text, *slash;
	char address[IP_TEXT_BYTES] = "";
	unsigned len, most;
	size_t n;

	if (storing->value.kind != VALUE_TEXT)
		return value_wrong_type(storing);
	if (strcmp(text, "any") == 0) {
		*prefix = (struct cfg_prefix){.len = 0};
		return true;
	}
	slash = strchr(text, '/');
	n = slash ? (size_t)(slash - text) : strlen(text);
	if (n < sizeof(address))
		memcpy(address, text, n);
	len = most = strchr(address, ':') ? 128 : 32;
	if (slash != NULL && !digits_parse(slash + 1, strlen(slash + 1), most, &len))
		return value_wrong(storing, "\"%s\": the length of a prefix is 0..%u", text, most);
	if (!ip_parse(address, &prefix->addr))
		return value_wrong(storing, "\"%s\" is not a prefix", text);
	prefix->len = (uint8_t)(len + (most == 32 ? IP_V4_LEN : 0));
	prefix->only_v6 = !ip_is_v4(prefix->addr);
	return true;
}

bool
store_port(struct storing *storing)
{
	uint64_t port;

	if (!value_whole(storing, 0, UINT16_MAX, &port))
		return false;
	*(uint16_t *)storing->field = (uint16_t)port;
	return true;
}

bool
store_ports(struct storing *storing)
{
	struct cfg_range16 *range = storing->field;
	const char *text = storing->value.text, *dash;
	unsigned lo, hi;
	uint64_t port;
	size_t n;

	if (storing->value.kind != VALUE_TEXT) {
		if (!value_whole(storing, 0, UINT16_MAX, &port))
			return false;
		*range = (struct cfg_range16){(uint16_t)port, (uint16_t)port};
		return true;
	}
	if (strcmp(text, "any") == 0) {
		*range = (struct cfg_range16){0, UINT16_MAX};
		return true;
	}
	dash = strchr(text, '-');
	n = dash ? (size_t)(dash - text) : strlen(text);
	if (!digits_parse(text, n, UINT16_MAX, &lo))
		return value_wrong(storing, "\"%s\" is not a range of ports", text);
	hi = lo;
	if (dash != NULL && !digits_parse(dash + 1, strlen(dash + 1), UINT16_MAX, &hi))
		return value_wrong(storing, "\"%s\" is not a range of ports", text);
	if (lo > hi)
		return value_wrong(storing, "\"%s\" begins above its end", text);
	*range = (struct cfg_range16){(uint16_t)lo, (uint16_t)hi};
	return true;
}

bool
store_proto(struct storing *storing)
{
	uint64_t proto;

	if (!value_whole_or_word(storing, WORDS_PROTO, storing->key->lo, storing->key->hi, &proto))
		return false;
	*(uint32_t *)storing->field = (uint32_t)proto;
	return true;
}

bool
store_dscp(struct storing *storing)
{
	uint64_t dscp;

	if (!value_whole_or_word(storing, WORDS_DSCP, 0, 63, &dscp))
		return false;
	*(uint8_t *)storing->field = (uint8_t)dscp;
	return true;
}

bool
store_dscp_copy(struct storing *storing)
{
	uint64_t dscp;

	if (storing->value.kind == VALUE_TEXT && strcmp(storing->value.text, "copy") == 0) {
		*(int32_t *)storing->field = -1;
		return true;
	}
	if (!value_whole_or_word(storing, WORDS_DSCP, 0, 63, &dscp))
		return false;
	*(int32_t *)storing->field = (int32_t)dscp;
	return true;
}

bool
store_dscp_set(struct storing *storing)
{
	uint64_t dscp;

	if (!value_whole_or_word(storing, WORDS_DSCP, 0, 63, &dscp))
		return false;
	*(uint64_t *)storing->field |= UINT64_C(1) << dscp;
	return true;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes into the field, their number right behind it (keys.c asserts that it stands there). */
bool
store_hex(struct storing *storing)
{
	const char *text = storing->value.text;
	uint8_t *bytes = storing->field;
	unsigned *len = (unsigned *)(void *)(bytes + CFG_KEY_MAX);
	unsigned n = 0;

	if (storing->value.kind != VALUE_TEXT)
		return value_wrong(storing, "wrong type: a key is a text");
	if (strcmp(text, "auto") == 0) {
		*len = KEY_AUTO;
		return true;
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text != '\0'; text++) {
		int digit = nibble(*text);

		if (*text == ':' || *text == ' ')
			continue;
		if (digit < 0)
			return value_wrong(storing, "the key has something else than hexadecimal digits");
		if (n >= 2 * CFG_KEY_MAX)
			return value_wrong(storing, "the key is longer than %u bytes", CFG_KEY_MAX);
		bytes[n / 2] = (uint8_t)(bytes[n / 2] << 4 | digit);
		n++;
	}
	if (n % 2)
		return value_wrong(storing, "the key has an odd number of digits");
	*len = n / 2;
	return true;
}

/* Six pairs of hexadecimal digits with colons; no group address (IEEE 802), which is nobody's own. */
bool
store_mac(struct storing *storing)
{
	struct cfg_mac *mac = storing->field;
	const char *text = storing->value.text;
	unsigned b[6];
	int end = 0;

	if (storing->value.kind != VALUE_TEXT)
		return value_wrong_type(storing);
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &end) != 6 ||
		text[end] != '\0' || strspn(text, "0123456789abcdefABCDEF:") != strlen(text))
		return value_wrong(storing, "\"%s\" is not an Ethernet address", text);
	if (b[0] & 1)
		return value_wrong(storing, "\"%s\" is the address of a group", text);
	for (unsigned i = 0; i < 6; i++)
		mac->bytes[i] = (uint8_t)b[i];
	return true;
}
