/* What tests of reassembly share: fragments in memory of their own, and the account of their ends. */
#ifndef TESTS_DATAPLANE_FRAG_REASM_RIG_H
#define TESTS_DATAPLANE_FRAG_REASM_RIG_H

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "dataplane/frag/reasm.h"
#include "dataplane/ipsec/ip_head.h"

#define TIMEOUT 1000u

/* A fragment in memory of its own, so that a reader out of bounds is found. */
struct piece {
	uint32_t len;
	uint8_t *ip;
};

struct rig {
	struct reasm *r;
	unsigned put, ended[DROP_COUNT], whole;
	uint8_t out[70000];
	uint32_t out_len;
};

static inline void
piece_end(void *ctx, void *pkt, enum drop reason)
{
	struct rig *rig = ctx;
	struct piece *piece = pkt;

	rig->ended[reason]++;
	free(piece->ip);
	free(piece);
}

static inline void
start(struct rig *rig, uint32_t packets, uint32_t per_source, uint32_t bytes)
{
	struct reasm_limits limits = {packets, per_source, bytes, TIMEOUT};

	memset(rig, 0, sizeof(*rig));
	CU_ASSERT_EQUAL_FATAL(reasm_create(&limits, piece_end, rig, &rig->r), ST_OK);
}

static inline unsigned
ended_sum(const struct rig *rig)
{
	unsigned sum = rig->whole;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		sum += rig->ended[d];
	return sum;
}

static inline void
stop(struct rig *rig)
{
	struct piece *piece;
	unsigned held = 0;

	CU_ASSERT_EQUAL(rig->put, ended_sum(rig) + reasm_held(rig->r));
	for (unsigned n = reasm_held(rig->r); (piece = reasm_take(rig->r)); n--) {
		held++;
		free(piece->ip);
		free(piece);
	}
	CU_ASSERT_EQUAL(rig->put, ended_sum(rig) + held);
	CU_ASSERT_EQUAL(reasm_held(rig->r), 0);
	CU_ASSERT_EQUAL(reasm_next_due(rig->r), TIME_NEVER);
	reasm_destroy(rig->r);
}

/* Puts a copy; true where that made a packet, which is in rig->out then. */
static inline bool
put(struct rig *rig, const uint8_t *ip, uint32_t len, uint64_t now)
{
	struct piece *piece = malloc(sizeof(*piece)), *first;
	struct reasm_whole whole;

	CU_ASSERT_PTR_NOT_NULL_FATAL(piece);
	*piece = (struct piece){len, malloc(len)};
	CU_ASSERT_PTR_NOT_NULL_FATAL(piece->ip);
	memcpy(piece->ip, ip, len);
	rig->put++;
	if (!reasm_put(rig->r, piece, piece->ip, len, now, &whole))
		return false;
	first = whole.first;
	CU_ASSERT_FATAL(whole.bytes + whole.skip <= sizeof(rig->out));
	memcpy(rig->out, first->ip, first->len);
	reasm_join(rig->r, &whole, rig->out);
	memmove(rig->out, rig->out + whole.skip, whole.bytes);
	rig->out_len = whole.bytes;
	rig->whole++;
	free(first->ip);
	free(first);
	return true;
}

/* IPv4, or IPv6 with its Fragment header; at, bytes: of payload, whose byte i is i + 3. */
static inline uint32_t
make(uint8_t *ip, bool v6, uint32_t src, uint32_t id, uint32_t at, uint32_t bytes, bool more)
{
	uint32_t head = v6 ? 48 : 20;

	memset(ip, 0, head);
	for (uint32_t i = 0; i < bytes; i++)
		ip[head + i] = (uint8_t)(at + i + 3);
	if (v6) {
		ip[0] = 0x60;
		store_be16(ip + 4, (uint16_t)(8 + bytes));
		ip[6] = 44;
		ip[7] = 9;
		store_be32(ip + 20, src);
		store_be32(ip + 36, 77);
		ip[40] = 50;
		store_be16(ip + 42, (uint16_t)(at | more));
		store_be32(ip + 44, id);
		return head + bytes;
	}
	ip[0] = 0x45;
	store_be16(ip + 2, (uint16_t)(head + bytes));
	store_be16(ip + 4, (uint16_t)id);
	store_be16(ip + 6, (uint16_t)(at / 8 | (more ? 0x2000 : 0)));
	ip[8] = 9;
	ip[9] = 50;
	store_be32(ip + 12, src);
	store_be32(ip + 16, 77);
	ipv4_checksum_set(ip, 20);
	return head + bytes;
}

static inline bool
put_piece(struct rig *rig, bool v6, uint32_t id, uint32_t at, uint32_t bytes, bool more, uint64_t now)
{
	static uint8_t ip[70000];
	uint32_t len = make(ip, v6, 5, id, at, bytes, more);

	return put(rig, ip, len, now);
}

/* Is what came out the packet of `payload` bytes? */
static inline bool
out_right(const struct rig *rig, bool v6, uint32_t payload)
{
	uint32_t head = v6 ? 40 : 20;

	if (rig->out_len != head + payload)
		return false;
	for (uint32_t i = 0; i < payload; i++)
		if (rig->out[head + i] != (uint8_t)(i + 3))
			return false;
	if (v6)
		return rig->out[6] == 50 && load_be16(rig->out + 4) == payload &&
		       load_be32(rig->out + 20) == 5;
	return load_be16(rig->out + 2) == head + payload && load_be16(rig->out + 6) == 0 &&
	       ipv4_checksum_ok(rig->out, 20);
}

#endif
