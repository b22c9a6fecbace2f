/* The rows of rows.def, and the edits that they ask for. */
#include <string.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "tests/dataplane/malformed/rig.h"

#define DROP_FORWARDED MAL_FORWARDED
#define EDIT(kind, at, value) kind, at, value

const struct mal_row mal_rows[] = {
#define BAD(name, place, traits, edit, wanted) {name, place, traits, edit, DROP_##wanted},
#include "tests/dataplane/malformed/rows.def"
#undef BAD
};
const unsigned mal_row_count = sizeof(mal_rows) / sizeof(*mal_rows);

uint32_t
mal_upper(const uint8_t *ip)
{
	return ip_is_v6(ip) ? IPV6_MIN_BYTES : IPV4_MIN_BYTES;
}

/* The IP header at ip, of n bytes with what follows, is right again but for what was broken. */
static void
header_mend(uint8_t *ip, uint32_t n)
{
	uint32_t ihl = ipv4_header_len(ip);

	if (n < IPV4_MIN_BYTES || ip_is_v6(ip))
		return;
	if (ihl < IPV4_MIN_BYTES || ihl > n)
		ihl = IPV4_MIN_BYTES;
	ipv4_checksum_set(ip, ihl);
}

static void
length_say(uint8_t *ip, uint32_t n)
{
	if (ip_is_v6(ip) && n >= IPV6_MIN_BYTES)
		store_be16(ip + IPV6_LENGTH, (uint16_t)(n - IPV6_MIN_BYTES));
	else if (!ip_is_v6(ip) && n >= IPV4_MIN_BYTES)
		store_be16(ip + IPV4_LENGTH, (uint16_t)n);
}

/* Bytes of an edit from its offset on. */
static uint32_t
edit_bytes(enum mal_edit edit)
{
	return edit == WORD ? 2 : edit == LONG || edit == SPI || edit == SEQ ? 4 : edit == ADDRESS ? 16 : 1;
}

static void
bytes_edit(uint8_t *at, const struct mal_row *row)
{
	switch (edit_bytes(row->edit)) {
	case 2:
		store_be16(at, (uint16_t)row->value);
		break;
	case 4:
		store_be32(at, row->value);
		break;
	case 16:
		memset(at, 0, 16);
		break;
	default:
		*at = (uint8_t)(row->edit == FLIP ? *at ^ row->value : row->value);
	}
}

/* More or fewer bytes. */
static uint32_t
length_edit(uint8_t *p, uint32_t n, uint32_t base, uint32_t ip, const struct mal_row *row)
{
	uint32_t to = row->edit == GROW ? n + (uint32_t)row->at : base + (uint32_t)row->at;

	if (to > MAL_ROOM || (row->edit != GROW && to > n))
		return n;
	if (to > n)
		memset(p + n, 0xa5, to - n);
	if (row->edit == SAID) {
		length_say(p + ip, to - ip);
		header_mend(p + ip, to - ip);
	}
	return to;
}

uint32_t
mal_edit(uint8_t *p, uint32_t n, uint32_t base, uint32_t ip, const struct mal_row *row)
{
	bool ah = !ip_is_v6(p + ip) ? p[ip + IPV4_PROTO] == IP_NEXT_AH : p[ip + IPV6_NEXT] == IP_NEXT_AH;
	int64_t at = (int64_t)base + row->at;

	if (row->edit == CUT || row->edit == SAID || row->edit == GROW)
		return length_edit(p, n, base, ip, row);
	if (row->edit == HEAD) {
		p[ip + IPV6_NEXT] = (uint8_t)row->at;
		p[base] = IPV4_PROTO_UDP;
		p[base + 1] = (uint8_t)row->value;
		return n;
	}
	if (row->edit == SPI || row->edit == SEQ)
		at += (row->edit == SEQ ? 4 : 0) + (ah ? 4 : 0);
	if (at < 0 || at + edit_bytes(row->edit) > n)
		return n;
	bytes_edit(p + at, row);
	if (row->edit != LEFT)
		header_mend(p + ip, n - ip);
	return n;
}
