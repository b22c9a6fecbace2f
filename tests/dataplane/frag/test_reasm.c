/* Reassembly without gateways: every order, overlaps and gaps row by row, limits, floods, time, and the
 * account: all that is put is ended once or handed back. */
#include "dataplane/frag/reasm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "base/rng.h"
#include "dataplane/frag/cut.h"
#include "dataplane/ipsec/ip_head.h"

int suite_reasm(void);

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

static void
piece_end(void *ctx, void *pkt, enum drop reason)
{
	struct rig *rig = ctx;
	struct piece *piece = pkt;

	rig->ended[reason]++;
	free(piece->ip);
	free(piece);
}

static void
start(struct rig *rig, uint32_t packets, uint32_t per_source, uint32_t bytes)
{
	struct reasm_limits limits = {packets, per_source, bytes, TIMEOUT};

	memset(rig, 0, sizeof(*rig));
	CU_ASSERT_EQUAL_FATAL(reasm_create(&limits, piece_end, rig, &rig->r), ST_OK);
}

static unsigned
ended_sum(const struct rig *rig)
{
	unsigned sum = rig->whole;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		sum += rig->ended[d];
	return sum;
}

static void
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
static bool
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
static uint32_t
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

static bool
put_piece(struct rig *rig, bool v6, uint32_t id, uint32_t at, uint32_t bytes, bool more, uint64_t now)
{
	static uint8_t ip[70000];
	uint32_t len = make(ip, v6, 5, id, at, bytes, more);

	return put(rig, ip, len, now);
}

/* Is what came out the packet of `payload` bytes? */
static bool
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

/* Six pieces in all 720 orders, and each of them with every one of them twice. */
static void
test_orders(void)
{
	unsigned wrong = 0;

	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned n = 0; n < 720; n++) {
			unsigned left[6] = {0, 1, 2, 3, 4, 5}, count = 6, code = n;
			struct rig *rig = malloc(sizeof(*rig));

			CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
			start(rig, 4, 4, 1 << 16);
			while (count) {
				unsigned k = code % count, i = left[k];
				bool done;

				code /= count;
				left[k] = left[--count];
				done = put_piece(rig, v6, 9, i * 16, i == 5 ? 5 : 16, i != 5, 1);
				wrong += done != (count == 0);
				if (count) /* once more: only the copy ends */
					wrong += put_piece(rig, v6, 9, i * 16, i == 5 ? 5 : 16, i != 5, 1);
			}
			wrong += !out_right(rig, v6, 85) || rig->ended[DROP_FRAG_DUP] != 5 ||
				 rig->ended[DROP_NONE] != 5 || reasm_held(rig->r);
			stop(rig);
			free(rig);
		}
	CU_ASSERT_EQUAL(wrong, 0);
}

struct step {
	uint16_t at, bytes;
	bool more;
	uint8_t ends; /* the reason for which something ends now; 0: nothing does */
	uint8_t how_many;
};

struct row {
	const char *name;
	struct step steps[5];
	bool whole;
};

#define OVER DROP_FRAG_OVERLAP
#define BAD DROP_FRAG_BAD

static const struct row rows[] = {
	{"in order", {{0, 16, 1, 0, 0}, {16, 3, 0, 0, 0}}, true},
	{"a gap", {{0, 16, 1, 0, 0}, {24, 3, 0, 0, 0}}, false},
	{"no beginning", {{8, 16, 1, 0, 0}, {24, 3, 0, 0, 0}}, false},
	{"no end", {{0, 16, 1, 0, 0}, {16, 8, 1, 0, 0}}, false},
	{"a gap that is filled", {{24, 3, 0, 0, 0}, {0, 16, 1, 0, 0}, {16, 8, 1, 0, 0}}, true},
	{"overlaps the one before", {{0, 16, 1, 0, 0}, {8, 16, 1, OVER, 2}, {24, 3, 0, OVER, 1}}, false},
	{"overlaps the one behind", {{16, 16, 1, 0, 0}, {8, 16, 1, OVER, 2}, {0, 8, 1, OVER, 1}}, false},
	{"inside another", {{0, 32, 1, 0, 0}, {8, 8, 1, OVER, 2}}, false},
	{"round another", {{8, 8, 1, 0, 0}, {0, 32, 1, OVER, 2}}, false},
	{"same place, shorter", {{0, 32, 1, 0, 0}, {0, 8, 1, OVER, 2}}, false},
	{"same place, longer", {{0, 8, 1, 0, 0}, {0, 32, 1, OVER, 2}}, false},
	{"two ends", {{16, 3, 0, 0, 0}, {24, 3, 0, OVER, 2}}, false},
	{"an end before", {{16, 8, 1, 0, 0}, {8, 8, 0, OVER, 2}}, false},
	{"behind the end", {{0, 8, 0 + 1, 0, 0}, {16, 3, 0, 0, 0}, {24, 8, 1, OVER, 3}}, false},
	{"same end, but more", {{16, 8, 0, 0, 0}, {16, 8, 1, OVER, 2}}, false},
	{"same piece, now the end", {{16, 8, 1, 0, 0}, {16, 8, 0, OVER, 2}}, false},
	{"nothing comes of what was overlapped",
		{{0, 8, 1, 0, 0}, {0, 16, 1, OVER, 2}, {0, 8, 1, OVER, 1}, {8, 3, 0, OVER, 1}}, false},
	{"no multiple of 8", {{0, 12, 1, BAD, 1}, {0, 16, 1, 0, 0}, {16, 3, 0, 0, 0}}, true},
	{"nothing in it", {{0, 0, 1, BAD, 1}, {8, 0, 0, BAD, 1}}, false},
	{"beyond 65535", {{65528, 8, 0, BAD, 1}, {65528, 16, 1, BAD, 1}, {65528, 65, 0, BAD, 1}}, false},
};

static void
test_rows(void)
{
	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i / 2];
		struct rig *rig = malloc(sizeof(*rig));
		bool whole = false;

		CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
		start(rig, 4, 4, 1 << 18);
		for (const struct step *s = row->steps; s->bytes || s->ends; s++) {
			unsigned before = rig->ended[s->ends];

			whole |= put_piece(rig, i & 1, 9, s->at, s->bytes, s->more, 1);
			if (s->ends && rig->ended[s->ends] - before != s->how_many) {
				CU_FAIL();
				printf("\n  %s, at %u", row->name, s->at);
			}
		}
		CU_ASSERT_EQUAL(whole, row->whole);
		stop(rig);
		free(rig);
	}
}

/* Same place and length, other bytes: no copy. */
static void
test_other_bytes(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	uint8_t ip[100];
	uint32_t len;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 4, 4, 1 << 16);
	put_piece(rig, false, 9, 8, 16, true, 1);
	len = make(ip, false, 5, 9, 8, 16, true);
	ip[len - 1] ^= 1;
	put(rig, ip, len, 1);
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_OVERLAP], 2);
	stop(rig);
	free(rig);
}

/* What is not the same packet does not mix: protocol (IPv4), identification, either address, family. */
static void
test_keys(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	uint8_t ip[100];
	uint32_t len;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 16, 16, 1 << 16);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		put_piece(rig, v6, 9, 0, 8, true, 1);
		CU_ASSERT_FALSE(put_piece(rig, v6, 10, 8, 3, false, 1));
		len = make(ip, v6, 6, 9, 8, 3, false);
		CU_ASSERT_FALSE(put(rig, ip, len, 1));
		len = make(ip, v6, 5, 9, 8, 3, false);
		ip[v6 ? 39 : 19] ^= 1;
		CU_ASSERT_FALSE(put(rig, ip, len, 1));
		len = make(ip, v6, 5, 9, 8, 3, false);
		ip[v6 ? 40 : 9] = 51; /* in IPv6 the first says what it is (RFC 8200 §4.5) */
		CU_ASSERT_EQUAL(put(rig, ip, len, 1), v6);
		if (!v6)
			CU_ASSERT_TRUE(put_piece(rig, v6, 9, 8, 3, false, 1));
		CU_ASSERT_TRUE(out_right(rig, v6, 11));
	}
	CU_ASSERT_EQUAL(reasm_held(rig->r), 7);
	stop(rig);
	free(rig);
}

static void
test_timeout(void)
{
	struct rig *rig = malloc(sizeof(*rig));

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 4, 4, 1 << 16);
	CU_ASSERT_EQUAL(reasm_next_due(rig->r), TIME_NEVER);
	put_piece(rig, false, 1, 0, 8, true, 100);
	put_piece(rig, true, 2, 0, 8, true, 200);
	put_piece(rig, false, 1, 16, 8, true, 900); /* the first counts */
	CU_ASSERT_EQUAL(reasm_next_due(rig->r), 100 + TIMEOUT);
	reasm_run(rig->r, 99 + TIMEOUT);
	CU_ASSERT_EQUAL(reasm_held(rig->r), 3);
	reasm_run(rig->r, 100 + TIMEOUT);
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_TIMEOUT], 2);
	CU_ASSERT_EQUAL(reasm_next_due(rig->r), 200 + TIMEOUT);
	/* what comes too late begins anew */
	CU_ASSERT_FALSE(put_piece(rig, true, 2, 8, 3, false, 200 + TIMEOUT));
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_TIMEOUT], 3);
	CU_ASSERT_TRUE(put_piece(rig, true, 2, 0, 8, true, 201 + TIMEOUT));
	/* an overlap is over when its time is */
	put_piece(rig, false, 7, 0, 8, true, 3000);
	put_piece(rig, false, 7, 0, 16, true, 3000);
	CU_ASSERT_FALSE(put_piece(rig, false, 7, 0, 8, true, 2999 + TIMEOUT));
	CU_ASSERT_FALSE(put_piece(rig, false, 7, 0, 8, true, 3000 + TIMEOUT));
	CU_ASSERT_TRUE(put_piece(rig, false, 7, 8, 3, false, 3000 + TIMEOUT));
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_OVERLAP], 3);
	stop(rig);
	free(rig);
}

/* Trains that never end, from one source and from many: memory is bounded, good packets pass between them. */
static void
test_floods(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	uint8_t ip[2000];
	unsigned good = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 64, 8, 1 << 16); /* 128 fragments of 512 bytes */
	for (uint32_t i = 0; i < 10000; i++) {
		bool v6 = i & 1;

		put(rig, ip, make(ip, v6, 6, i, 8, 16, true), 1);
		CU_ASSERT(reasm_held(rig->r) <= 2 * 8 + 1); /* IPv4 and IPv6 are two sources */
		put_piece(rig, v6, i, 0, 8, true, 1);
		good += put_piece(rig, v6, i, 8, 3, false, 1);
	}
	CU_ASSERT_EQUAL(good, 10000);
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_LIMIT], 10000 - 2 * 8);
	good = 0;
	for (uint32_t i = 0; i < 10000; i++) {
		put(rig, ip, make(ip, i & 1, 1000 + i, i, 8, 16, true), 1);
		CU_ASSERT(reasm_held(rig->r) <= 64);
		put_piece(rig, false, i, 0, 8, true, 1);
		good += put_piece(rig, false, i, 8, 3, false, 1);
	}
	CU_ASSERT_EQUAL(good, 10000);
	/* by bytes: 65536 / 1500 */
	for (uint32_t i = 0; i < 1000; i++) {
		put(rig, ip, make(ip, false, 100000 + i, i, 8, 1480, true), 1);
		CU_ASSERT(i < 100 || reasm_held(rig->r) == 43);
	}
	/* one packet alone takes no more either: its own newcomer is refused */
	for (uint32_t i = 0; i < 1000; i++) {
		put(rig, ip, make(ip, true, 3, 3, i * 16, 8, true), 1);
		CU_ASSERT(reasm_held(rig->r) <= 128);
	}
	CU_ASSERT_EQUAL(reasm_held(rig->r), 128);
	stop(rig);
	free(rig);
}

/* RFC 6946: at once, and apart from a train of the same identification. */
static void
test_atomic(void)
{
	struct rig *rig = malloc(sizeof(*rig));

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 4, 4, 1 << 16);
	put_piece(rig, true, 9, 8, 3, false, 1);
	CU_ASSERT_TRUE(put_piece(rig, true, 9, 0, 20, false, 1));
	CU_ASSERT_TRUE(out_right(rig, true, 20));
	CU_ASSERT_TRUE(put_piece(rig, true, 9, 0, 8, true, 1));
	CU_ASSERT_TRUE(out_right(rig, true, 11));
	stop(rig);
	free(rig);
}

/* RFC 3168 §5.3 */
static void
test_marks(void)
{
	static const uint8_t cases[][4] = {{2, 2, 2, 2}, {2, 3, 2, 3}, {1, 2, 3, 3}, {0, 3, 3, 0},
		{0, 0, 0, 0}, {3, 2, 2, 3}, {2, 1, 1, 2}};
	uint8_t ip[100];

	for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		struct rig *rig = malloc(sizeof(*rig));
		bool v6 = i & 1;

		CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
		start(rig, 4, 4, 1 << 16);
		for (unsigned k = 0; k < 3; k++) {
			uint32_t len = make(ip, v6, 5, 9, k * 8, 8, k < 2);

			if (v6)
				ipv6_class_set(ip, 0xb8 | cases[i / 2][k]);
			else
				ip[1] = 0xb8 | cases[i / 2][k];
			CU_ASSERT_EQUAL(put(rig, ip, len, 1), k == 2);
		}
		CU_ASSERT_EQUAL(ip_tos(rig->out), 0xb8 | cases[i / 2][3]);
		stop(rig);
		free(rig);
	}
}

/* Packets of any size, cut twice, in any order, many at once. */
static void
test_random(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	static uint8_t ip[65535], was[65535];
	struct rng rng;
	unsigned wrong = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 64, 64, 4 << 20);
	rng_init(&rng, 1, "reasm");
	for (uint32_t n = 0; n < 300; n++) {
		bool v6 = n & 1;
		uint32_t len = 200 + (uint32_t)rng_below(&rng, n % 10 ? 5000 : 60000), k = 0;
		uint32_t most = 68 + (v6 ? 30 : 0) + (uint32_t)rng_below(&rng, 1500), order[1500];
		struct frag_cut cut;
		bool done = false;

		make(ip, false, 5, n, 0, len - 20, false);
		if (v6) {
			rng_bytes(&rng, ip, len);
			memset(ip, 0, 40);
			ip[0] = 0x60;
			ip[6] = 50;
			store_be16(ip + 4, (uint16_t)(len - 40));
		}
		memcpy(was, ip, len);
		if (!frag_cut_plan(&cut, ip, len, most, n & 2, n))
			continue;
		for (; k < cut.pieces; k++) {
			uint32_t other = (uint32_t)rng_below(&rng, k + 1);

			order[k] = order[other];
			order[other] = k;
		}
		for (k = 0; k < cut.pieces; k++) {
			uint8_t piece[2000], copy[65535];
			uint32_t at;

			if (order[k] + 1 < cut.pieces) {
				at = frag_cut_piece(&cut, ip, order[k], piece);
				done = put(rig, piece, at, n);
			} else {
				memcpy(copy, ip, len);
				at = frag_cut_last(&cut, copy);
				done = put(rig, copy + at, len - at, n);
			}
			wrong += done != (k + 1 == cut.pieces);
		}
		wrong += rig->out_len != len || memcmp(rig->out, was, len) != 0;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	stop(rig);
	free(rig);
}

/* Any bytes at all. */
static void
test_noise(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	struct rng rng;
	uint8_t ip[200];

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 16, 16, 1 << 14);
	rng_init(&rng, 1, "noise");
	for (uint32_t n = 0; n < 200000; n++) {
		uint32_t len = 48 + (uint32_t)rng_below(&rng, 150);

		rng_bytes(&rng, ip, len);
		if (n & 1) {
			ip[0] = 0x60 | (ip[0] & 15);
			ip[6] = n & 2 ? 44 : ip[6] % 64;
			memset(ip + 8, 0, 32);
			ip[45] = ip[44] = ip[46] = 0;
		} else {
			ip[0] = (uint8_t)(0x45 + ip[0] % 3);
			memset(ip + 12, 0, 8);
			ip[4] = 0;
		}
		ip[n & 1 ? 42 : 6] &= 0x20;
		put(rig, ip, len, n < 100000 ? n : n * 100);
	}
	CU_ASSERT(rig->whole > 100 && rig->ended[DROP_FRAG_OVERLAP] > 100 &&
		  rig->ended[DROP_FRAG_TIMEOUT] > 100);
	stop(rig);
	free(rig);
}

static void
test_create(void)
{
	struct reasm_limits limits = {0, 1, 4096, 1};
	struct reasm *r = (struct reasm *)1;

	CU_ASSERT_EQUAL(reasm_create(&limits, piece_end, NULL, &r), ST_ERR_RANGE);
	CU_ASSERT_PTR_NULL(r);
	limits.packets = 65537;
	CU_ASSERT_EQUAL(reasm_create(&limits, piece_end, NULL, &r), ST_ERR_RANGE);
	limits = (struct reasm_limits){1, 1, 511, 1};
	CU_ASSERT_EQUAL(reasm_create(&limits, piece_end, NULL, &r), ST_ERR_RANGE);
	reasm_destroy(NULL);
}

int
suite_reasm(void)
{
	CU_pSuite s = CU_add_suite("reasm", NULL, NULL);

	CU_ADD_TEST(s, test_orders);
	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_other_bytes);
	CU_ADD_TEST(s, test_keys);
	CU_ADD_TEST(s, test_timeout);
	CU_ADD_TEST(s, test_floods);
	CU_ADD_TEST(s, test_atomic);
	CU_ADD_TEST(s, test_marks);
	CU_ADD_TEST(s, test_random);
	CU_ADD_TEST(s, test_noise);
	CU_ADD_TEST(s, test_create);
	return 0;
}
