/* See cut.h.  Of the options of IPv4 all stand in the first piece, and those with the copied flag in the
 * others (RFC 791 §3.1); behind broken options nothing is copied. */
#include "dataplane/frag/cut.h"

#include <string.h>

#include "dataplane/ipsec/ip_head.h"

#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_COPIED 0x80u
#define FRAG6_MORE 1u

/* The header of a later piece: what is copied of the options, padded to words.  Returns its length. */
static uint32_t
head4_rest(const uint8_t *ip, uint32_t head, uint8_t *out)
{
	uint32_t used = IPV4_MIN_BYTES;

	memcpy(out, ip, IPV4_MIN_BYTES);
	for (uint32_t at = IPV4_MIN_BYTES; at < head && ip[at] != OPTION_END;) {
		uint32_t bytes = ip[at] == OPTION_NOP ? 1 : at + 1 < head ? ip[at + 1] : 0;

		if (bytes == 0 || (bytes == 1 && ip[at] != OPTION_NOP) || at + bytes > head)
			break;
		if (ip[at] & OPTION_COPIED) {
			memcpy(out + used, ip + at, bytes);
			used += bytes;
		}
		at += bytes;
	}
	for (; used % 4; used++)
		out[used] = OPTION_END;
	out[0] = (uint8_t)(0x40 | used / 4);
	return used;
}

static bool
heads_find(struct frag_cut *cut, const uint8_t *ip, uint32_t len)
{
	uint8_t rest[FRAG_HEAD_MAX];
	struct ip_head head;

	if (len < IPV4_MIN_BYTES)
		return false;
	if (ip_head_is_v4(ip)) {
		cut->head = cut->first = ipv4_header_len(ip);
		if (cut->head < IPV4_MIN_BYTES || cut->head > len)
			return false;
		cut->rest = head4_rest(ip, cut->head, rest);
		return true;
	}
	if (!ip_is_v6(ip) || !ip_head_stays(ip, len, &head) || head.len > FRAG_HEAD_MAX - FRAG6_BYTES)
		return false;
	cut->head = head.len;
	cut->next_at = head.next_at;
	cut->first = cut->rest = head.len + FRAG6_BYTES;
	return true;
}

bool
frag_cut_plan(struct frag_cut *cut, const uint8_t *ip, uint32_t len, uint32_t most, bool equal, uint32_t id)
{
	*cut = (struct frag_cut){.id = id};
	if (len <= most || !heads_find(cut, ip, len) || most < cut->first + 8)
		return false;
	cut->payload = len - cut->head;
	cut->per = (most - cut->first) & ~7u;
	cut->pieces = (cut->payload + cut->per - 1) / cut->per;
	if (cut->pieces < 2)
		return false;
	if (equal) {
		cut->per = ((cut->payload + cut->pieces - 1) / cut->pieces + 7) & ~7u;
		cut->pieces = (cut->payload + cut->per - 1) / cut->per;
	}
	return true;
}

/* Returns the length of the header that now stands at out. */
static uint32_t
head4_write(const struct frag_cut *cut, const uint8_t *ip, uint32_t i, uint32_t bytes, uint8_t *out)
{
	uint32_t fragment = load_be16(ip + IPV4_FRAGMENT), head = cut->first;
	uint32_t more = i + 1 < cut->pieces ? IPV4_MF : fragment & IPV4_MF;

	if (i)
		head = head4_rest(ip, cut->head, out);
	else
		memcpy(out, ip, head);
	if (fragment & IPV4_DF && !load_be16(ip + IPV4_ID))
		store_be16(out + IPV4_ID, (uint16_t)cut->id);
	store_be16(out + IPV4_LENGTH, (uint16_t)(head + bytes));
	store_be16(
		out + IPV4_FRAGMENT, (uint16_t)(more | ((fragment & IPV4_OFFSET_MASK) + i * cut->per / 8)));
	ipv4_checksum_set(out, head);
	return head;
}

static uint32_t
head6_write(const struct frag_cut *cut, const uint8_t *ip, uint32_t i, uint32_t bytes, uint8_t *out)
{
	uint8_t *fragment = out + cut->head;

	memcpy(out, ip, cut->head);
	fragment[0] = out[cut->next_at];
	fragment[1] = 0;
	store_be16(fragment + 2, (uint16_t)(i * cut->per | (i + 1 < cut->pieces ? FRAG6_MORE : 0)));
	store_be32(fragment + 4, cut->id);
	out[cut->next_at] = IP_NEXT_FRAGMENT;
	store_be16(out + IPV6_LENGTH, (uint16_t)(cut->head + FRAG6_BYTES + bytes - IPV6_MIN_BYTES));
	return cut->head + FRAG6_BYTES;
}

static uint32_t
head_write(const struct frag_cut *cut, const uint8_t *ip, uint32_t i, uint32_t bytes, uint8_t *out)
{
	return ip_head_is_v4(ip) ? head4_write(cut, ip, i, bytes, out) : head6_write(cut, ip, i, bytes, out);
}

uint32_t
frag_cut_piece(const struct frag_cut *cut, const uint8_t *ip, uint32_t i, uint8_t *out)
{
	uint32_t head = head_write(cut, ip, i, cut->per, out);

	memcpy(out + head, ip + cut->head + i * cut->per, cut->per);
	return head + cut->per;
}

uint32_t
frag_cut_last(const struct frag_cut *cut, uint8_t *ip)
{
	uint8_t head[FRAG_HEAD_MAX];
	uint32_t before = (cut->pieces - 1) * cut->per;
	uint32_t bytes = head_write(cut, ip, cut->pieces - 1, cut->payload - before, head);
	uint32_t at = cut->head + before - bytes;

	memcpy(ip + at, head, bytes);
	return at;
}
