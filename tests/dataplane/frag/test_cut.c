/* Cutting: every MTU, size, DF and options against what RFC 791 and RFC 8200 say, written anew here. */
#include "dataplane/frag/cut.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "dataplane/ipsec/ip_head.h"

int suite_cut(void);

#define MAX 65535u

/* Options: NOP, strict route (copied), record route (not copied), router alert (copied), end. */
static const uint8_t options[] = {1, 0x89, 7, 4, 10, 0, 0, 9, 7, 7, 4, 10, 0, 0, 8, 0x94, 4, 0, 0, 0};
static const uint8_t options_copied[] = {0x89, 7, 4, 10, 0, 0, 9, 0x94, 4, 0, 0, 0};

static uint16_t
checksum(const uint8_t *ip, uint32_t bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bytes; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* fragment: flags and offset. */
static void
make4(uint8_t *ip, uint32_t len, bool with_options, uint16_t fragment)
{
	uint32_t head = with_options ? 40 : 20;

	for (uint32_t i = 0; i < len; i++)
		ip[i] = (uint8_t)(i * 7 + (i >> 8));
	memset(ip, 0, 20);
	ip[0] = with_options ? 0x4a : 0x45;
	ip[1] = 0xb9;
	store_be16(ip + 2, (uint16_t)len);
	store_be16(ip + 4, 0x1234);
	store_be16(ip + 6, fragment);
	ip[8] = 63;
	ip[9] = 17;
	store_be32(ip + 12, 0x0a010203);
	store_be32(ip + 16, 0x0a020304);
	if (with_options)
		memcpy(ip + 20, options, sizeof(options));
	store_be16(ip + 10, checksum(ip, head));
}

/* routing: with hop-by-hop and routing headers, which stay in every piece. */
static void
make6(uint8_t *ip, uint32_t len, bool routing)
{
	for (uint32_t i = 0; i < len; i++)
		ip[i] = (uint8_t)(i * 5 + (i >> 8));
	store_be32(ip, 0x6b9abcde);
	store_be16(ip + 4, (uint16_t)(len - 40));
	ip[6] = routing ? 0 : 50;
	ip[7] = 62;
	if (!routing)
		return;
	memcpy(ip + 40, "\x2b\0\1\4\0\0\0\0", 8);
	memcpy(ip + 48, "\x32\2\0\0\0\0\0\0", 8);
}

struct pieces {
	unsigned n;
	uint32_t len[MAX / 8 + 1];
	uint8_t *at[MAX / 8 + 1];
	uint8_t *memory;
};

/* All pieces of ip, which is changed.  Returns false where there is no plan. */
static bool
cut_all(struct pieces *p, uint8_t *ip, uint32_t len, uint32_t most, bool equal, uint32_t id)
{
	struct frag_cut cut;
	uint32_t used = 0;

	if (!frag_cut_plan(&cut, ip, len, most, equal, id))
		return false;
	p->n = cut.pieces;
	for (unsigned i = 0; i + 1 < cut.pieces; i++) {
		p->at[i] = p->memory + used;
		p->len[i] = frag_cut_piece(&cut, ip, i, p->at[i]);
		used += p->len[i];
	}
	used = frag_cut_last(&cut, ip);
	p->at[cut.pieces - 1] = ip + used;
	p->len[cut.pieces - 1] = len - used;
	return true;
}

static unsigned
wrong4(const struct pieces *p, const uint8_t *was, uint32_t len, uint32_t most, uint16_t id)
{
	uint32_t field = load_be16(was + 6), at = field & 0x1fff, head = (was[0] & 15u) * 4;
	unsigned wrong = 0;
	uint32_t done = 0;

	for (unsigned i = 0; i < p->n; i++) {
		const uint8_t *ip = p->at[i];
		uint32_t own = i ? head == 40 ? 32 : 20 : head, bytes = p->len[i] - own;
		bool last = i + 1 == p->n;

		wrong += p->len[i] > most || (ip[0] & 15u) * 4 != own || load_be16(ip + 2) != p->len[i];
		wrong += load_be16(ip + 4) != id || checksum(ip, own) != 0 || (!last && bytes % 8);
		wrong += load_be16(ip + 6) != ((last ? field & 0x2000 : 0x2000) | (at + done / 8));
		wrong += ip[1] != was[1] || memcmp(ip + 8, was + 8, 2) || memcmp(ip + 12, was + 12, 8);
		if (head == 40)
			wrong += memcmp(ip + 20, i ? options_copied : options, own - 20) != 0;
		wrong += memcmp(ip + own, was + head + done, bytes) != 0;
		done += bytes;
	}
	return wrong + (done != len - head);
}

static void
test_v4(void)
{
	static uint8_t ip[MAX], was[MAX];
	static const uint16_t fields[] = {0, 0x4000, 0x2000 | 5, 185};
	struct pieces p = {.memory = malloc(4 * MAX)};
	unsigned wrong = 0, refused = 0, cases = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p.memory);
	for (uint32_t most = 68; most <= 1600; most += 1 + most / 40)
		for (uint32_t len = most + 1; len < 9000; len += 1 + len / 30)
			for (unsigned v = 0; v < 16; v++) {
				uint16_t field = fields[v & 3];

				make4(ip, len, v & 4, field);
				memcpy(was, ip, len);
				cases++;
				if (!cut_all(&p, ip, len, most, v & 8, 0x7777))
					refused++;
				else
					wrong += wrong4(&p, was, len, most, 0x1234) != 0;
			}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(refused, 0); /* 68 bytes are enough for every IPv4 header (RFC 791 §3.2) */
	CU_ASSERT(cases > 50000);
	free(p.memory);
}

static unsigned
wrong6(const struct pieces *p, const uint8_t *was, uint32_t len, uint32_t most, bool routing)
{
	uint32_t head = routing ? 72 : 40, done = 0;
	unsigned wrong = 0;

	for (unsigned i = 0; i < p->n; i++) {
		const uint8_t *ip = p->at[i];
		uint32_t bytes = p->len[i] - head - 8;
		bool last = i + 1 == p->n;

		wrong += p->len[i] > most || load_be16(ip + 4) != p->len[i] - 40 || (!last && bytes % 8);
		wrong += memcmp(ip, was, 4) || memcmp(ip + 7, was + 7, 33);
		wrong += ip[routing ? 48 : 6] != 44 || ip[head] != 50 || ip[head + 1] != 0;
		wrong += load_be16(ip + head + 2) != (done | !last) || load_be32(ip + head + 4) != 0xdeadbeef;
		wrong += memcmp(ip + head + 8, was + head + done, bytes) != 0;
		done += bytes;
	}
	return wrong + (done != len - head);
}

static void
test_v6(void)
{
	static uint8_t ip[MAX], was[MAX];
	struct pieces p = {.memory = malloc(4 * MAX)};
	unsigned wrong = 0, cases = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p.memory);
	for (uint32_t most = 100; most <= 1600; most += 1 + most / 40)
		for (uint32_t len = most + 1; len < 9000; len += 1 + len / 30)
			for (unsigned v = 0; v < 4; v++) {
				make6(ip, len, v & 1);
				memcpy(was, ip, len);
				cases++;
				wrong += !cut_all(&p, ip, len, most, v & 2, 0xdeadbeef) ||
					 wrong6(&p, was, len, most, v & 1);
			}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(cases > 10000);
	free(p.memory);
}

/* As few pieces as the largest would be, and none longer than another by more than 7 bytes of rounding and
 * what that makes the last one shorter. */
static void
test_equal(void)
{
	static uint8_t ip[MAX];
	unsigned wrong = 0;

	for (uint32_t most = 100; most <= 1500; most += 13)
		for (uint32_t len = most + 1; len < 60000; len += 1 + len / 20) {
			struct frag_cut large, equal;
			uint32_t last;

			make4(ip, len, false, 0);
			CU_ASSERT_FATAL(frag_cut_plan(&large, ip, len, most, false, 0));
			CU_ASSERT_FATAL(frag_cut_plan(&equal, ip, len, most, true, 0));
			last = len - 20 - (equal.pieces - 1) * equal.per;
			wrong += equal.pieces > large.pieces || equal.per > large.per || last > equal.per;
			wrong += equal.per > (len - 20 + large.pieces - 1) / large.pieces + 7;
		}
	CU_ASSERT_EQUAL(wrong, 0);
	/* 1500 bytes where 1438 fit: 744 and 736 of payload, not 1416 and 64 */
	make4(ip, 1500, false, 0);
	struct frag_cut cut;
	CU_ASSERT(frag_cut_plan(&cut, ip, 1500, 1438, true, 0) && cut.pieces == 2 && cut.per == 744);
	CU_ASSERT(frag_cut_plan(&cut, ip, 1500, 1438, false, 0) && cut.pieces == 2 && cut.per == 1416);
}

static void
test_largest(void)
{
	static uint8_t ip[MAX], was[MAX];
	struct pieces p = {.memory = malloc(4 * MAX)};

	CU_ASSERT_PTR_NOT_NULL_FATAL(p.memory);
	for (unsigned v = 0; v < 4; v++) {
		make4(ip, MAX, v & 1, 0);
		memcpy(was, ip, MAX);
		CU_ASSERT_FATAL(cut_all(&p, ip, MAX, 68, v & 2, 1));
		CU_ASSERT_EQUAL(wrong4(&p, was, MAX, 68, 0x1234), 0);
		CU_ASSERT_EQUAL(p.n, v & 1 ? 2729 : 1365); /* 24 and 48 bytes each */
		free(p.memory);
		p.memory = malloc(4 * MAX);
	}
	free(p.memory);
}

/* With DF there may be no identification, so that one is needed now; without it 0 is one as good as others.
 */
static void
test_identification(void)
{
	static uint8_t ip[500], piece[500];
	struct frag_cut cut;

	for (unsigned df = 0; df < 2; df++) {
		make4(ip, 500, false, df ? 0x4000 : 0);
		store_be16(ip + 4, 0);
		CU_ASSERT_TRUE(frag_cut_plan(&cut, ip, 500, 300, false, 0x10007));
		frag_cut_piece(&cut, ip, 0, piece);
		CU_ASSERT_EQUAL(load_be16(piece + 4), df ? 7 : 0);
		CU_ASSERT_EQUAL(load_be16(ip + frag_cut_last(&cut, ip) + 4), df ? 7 : 0);
	}
}

static void
test_refused(void)
{
	static uint8_t ip[2000];
	struct frag_cut cut;

	make4(ip, 1000, false, 0);
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 1000, 27, false, 0));
	CU_ASSERT_TRUE(frag_cut_plan(&cut, ip, 1000, 28, false, 0));
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 1000, 1000, false, 0)); /* it fits */
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 10, 500, false, 0));
	ip[0] = 0x44;
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 1000, 500, false, 0));
	ip[0] = 0x4f;
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 40, 28, false, 0)); /* header longer than the packet */
	ip[0] = 0x55;
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 1000, 500, false, 0));
	make6(ip, 1000, false);
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 1000, 55, false, 0));
	CU_ASSERT_TRUE(frag_cut_plan(&cut, ip, 1000, 56, false, 0));
	ip[6] = 44; /* a fragment already: its source would have to do it */
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 1000, 500, false, 0));
	make6(ip, 1000, true);
	ip[49] = 200;
	CU_ASSERT_FALSE(frag_cut_plan(&cut, ip, 1000, 500, false, 0));
}

/* Any bytes as options, any header length: nothing is written beyond the pieces. */
static void
test_broken_options(void)
{
	static uint8_t ip[400], out[512];
	struct rng rng;
	unsigned wrong = 0;

	rng_init(&rng, 1, "options");
	for (unsigned n = 0; n < 200000; n++) {
		struct frag_cut cut;
		uint32_t head;

		rng_bytes(&rng, ip, 64);
		ip[0] = (uint8_t)(0x40 | (5 + n % 11));
		head = (ip[0] & 15u) * 4;
		ip[6] = ip[7] = 0;
		if (!frag_cut_plan(&cut, ip, 400, 200, false, 0)) {
			wrong++;
			continue;
		}
		memset(out, 0xaa, sizeof(out));
		wrong += cut.rest > head || cut.rest % 4 || cut.rest < 20;
		wrong += frag_cut_piece(&cut, ip, 0, out) > 200 || out[200] != 0xaa;
		if (cut.pieces > 2)
			wrong += frag_cut_piece(&cut, ip, 1, out) > 200 || checksum(out, cut.rest) != 0;
		frag_cut_last(&cut, ip);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

int
suite_cut(void)
{
	CU_pSuite s = CU_add_suite("cut", NULL, NULL);

	CU_ADD_TEST(s, test_v4);
	CU_ADD_TEST(s, test_v6);
	CU_ADD_TEST(s, test_equal);
	CU_ADD_TEST(s, test_largest);
	CU_ADD_TEST(s, test_identification);
	CU_ADD_TEST(s, test_refused);
	CU_ADD_TEST(s, test_broken_options);
	return 0;
}
