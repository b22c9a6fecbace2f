/* lab/wire where chance is at work: loss, duplication and jitter against theory, under fixed seeds, so that
 * the statistical bounds (4 to 5 standard errors) either hold always or never.  A clone has COPY added. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "lab/wire.h"
#include "tests/lab/wire_rig.h"

#define COPY 1000000
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int suite_wire_chance(void);

static void *
copy_make(void *ctx, void *pkt)
{
	unsigned *made = ctx;
	++*made;
	return packet((uintptr_t)pkt + COPY);
}

static void *
copy_fail(void *ctx, void *pkt)
{
	(void)pkt;
	++*(unsigned *)ctx;
	return NULL;
}

/* Half is lost, but only behind the line: the others arrive when they would have anyhow. */
static void
test_loss(void)
{
	struct cfg_path cfg = path_plain(8000000000, 50);
	cfg.loss = 0.5;
	struct wire *wire = wire_open(&cfg, 1);
	unsigned kept = 0;
	for (uintptr_t i = 0; i < 20000; i++) {
		enum drop drop = wire_put(wire, packet(i), 100, 0);
		CU_ASSERT_FATAL(drop == DROP_NONE || drop == DROP_WIRE_LOSS);
		kept += drop == DROP_NONE;
	}
	CU_ASSERT(kept > 10000 - 300 && kept < 10000 + 300);
	CU_ASSERT_EQUAL(wire_stats(wire)->lost, 20000 - kept);
	CU_ASSERT_EQUAL(wire_held(wire), kept);
	expect_balance(wire);
	for (unsigned i = 0; i < kept; i++) {
		struct wire_arrival got;
		CU_ASSERT_EQUAL_FATAL(wire_get(wire, TIME_NEVER, &got, 1), 1);
		CU_ASSERT_EQUAL_FATAL(got.time_ns, (number(&got) + 1) * 100 + 50);
	}
	wire_destroy(wire);

	cfg.loss = 1;
	wire = wire_open(&cfg, 1);
	CU_ASSERT_EQUAL(wire_put(wire, packet(1), 100, 0), DROP_WIRE_LOSS);
	CU_ASSERT_EQUAL(wire_next_due(wire), TIME_NEVER);
	wire_destroy(wire);
}

static void
test_duplicate(void)
{
	struct cfg_path cfg = path_plain(8000000000, 50);
	unsigned made = 0;
	struct wire *wire;
	cfg.duplicate = 1;
	CU_ASSERT_EQUAL_FATAL(wire_create(&cfg, 1, "w", copy_make, &made, &wire), ST_OK);
	wire_put(wire, packet(1), 100, 0);
	wire_put(wire, packet(2), 100, 0);
	CU_ASSERT_EQUAL(wire_held(wire), 4);
	expect(wire, 1, 150);
	expect(wire, 1 + COPY, 150);
	expect(wire, 2, 250); /* the clone has used no line time */
	expect(wire, 2 + COPY, 250);
	CU_ASSERT_EQUAL(made, 2);
	CU_ASSERT_EQUAL(wire_stats(wire)->duplicated, 2);
	expect_balance(wire);
	wire_destroy(wire);

	/* No memory for a clone, and nobody to make one. */
	CU_ASSERT_EQUAL_FATAL(wire_create(&cfg, 1, "w", copy_fail, &made, &wire), ST_OK);
	CU_ASSERT_EQUAL(wire_put(wire, packet(1), 100, 0), DROP_NONE);
	CU_ASSERT_EQUAL(made, 3);
	CU_ASSERT_EQUAL(wire_held(wire), 1);
	CU_ASSERT_EQUAL(wire_stats(wire)->duplicated, 0);
	wire_destroy(wire);
	wire = wire_open(&cfg, 1);
	CU_ASSERT_EQUAL(wire_put(wire, packet(1), 100, 0), DROP_NONE);
	CU_ASSERT_EQUAL(wire_held(wire), 1);
	wire_destroy(wire);
}

static void
test_duplicate_ratio(void)
{
	struct cfg_path cfg = path_plain(0, 50);
	unsigned made = 0;
	struct wire *wire;
	cfg.duplicate = 0.1;
	CU_ASSERT_EQUAL_FATAL(wire_create(&cfg, 1, "w", copy_make, &made, &wire), ST_OK);
	for (uintptr_t i = 0; i < 20000; i++)
		wire_put(wire, packet(i), 100, i);
	CU_ASSERT(made > 2000 - 170 && made < 2000 + 170);
	CU_ASSERT_EQUAL(wire_stats(wire)->duplicated, made);
	CU_ASSERT_EQUAL(wire_held(wire), 20000 + made);
	wire_destroy(wire);
}

/* The ring and the heap grow while a packet and its clone come in, from whatever fill chance has made:
 * nothing is lost, nothing comes twice, times do not fall. */
static void
test_duplicate_growth(void)
{
	struct cfg_path cfg = path_plain(0, 50);
	cfg.duplicate = 0.5;
	cfg.jitter = CFG_JITTER_UNIFORM;
	cfg.jitter_scale = 100000;
	for (uint64_t seed = 0; seed < 16; seed++) {
		static uint8_t seen[2][3000];
		struct wire_arrival got;
		unsigned made = 0, n = 0;
		uint64_t last = 0;
		struct wire *wire;
		cfg.reorder = seed % 2;
		CU_ASSERT_EQUAL_FATAL(wire_create(&cfg, seed, "w", copy_make, &made, &wire), ST_OK);
		for (uintptr_t i = 0; i < 3000; i++)
			CU_ASSERT_EQUAL(wire_put(wire, packet(i), 100, i), DROP_NONE);
		for (; wire_get(wire, TIME_NEVER, &got, 1); n++) {
			uint8_t *mark = &seen[number(&got) / COPY][number(&got) % COPY];
			CU_ASSERT_FATAL(got.time_ns >= last);
			CU_ASSERT_EQUAL_FATAL(*mark, seed);
			++*mark;
			last = got.time_ns;
		}
		CU_ASSERT_EQUAL(n, 3000 + made);
		memset(seen, (int)seed + 1, sizeof(seen));
		wire_destroy(wire);
	}
}

/* Computed apart from this code: the same generator in Python, drawing loss, jitter, duplicate, jitter. */
static void
test_fixed_sequence(void)
{
	static const struct {
		uintptr_t pkt;
		uint64_t time_ns;
	} want[] = {
		{1, 51371},
		{0, 52406},
		{1 + COPY, 53219},
		{3, 54924},
		{3 + COPY, 55533},
		{4, 55946},
		{6, 56041},
		{7 + COPY, 57330},
		{7, 57594},
		{5, 57865},
		{9, 60797},
		{10, 60898},
		{11, 63660},
	};
	struct cfg_path cfg = path_plain(0, 50000);
	unsigned made = 0;
	struct wire *wire;
	cfg.loss = 0.25;
	cfg.duplicate = 0.25;
	cfg.jitter = CFG_JITTER_UNIFORM;
	cfg.jitter_scale = 3000;
	CU_ASSERT_EQUAL_FATAL(wire_create(&cfg, 1, "wan.0.0", copy_make, &made, &wire), ST_OK);
	for (uintptr_t i = 0; i < 12; i++)
		wire_put(wire, packet(i), 100, i * 1000);
	CU_ASSERT_EQUAL_FATAL(wire_held(wire), COUNT(want));
	for (unsigned i = 0; i < COUNT(want); i++)
		expect(wire, want[i].pkt, want[i].time_ns);
	wire_destroy(wire);
}

/* Packets each at start i * gap on a wire of no rate; delays[] is what each has taken.  Returns how many
 * packets arrived behind one with a higher number; checks that times never fall and ties keep their order. */
#define SENT 20000
static unsigned
jitter_run(const struct cfg_path *cfg, uint64_t gap, double *delays)
{
	struct wire *wire = wire_open(cfg, 1);
	unsigned overtaken = 0;
	uintptr_t highest = 0, before = 0;
	uint64_t last = 0;

	for (uintptr_t i = 0; i < SENT; i++)
		CU_ASSERT_EQUAL_FATAL(wire_put(wire, packet(i), 100, i * gap), DROP_NONE);
	for (unsigned i = 0; i < SENT; i++) {
		struct wire_arrival got;
		CU_ASSERT_EQUAL_FATAL(wire_get(wire, TIME_NEVER, &got, 1), 1);
		CU_ASSERT_FATAL(got.time_ns > last || (got.time_ns == last && (!i || number(&got) > before)));
		last = got.time_ns;
		before = number(&got);
		overtaken += before < highest;
		highest = before > highest ? before : highest;
		delays[before] = (double)(got.time_ns - before * gap);
	}
	CU_ASSERT_EQUAL(wire_held(wire), 0);
	wire_destroy(wire);
	return overtaken;
}

static double
mean(const double *v)
{
	double sum = 0;
	for (unsigned i = 0; i < SENT; i++)
		sum += v[i];
	return sum / SENT;
}

static void
test_jitter_uniform(void)
{
	static double delays[SENT];
	unsigned seen[11] = {0};
	struct cfg_path cfg = path_plain(0, 100);
	cfg.jitter = CFG_JITTER_UNIFORM;
	cfg.jitter_scale = 10;
	CU_ASSERT(jitter_run(&cfg, 1, delays) > SENT / 2);
	for (unsigned i = 0; i < SENT; i++) {
		CU_ASSERT_FATAL(delays[i] >= 100 && delays[i] <= 110);
		seen[(unsigned)delays[i] - 100]++;
	}
	for (unsigned i = 0; i < 11; i++)
		CU_ASSERT(fabs(seen[i] - SENT / 11.0) < 200);

	CU_ASSERT_EQUAL(jitter_run(&cfg, 11, delays), 0); /* too far apart to overtake */
	cfg.jitter_scale = 0;
	CU_ASSERT_EQUAL(jitter_run(&cfg, 1, delays), 0);
	CU_ASSERT_EQUAL(mean(delays), 100);
}

/* In order: arrival is the latest of the drawn ones so far. */
static void
test_jitter_in_order(void)
{
	static double drawn[SENT], delays[SENT];
	struct cfg_path cfg = path_plain(0, 100);
	uint64_t latest = 0;
	cfg.jitter = CFG_JITTER_UNIFORM;
	cfg.jitter_scale = 50;
	CU_ASSERT(jitter_run(&cfg, 2, drawn) > 0);
	cfg.reorder = false; /* the same draws */
	CU_ASSERT_EQUAL(jitter_run(&cfg, 2, delays), 0);
	for (unsigned i = 0; i < SENT; i++) {
		uint64_t time = i * 2 + (uint64_t)drawn[i];
		latest = time > latest ? time : latest;
		CU_ASSERT_EQUAL_FATAL(i * 2 + (uint64_t)delays[i], latest);
	}
}

static void
test_jitter_normal(void)
{
	static double delays[SENT];
	struct cfg_path cfg = path_plain(0, 100 * MS);
	double squares = 0;
	unsigned early = 0;
	cfg.jitter = CFG_JITTER_NORMAL;
	cfg.jitter_scale = MS;
	CU_ASSERT(jitter_run(&cfg, 1000, delays) > SENT / 2);
	for (unsigned i = 0; i < SENT; i++)
		squares += (delays[i] - 100e6) * (delays[i] - 100e6);
	CU_ASSERT(fabs(mean(delays) - 100e6) < 3e4);
	CU_ASSERT(fabs(sqrt(squares / SENT) - 1e6) < 2.5e4);

	cfg.delay = MS; /* 16 % are drawn below -1 sigma: they take no time, and not less */
	jitter_run(&cfg, 1000, delays);
	for (unsigned i = 0; i < SENT; i++)
		early += delays[i] == 0;
	CU_ASSERT(fabs(early / (double)SENT - 0.1587) < 0.012);
}

static void
test_jitter_pareto(void)
{
	static double delays[SENT];
	struct cfg_path cfg = path_plain(0, 1000);
	unsigned capped = 0;
	cfg.jitter = CFG_JITTER_PARETO;
	cfg.jitter_scale = MS;
	cfg.jitter_shape = 4;
	CU_ASSERT(jitter_run(&cfg, 1000, delays) > SENT / 2);
	CU_ASSERT(fabs(mean(delays) - 1000 - 1e6 / 3) < 1.5e4);

	cfg.jitter_shape = 0.1; /* (1 + 10^4)^-0.1 = 39.8 % are above 10 s */
	jitter_run(&cfg, 1000, delays);
	for (unsigned i = 0; i < SENT; i++) {
		CU_ASSERT_FATAL(delays[i] >= 1000 && delays[i] <= 1e10 + 1000);
		capped += delays[i] == 1e10 + 1000;
	}
	CU_ASSERT(fabs(capped / (double)SENT - 0.3981) < 0.015);
}

/* Everything at once, turned like a driver does: a digest of all that came out. */
static uint64_t
storm_run(uint64_t seed, bool reorder)
{
	struct cfg_path cfg = {.rate = 1000000000,
		.delay = 20000,
		.jitter = CFG_JITTER_NORMAL,
		.jitter_scale = 5000,
		.reorder = reorder,
		.loss = 0.05,
		.duplicate = 0.05,
		.mtu = 1400,
		.queue = 4000,
		.overhead = 38};
	struct wire_arrival got[32];
	struct wire *wire;
	struct rng rng;
	unsigned made = 0, drops = 0, n;
	uint64_t digest = 0, now = 0;

	rng_init(&rng, 1, "storm");
	CU_ASSERT_EQUAL_FATAL(wire_create(&cfg, seed, "w", copy_make, &made, &wire), ST_OK);
	for (uintptr_t i = 0; i < 20000; i++) {
		now += rng_below(&rng, 12000);
		drops += wire_put(wire, packet(i), (uint32_t)rng_below(&rng, 1500), now) != DROP_NONE;
		n = wire_get(wire, now, got, 32);
		for (unsigned k = 0; k < n; k++)
			digest = (digest ^ got[k].time_ns ^ number(&got[k]) << 40) * UINT64_C(0x100000001b3);
		expect_balance(wire);
	}
	const struct wire_stats *st = wire_stats(wire);
	CU_ASSERT_EQUAL(st->lost + st->queue_drops + st->mtu_drops, drops);
	CU_ASSERT_EQUAL(st->duplicated, made);
	CU_ASSERT(st->lost && st->queue_drops && st->mtu_drops && st->duplicated &&
		  st->queue_bytes_max <= 4000);
	while (wire_get(wire, TIME_NEVER, got, 32))
		;
	CU_ASSERT_EQUAL(st->got, 20000 + made - drops);
	wire_destroy(wire);
	return digest;
}

static void
test_repeats(void)
{
	CU_ASSERT_EQUAL(storm_run(1, true), storm_run(1, true));
	CU_ASSERT_EQUAL(storm_run(1, false), storm_run(1, false));
	CU_ASSERT_NOT_EQUAL(storm_run(1, true), storm_run(2, true));
	CU_ASSERT_NOT_EQUAL(storm_run(1, true), storm_run(1, false));
}

int
suite_wire_chance(void)
{
	CU_pSuite s = CU_add_suite("wire_chance", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_loss);
	CU_ADD_TEST(s, test_duplicate);
	CU_ADD_TEST(s, test_duplicate_ratio);
	CU_ADD_TEST(s, test_duplicate_growth);
	CU_ADD_TEST(s, test_fixed_sequence);
	CU_ADD_TEST(s, test_jitter_uniform);
	CU_ADD_TEST(s, test_jitter_in_order);
	CU_ADD_TEST(s, test_jitter_normal);
	CU_ADD_TEST(s, test_jitter_pareto);
	CU_ADD_TEST(s, test_repeats);
	return (int)CU_get_error();
}
