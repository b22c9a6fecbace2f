/* Reassembly without gateways: every order, overlaps and gaps row by row, and the account: all that is put is
 * ended once or handed back. */
#include <stdio.h>

#include "base/rng.h"
#include "dataplane/frag/cut.h"
#include "tests/dataplane/frag/reasm_rig.h"

int suite_reasm(void);

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
	CU_ADD_TEST(s, test_atomic);
	CU_ADD_TEST(s, test_marks);
	CU_ADD_TEST(s, test_random);
	CU_ADD_TEST(s, test_create);
	return 0;
}
