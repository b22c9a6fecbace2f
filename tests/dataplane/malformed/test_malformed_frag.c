/* Fragments of protected packets that do not fit together, never end, or are too many, at gateways of every
 * kind.  What the table of fragments does by itself stands in test_reasm.c. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/worker.h"
#include "tests/dataplane/malformed/rig.h"

int suite_malformed_frag(void);

#define PIECES_MAX 4u
#define REST UINT32_MAX
#define MAL_KEPT (DROP_COUNT + 1)
#define DROP_FORWARDED MAL_FORWARDED
#define DROP_KEPT MAL_KEPT
#define RANDOM 4000u /* sequences for each gateway */

struct piece {
	uint32_t offset, bytes;
	bool more, used;
};

static const struct pieces {
	const char *name;
	unsigned wanted;
	struct piece list[PIECES_MAX + 1];
} rows[] = {
#define P(offset, bytes, more) {offset, bytes, more, true},
#define PIECES(name, wanted, pieces) {name, DROP_##wanted, {pieces}},
#include "tests/dataplane/malformed/pieces.def"
#undef PIECES
#undef P
};

/* A piece of the packet of n bytes at whole; its length. */
static uint32_t
piece_write(const uint8_t *whole, uint32_t n, uint32_t id, const struct piece *piece, uint8_t *out)
{
	uint32_t up = mal_upper(whole), head = ip_is_v6(whole) ? up + 8 : up, text = n - up;
	uint32_t rest = piece->offset < text ? text - piece->offset : 0;
	uint32_t bytes = piece->bytes == REST ? rest : piece->bytes;
	uint16_t field = (uint16_t)(piece->offset / 8);

	memset(out, 0, head + bytes);
	memcpy(out, whole, up);
	if (ip_is_v6(whole)) {
		store_be16(out + IPV6_LENGTH, (uint16_t)(8 + bytes));
		out[up] = out[IPV6_NEXT];
		out[IPV6_NEXT] = IP_NEXT_FRAGMENT;
		store_be16(out + up + 2, (uint16_t)(field << 3 | piece->more));
		store_be32(out + up + 4, id);
	} else {
		store_be16(out + IPV4_LENGTH, (uint16_t)(head + bytes));
		if (id) /* AH tells another from its own */
			store_be16(out + IPV4_ID, (uint16_t)id);
		store_be16(out + IPV4_FRAGMENT, (uint16_t)(field | (piece->more ? IPV4_MF : 0)));
		ipv4_checksum_set(out, IPV4_MIN_BYTES);
	}
	memcpy(out + head, whole + up + piece->offset, bytes < rest ? bytes : rest);
	return head + bytes;
}

static bool
fate_is(const struct mal_fate *fate, unsigned wanted)
{
	if (wanted == MAL_FORWARDED)
		return fate->left == 1 && !fate->drops && fate->legal;
	if (wanted == MAL_KEPT)
		return !fate->left && !fate->drops;
	return fate->drops && fate->drop == wanted && !fate->left;
}

static void
row_check(struct mal *mal, const struct pieces *row)
{
	uint8_t clear[MAL_ROOM], whole[MAL_ROOM], p[MAL_ROOM];
	uint32_t n = mal_clear(mal, clear), len;
	uint64_t late = kit_drops(&mal->g, DROP_FRAG_TIMEOUT);
	struct mal_fate fate = {.drops = 0};
	unsigned sent = 0;

	n = mal_seal(mal, clear, n, NULL, NULL, whole);
	for (const struct piece *piece = row->list; piece->used; piece++, sent++) {
		len = piece_write(whole, n, 0, piece, p);
		fate = mal_send(mal, true, p, len, false);
	}
	if (!fate_is(&fate, row->wanted))
		printf("\n%s, traits %x, \"%s\": %u of %s, %u left", mal->variant->transform, mal->traits,
			row->name, fate.drops, drop_info[fate.drop].text, fate.left);
	CU_ASSERT(fate_is(&fate, row->wanted));
	mal_wait(mal);
	CU_ASSERT_EQUAL(dp_held(mal->g.peer), 0);
	if (row->wanted == MAL_KEPT)
		CU_ASSERT_EQUAL(kit_drops(&mal->g, DROP_FRAG_TIMEOUT), late + sent);
}

static void
test_rows(void)
{
	for (unsigned v = 0; v < mal_variant_count; v++) {
		struct mal mal;

		mal_start(&mal, &mal_variants[v]);
		for (unsigned r = 0; r < sizeof(rows) / sizeof(*rows); r++)
			row_check(&mal, &rows[r]);
		mal_check_good(&mal);
		mal_stop(&mal);
	}
}

/* Packets that never end: each has its place until others need it, and good ones pass all the while. */
static void
test_never_ending(void)
{
	uint8_t clear[MAL_ROOM], whole[MAL_ROOM], p[MAL_ROOM];

	for (unsigned v = 0; v < mal_variant_count; v++) {
		struct mal mal;
		uint32_t n, len;

		mal_start(&mal, &mal_variants[v]);
		n = mal_clear(&mal, clear);
		n = mal_seal(&mal, clear, n, NULL, NULL, whole);
		for (uint32_t i = 0; i < 3000; i++) {
			struct piece piece = {i % 50 * 64, 64, true, true};

			len = piece_write(whole, n, i / 50, &piece, p);
			mal_send(&mal, true, p, len, false);
			if (i % 500 == 0)
				mal_check_good(&mal);
		}
		for (uint32_t i = 0; i < 200; i++) {
			len = piece_write(whole, n, 7000 + i, &(struct piece){0, 64, true, true}, p);
			mal_send(&mal, true, p, len, false);
		}
		CU_ASSERT(kit_drops(&mal.g, DROP_FRAG_LIMIT) >= 200 - 64);
		CU_ASSERT(dp_held(mal.g.peer) > 0);
		mal_wait(&mal);
		CU_ASSERT_EQUAL(dp_held(mal.g.peer), 0);
		CU_ASSERT(kit_drops(&mal.g, DROP_FRAG_TIMEOUT) > 0);
		mal_check_good(&mal);
		mal_stop(&mal);
	}
}

/* Pieces by chance of few packets, with bytes changed in some. */
static void
random_check(struct mal *mal, struct rng *rng)
{
	uint8_t clear[MAL_ROOM], whole[MAL_ROOM], p[MAL_ROOM];
	uint32_t n = mal_clear(mal, clear), id = (uint32_t)rng_below(rng, 4), len;
	struct mal_fate fate;

	n = mal_seal(mal, clear, n, NULL, NULL, whole);
	for (uint64_t k = rng_below(rng, 5) + 1; k; k--) {
		struct piece piece = {8 * (uint32_t)rng_below(rng, 24), 8 * (uint32_t)rng_below(rng, 24),
			rng_below(rng, 3), true};

		if (!piece.more)
			piece.bytes = rng_below(rng, 2) ? REST : piece.bytes;
		len = piece_write(whole, n, id, &piece, p);
		if (rng_below(rng, 8) == 0)
			len = mal_edit(p, len, (uint32_t)rng_below(rng, 60), 0,
				&(struct mal_row){.edit = BYTE, .value = (uint32_t)rng_u64(rng)});
		fate = mal_send(mal, true, p, len, rng_below(rng, 2));
		CU_ASSERT(fate.legal);
		mal->seen |= UINT64_C(1) << fate.drop;
	}
	if (rng_below(rng, 16) == 0)
		mal_wait(mal);
}

static void
test_random(void)
{
	struct rng rng;

	rng_init(&rng, 2, "malformed");
	for (unsigned v = 0; v < mal_variant_count; v++) {
		struct mal mal;

		mal_start(&mal, &mal_variants[v]);
		for (unsigned i = 0; i < RANDOM; i++)
			random_check(&mal, &rng);
		CU_ASSERT(mal.seen >> DROP_FRAG_OVERLAP & mal.seen >> DROP_FRAG_BAD & 1);
		mal_wait(&mal);
		mal_check_good(&mal);
		mal_stop(&mal);
	}
}

int
suite_malformed_frag(void)
{
	CU_pSuite s = CU_add_suite("malformed_frag", NULL, NULL);

	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_never_ending);
	CU_ADD_TEST(s, test_random);
	return 0;
}
