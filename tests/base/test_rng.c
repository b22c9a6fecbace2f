/* base/rng: fixed values against regressions of determinism, distributions against theory.
 *
 * The fixed values come from a separate program (Python integers; decimal at 50 digits for log and exp), the
 * words of state {1, 2, 3, 4} from the test vectors published with xoshiro256++.  Seeds are fixed, so that
 * the statistical bounds (4 to 5 standard errors) either hold always or never. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"

#define N 200000
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int suite_rng(void);

static int
close_to(double got, double want, double tolerance)
{
	return fabs(got - want) <= tolerance * fabs(want);
}

static void
test_published_words(void)
{
	static const uint64_t want[] = {
		41943041,
		58720359,
		UINT64_C(3588806011781223),
		UINT64_C(3591011842654386),
		UINT64_C(9228616714210784205),
		UINT64_C(9973669472204895162),
		UINT64_C(14011001112246962877),
		UINT64_C(12406186145184390807),
		UINT64_C(15849039046786891736),
		UINT64_C(10450023813501588000),
	};
	struct rng rng = {{1, 2, 3, 4}};
	for (unsigned i = 0; i < COUNT(want); i++)
		CU_ASSERT_EQUAL(rng_u64(&rng), want[i]);
}

static void
test_streams(void)
{
	static const struct {
		uint64_t seed;
		const char *name;
		uint64_t want[4];
	} rows[] = {
		{1, "wan.0.0",
			{0x8ad85a8a22985eea, 0xcd4e4086a5d4def1, 0xb30a7c5d7fb9bd19, 0xd6eb247c70edd504}},
		{1, "wan.0.1",
			{0x85b5bae2b80f68d8, 0xd7bea436ea65d3f1, 0x8420475f00433056, 0xfc160b23981ae6cd}},
		{2, "wan.0.0",
			{0x9b5ff27950d13580, 0xeb4bc3d38ec14271, 0x96e03cfcceab677, 0x21b7199287b63136}},
		{0, "", {0x96bb3c9cab98ed3f, 0x65b64fbc9a770e81, 0xed86fb2d91de1ae1, 0xc597f5e135156f81}},
	};
	for (unsigned r = 0; r < COUNT(rows); r++) {
		struct rng rng;
		rng_init(&rng, rows[r].seed, rows[r].name);
		for (unsigned i = 0; i < 4; i++)
			CU_ASSERT_EQUAL(rng_u64(&rng), rows[r].want[i]);
	}
}

static void
test_fixed_draws(void)
{
	static const uint64_t below[] = {80, 435, 6, 731, 587, 472, 818, 912};
	static const double unit[] = {0x1.8c8eadbc48a1cp-1, 0x1.4ace6062ec9e2p-1, 0x1.8935ece5716a6p-2};
	static const double normal[] = {
		-1.6190197329201557, -0.21677816063256136, -0.97028505782096153, -0.55820907346180038};
	static const double exponential[] = {
		1.0407680995941537, 0.22524980373777689, 6.2341185453792791, 0.47968196795559342};
	static const double pareto[] = {
		465.87971045260599, 396.32922093181702, 461.90704447845212, 226.52550833916041};
	struct rng rng;

	rng_init(&rng, 7, "below");
	for (unsigned i = 0; i < COUNT(below); i++)
		CU_ASSERT_EQUAL(rng_below(&rng, 1000), below[i]);
	rng_init(&rng, 7, "unit");
	for (unsigned i = 0; i < COUNT(unit); i++)
		CU_ASSERT_EQUAL(rng_unit(&rng), unit[i]);
	rng_init(&rng, 7, "normal");
	for (unsigned i = 0; i < COUNT(normal); i++)
		CU_ASSERT(close_to(rng_normal(&rng), normal[i], 1e-13));
	rng_init(&rng, 7, "exp");
	for (unsigned i = 0; i < COUNT(exponential); i++)
		CU_ASSERT(close_to(rng_exponential(&rng), exponential[i], 1e-13));
	rng_init(&rng, 7, "pareto");
	for (unsigned i = 0; i < COUNT(pareto); i++)
		CU_ASSERT(close_to(rng_pareto(&rng, 1000, 2.5), pareto[i], 1e-13));
}

/* Little-endian words; the end of a shorter request is the head of a longer one; nothing else is touched. */
static void
test_bytes(void)
{
	static const uint8_t want[16] = {0x80, 0x16, 0x98, 0x4f, 0xe8, 0x71, 0x17, 0x01, 0xa0, 0xd1, 0x2e,
		0x3c, 0x8b, 0x85, 0xd3, 0x26};
	for (uint32_t n = 0; n <= sizeof(want); n++) {
		uint8_t got[sizeof(want) + 1];
		struct rng rng;
		memset(got, 0x5a, sizeof(got));
		rng_init(&rng, 7, "bytes");
		rng_bytes(&rng, got, n);
		CU_ASSERT_EQUAL(memcmp(got, want, n), 0);
		CU_ASSERT_EQUAL(got[n], 0x5a);
	}
}

/* Two streams share no more words than chance has it: of 64 bits, 32 agree. */
static void
test_streams_differ(void)
{
	static const char *const names[] = {"a", "b", "ab", "ba", "wan.0.0", "wan.1.0"};
	for (unsigned i = 0; i < COUNT(names); i++) {
		for (unsigned j = 0; j < i; j++) {
			struct rng a, b;
			unsigned agree = 0;
			rng_init(&a, 42, names[i]);
			rng_init(&b, 42, names[j]);
			for (unsigned k = 0; k < 1000; k++)
				agree += (unsigned)__builtin_popcountll(~(rng_u64(&a) ^ rng_u64(&b)));
			CU_ASSERT(agree > 32000 - 630 && agree < 32000 + 630);
		}
	}
}

static void
test_below_unbiased(void)
{
	uint32_t seen[10] = {0};
	double chi = 0;
	struct rng rng;

	rng_init(&rng, 3, "chi-square");
	for (unsigned i = 0; i < N; i++)
		seen[rng_below(&rng, 10)]++;
	for (unsigned i = 0; i < 10; i++) {
		double off = seen[i] - N / 10.0;
		chi += off * off / (N / 10.0);
	}
	CU_ASSERT(chi < 27.9); /* 9 degrees of freedom, 0.1 % */
	CU_ASSERT(chi > 0.97); /* too even is not chance either */

	for (unsigned i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(rng_below(&rng, 1), 0);
}

/* 3 * 2^62 is the worst case: a draw modulo n, or one without rejection, falls unevenly over the thirds. */
static void
test_below_large(void)
{
	const uint64_t third = UINT64_C(1) << 62;
	uint32_t seen[3] = {0}, odd_place[3] = {0};
	struct rng rng;

	rng_init(&rng, 4, "large");
	for (unsigned i = 0; i < 30000; i++) {
		uint64_t v = rng_below(&rng, 3 * third);
		CU_ASSERT_FATAL(v < 3 * third);
		seen[v / third]++;
		odd_place[v % 3]++;
	}
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT(seen[i] > 10000 - 350 && seen[i] < 10000 + 350);
		CU_ASSERT(odd_place[i] > 10000 - 350 && odd_place[i] < 10000 + 350);
	}
}

static void
test_unit(void)
{
	double sum = 0, squares = 0;
	struct rng rng;

	rng_init(&rng, 5, "unit");
	for (unsigned i = 0; i < N; i++) {
		double v = rng_unit(&rng);
		CU_ASSERT_FATAL(v >= 0 && v < 1);
		sum += v;
		squares += v * v;
	}
	CU_ASSERT(fabs(sum / N - 0.5) < 0.003);
	CU_ASSERT(fabs(squares / N - 1.0 / 3) < 0.003);
}

static void
test_chance(void)
{
	unsigned hits = 0;
	struct rng rng, before;

	rng_init(&rng, 6, "chance");
	before = rng;
	for (unsigned i = 0; i < N; i++) {
		CU_ASSERT_FALSE_FATAL(rng_chance(&rng, 0));
		CU_ASSERT_TRUE_FATAL(rng_chance(&rng, 1));
		hits += (unsigned)rng_chance(&rng, 0.01);
	}
	CU_ASSERT(hits > 2000 - 200 && hits < 2000 + 200);
	for (unsigned i = 0; i < 3 * N; i++) /* one word a draw, whatever p is */
		(void)rng_u64(&before);
	CU_ASSERT_EQUAL(memcmp(&rng, &before, sizeof(rng)), 0);
}

static void
test_exponential(void)
{
	double sum = 0, squares = 0;
	unsigned tail = 0;
	struct rng rng;

	rng_init(&rng, 8, "exponential");
	for (unsigned i = 0; i < N; i++) {
		double v = rng_exponential(&rng);
		CU_ASSERT_FATAL(v >= 0);
		sum += v;
		squares += v * v;
		tail += v > 3;
	}
	CU_ASSERT(fabs(sum / N - 1) < 0.01);
	CU_ASSERT(fabs(squares / N - 2) < 0.05);
	CU_ASSERT(fabs(tail / (double)N - 0.0497871) < 0.0025); /* e^-3 */
}

static void
test_normal(void)
{
	double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
	unsigned within = 0;
	struct rng rng;

	rng_init(&rng, 9, "normal");
	for (unsigned i = 0; i < N; i++) {
		double v = rng_normal(&rng);
		m1 += v;
		m2 += v * v;
		m3 += v * v * v;
		m4 += v * v * v * v;
		within += fabs(v) < 1;
	}
	CU_ASSERT(fabs(m1 / N) < 0.01);
	CU_ASSERT(fabs(m2 / N - 1) < 0.015);
	CU_ASSERT(fabs(m3 / N) < 0.04);
	CU_ASSERT(fabs(m4 / N - 3) < 0.1);
	CU_ASSERT(fabs(within / (double)N - 0.6826895) < 0.005);
}

static void
test_pareto(void)
{
	double sum = 0;
	unsigned above = 0;
	struct rng rng;

	rng_init(&rng, 10, "pareto");
	for (unsigned i = 0; i < N; i++) {
		double v = rng_pareto(&rng, 100, 4);
		CU_ASSERT_FATAL(v >= 0);
		sum += v;
		above += v > 100;
	}
	CU_ASSERT(fabs(sum / N - 100.0 / 3) < 0.5);	      /* scale / (shape - 1) */
	CU_ASSERT(fabs(above / (double)N - 0.0625) < 0.0025); /* (1 + x / scale)^-shape = 2^-4 */
}

/* Against libm (itself within 1 ulp) over all magnitudes and closely around 1, where ln x vanishes. */
static void
test_log(void)
{
	static const struct {
		double x, want;
	} rows[] = {
		{0.5, -0x1.62e42fefa39efp-1},
		{2, 0x1.62e42fefa39efp-1},
		{10, 0x1.26bb1bbb55516p+1},
		{1e-300, -0x1.5963447f87fb5p+9},
		{5e-324, -0x1.74385446d71c3p+9},
		{1.0000001, 0x1.ad7f2847b6492p-24},
		{0.9999999, -0x1.ad7f2b1049b9fp-24},
		{1 + 0x1p-52, 0x1.fffffffffffffp-53},
		{1 - 0x1p-53, -0x1p-53},
		{1.7976931348623157e308, 0x1.62e42fefa39efp+9},
	};
	struct rng rng;

	CU_ASSERT_EQUAL(rng_log(1), 0);
	for (unsigned i = 0; i < COUNT(rows); i++)
		CU_ASSERT(close_to(rng_log(rows[i].x), rows[i].want, 1e-15));
	rng_init(&rng, 11, "log");
	for (unsigned i = 0; i < 50000; i++) {
		double u = rng_unit(&rng) + 0.5;
		double wide = ldexp(u, (int)rng_below(&rng, 2000) - 1000);
		double near = 1 + ldexp(u - 1, -(int)rng_below(&rng, 50));
		CU_ASSERT(close_to(rng_log(wide), log(wide), 1e-14));
		CU_ASSERT(close_to(rng_log(near), log(near), 1e-14));
	}
}

static void
test_exp(void)
{
	static const struct {
		double x, want;
	} rows[] = {
		{1, 0x1.5bf0a8b145769p+1},
		{-1, 0x1.78b56362cef38p-2},
		{0.5, 0x1.a61298e1e069cp+0},
		{700, 0x1.d945df4f8ec8ep+1009},
		{-700, 0x1.14f2b0fb9307fp-1010},
		{1e-10, 0x1.000000006df38p+0},
		{709.78, 0x1.fe9ce5c4c52b4p+1023},
		{10.25, 0x1.b9ea2aed2a0f1p+14},
	};
	struct rng rng;

	CU_ASSERT_EQUAL(rng_exp(0), 1);
	CU_ASSERT_EQUAL(rng_exp(-745), 0x1p-1074);
	CU_ASSERT_EQUAL(rng_exp(-746), 0);
	CU_ASSERT_EQUAL(rng_exp(-1e300), 0);
	CU_ASSERT_EQUAL(rng_exp(709.785), INFINITY);
	CU_ASSERT_EQUAL(rng_exp(1e300), INFINITY);
	for (unsigned i = 0; i < COUNT(rows); i++)
		CU_ASSERT(close_to(rng_exp(rows[i].x), rows[i].want, 1e-15));
	rng_init(&rng, 12, "exp");
	for (unsigned i = 0; i < 50000; i++) {
		double x = rng_unit(&rng) * 1417 - 708;
		CU_ASSERT(close_to(rng_exp(x), exp(x), 1e-14));
		x /= 1e4;
		CU_ASSERT(close_to(rng_exp(x), exp(x), 1e-14));
	}
}

/* To the bit, not to a tolerance: a digest over many draws of everything that uses floating point.  It
 * changes where a compiler fuses or reorders an operation. */
static void
test_bits(void)
{
	uint64_t digest = 0;
	struct rng rng;

	rng_init(&rng, 13, "bits");
	for (unsigned i = 0; i < 20000; i++) {
		double v[3];
		v[0] = rng_exponential(&rng);
		v[1] = rng_normal(&rng);
		v[2] = rng_pareto(&rng, 1e6, 1.5);
		for (unsigned j = 0; j < 3; j++) {
			uint64_t bits;
			memcpy(&bits, &v[j], sizeof(bits));
			digest = (digest ^ bits) * UINT64_C(0x100000001b3);
		}
	}
	CU_ASSERT_EQUAL(digest, UINT64_C(0x6e3ef209b8341f74));
}

int
suite_rng(void)
{
	CU_pSuite s = CU_add_suite("rng", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_published_words);
	CU_ADD_TEST(s, test_streams);
	CU_ADD_TEST(s, test_fixed_draws);
	CU_ADD_TEST(s, test_bytes);
	CU_ADD_TEST(s, test_streams_differ);
	CU_ADD_TEST(s, test_below_unbiased);
	CU_ADD_TEST(s, test_below_large);
	CU_ADD_TEST(s, test_unit);
	CU_ADD_TEST(s, test_chance);
	CU_ADD_TEST(s, test_exponential);
	CU_ADD_TEST(s, test_normal);
	CU_ADD_TEST(s, test_pareto);
	CU_ADD_TEST(s, test_log);
	CU_ADD_TEST(s, test_exp);
	CU_ADD_TEST(s, test_bits);
	return (int)CU_get_error();
}
