/* lab/paths: which path a packet takes, and that the merge of the paths is what a sort by (time, path, order
 * of putting) gives.  Paths are told apart by their delays. */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "lab/paths.h"
#include "tests/lab/wire_rig.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int suite_paths(void);

static struct paths *
paths_open(enum cfg_select select, struct cfg_path *path, unsigned n)
{
	struct cfg_link cfg = {.name = "wan", .select = select, .paths = path, .n_paths = n};
	struct paths *paths;
	CU_ASSERT_EQUAL_FATAL(paths_create(&cfg, 0, 1, NULL, NULL, &paths), ST_OK);
	return paths;
}

/* Paths of delay 100, 200, 300 ... ns, infinitely fast, of weights 5, 1, 1. */
static void
paths_three(struct cfg_path path[3])
{
	for (unsigned i = 0; i < 3; i++) {
		path[i] = path_plain(0, (i + 1) * 100);
		path[i].weight = i ? 1 : 5;
	}
}

/* The path that a packet put now takes. */
static unsigned
path_taken(struct paths *paths, uint32_t flow_hash)
{
	struct wire_arrival got;
	CU_ASSERT_EQUAL(paths_put(paths, packet(1), 100, flow_hash, 0), DROP_NONE);
	CU_ASSERT_EQUAL_FATAL(paths_get(paths, TIME_NEVER, &got, 1), 1);
	return (unsigned)(got.time_ns / 100 - 1);
}

static void
test_create(void)
{
	struct cfg_path path[2] = {path_plain(0, 0), path_plain(UINT64_MAX, 0)};
	struct cfg_link cfg = {.name = "wan", .paths = path, .n_paths = 0};
	struct paths *paths = (struct paths *)packet(1);
	CU_ASSERT_EQUAL(paths_create(&cfg, 0, 1, NULL, NULL, &paths), ST_ERR_CONFIG);
	CU_ASSERT_PTR_NULL(paths);
	cfg.n_paths = 2; /* the second one is out of range */
	CU_ASSERT_EQUAL(paths_create(&cfg, 0, 1, NULL, NULL, &paths), ST_ERR_RANGE);
	CU_ASSERT_PTR_NULL(paths);
	paths_destroy(NULL);
}

static void
test_empty(void)
{
	struct cfg_path path[3];
	struct wire_arrival got;
	paths_three(path);
	for (unsigned n = 1; n <= 3; n++) {
		struct paths *paths = paths_open(CFG_SELECT_PACKET, path, n);
		CU_ASSERT_EQUAL(paths_count(paths), n);
		CU_ASSERT_EQUAL(paths_held(paths), 0);
		CU_ASSERT_EQUAL(paths_next_due(paths), TIME_NEVER);
		CU_ASSERT_EQUAL(paths_get(paths, TIME_NEVER, &got, 1), 0);
		paths_destroy(paths);
	}
}

static void
test_single(void)
{
	struct cfg_path path = path_plain(8000000000, 50);
	static const enum cfg_select selects[] = {CFG_SELECT_PACKET, CFG_SELECT_FLOW, CFG_SELECT_WEIGHT};
	for (unsigned s = 0; s < COUNT(selects); s++) {
		struct paths *paths = paths_open(selects[s], &path, 1);
		struct wire_arrival got[3];
		CU_ASSERT_EQUAL(paths_put(paths, packet(1), 100, 7, 0), DROP_NONE);
		CU_ASSERT_EQUAL(paths_put(paths, packet(2), 100, 8, 0), DROP_NONE);
		CU_ASSERT_EQUAL(paths_put(paths, packet(3), 1501, 9, 0), DROP_WIRE_MTU);
		CU_ASSERT_EQUAL(paths_held(paths), 2);
		CU_ASSERT_EQUAL(paths_next_due(paths), 150);
		CU_ASSERT_EQUAL(paths_get(paths, 249, got, 3), 1);
		CU_ASSERT_EQUAL(paths_get(paths, 250, got + 1, 2), 1);
		CU_ASSERT_EQUAL(number(&got[0]), 1);
		CU_ASSERT_EQUAL(number(&got[1]), 2);
		CU_ASSERT_EQUAL(got[1].time_ns, 250);
		CU_ASSERT_EQUAL(wire_stats(paths_wire(paths, 0))->put, 3);
		CU_ASSERT_EQUAL(wire_stats(paths_wire(paths, 0))->got, 2);
		paths_destroy(paths);
	}
}

/* A dropped packet has had its turn too. */
static void
test_select_packet(void)
{
	struct cfg_path path[3];
	paths_three(path);
	struct paths *paths = paths_open(CFG_SELECT_PACKET, path, 3);
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(path_taken(paths, i * 77), i % 3);
	CU_ASSERT_EQUAL(paths_put(paths, packet(1), 1501, 0, 0), DROP_WIRE_MTU);
	CU_ASSERT_EQUAL(wire_stats(paths_wire(paths, 1))->mtu_drops, 1);
	CU_ASSERT_EQUAL(path_taken(paths, 0), 2);
	paths_destroy(paths);
}

static void
test_select_flow(void)
{
	static const uint32_t steps[] = {1, 16, 1 << 16, 1 << 22}; /* hashes that differ in some bits only */
	struct cfg_path path[3];
	paths_three(path);
	struct paths *paths = paths_open(CFG_SELECT_FLOW, path, 3);
	for (unsigned s = 0; s < COUNT(steps); s++) {
		unsigned seen[3] = {0};
		for (uint32_t i = 0; i < 900; i++) {
			unsigned taken = path_taken(paths, i * steps[s]);
			CU_ASSERT_EQUAL(path_taken(paths, i * steps[s]), taken);
			seen[taken]++;
		}
		for (unsigned i = 0; i < 3; i++)
			CU_ASSERT(seen[i] > 230 && seen[i] < 370);
	}
	paths_destroy(paths);
}

static void
test_select_weight(void)
{
	static const unsigned want[] = {0, 0, 1, 0, 2, 0, 0}; /* 5:1:1 */
	struct cfg_path path[3];
	paths_three(path);
	struct paths *paths = paths_open(CFG_SELECT_WEIGHT, path, 3);
	for (unsigned i = 0; i < 700; i++)
		CU_ASSERT_EQUAL(path_taken(paths, i), want[i % 7]);
	paths_destroy(paths);

	path[0].weight = 0; /* never taken */
	path[1].weight = 2;
	paths = paths_open(CFG_SELECT_WEIGHT, path, 3);
	static const unsigned two_to_one[] = {1, 2, 1};
	for (unsigned i = 0; i < 30; i++)
		CU_ASSERT_EQUAL(path_taken(paths, i), two_to_one[i % 3]);
	paths_destroy(paths);

	path[1].weight = path[2].weight = 0; /* none has one: all the same */
	paths = paths_open(CFG_SELECT_WEIGHT, path, 3);
	for (unsigned i = 0; i < 30; i++)
		CU_ASSERT_EQUAL(path_taken(paths, i), i % 3);
	paths_destroy(paths);
}

/* Packets 0, 3, 6 on path 0 and so on: of those that arrive together the lower path comes first. */
static void
test_merge_ties(void)
{
	struct cfg_path path[3] = {path_plain(8000000000, 20), path_plain(8000000000, 10), path_plain(0, 30)};
	static const uintptr_t order[] = {1, 0, 4, 2, 3, 7, 5, 6, 8};
	static const uint64_t times[] = {20, 30, 30, 30, 40, 40, 40, 50, 50};
	struct paths *paths = paths_open(CFG_SELECT_PACKET, path, 3);
	struct wire_arrival got[9];
	for (uintptr_t i = 0; i < 9; i++) /* path 0: 30 40 50; path 1: 20 30 40; path 2: 30 40 50 */
		CU_ASSERT_EQUAL(paths_put(paths, packet(i), 10, 0, i / 3 * 10), DROP_NONE);
	CU_ASSERT_EQUAL(paths_held(paths), 9);
	CU_ASSERT_EQUAL(paths_next_due(paths), 20);
	CU_ASSERT_EQUAL(paths_get(paths, 19, got, 9), 0);
	CU_ASSERT_EQUAL(paths_get(paths, 30, got, 2), 2); /* at most max */
	CU_ASSERT_EQUAL(paths_get(paths, 30, got + 2, 7), 2);
	CU_ASSERT_EQUAL(paths_next_due(paths), 40);
	CU_ASSERT_EQUAL(paths_get(paths, TIME_NEVER, got + 4, 5), 5);
	for (unsigned i = 0; i < 9; i++) {
		CU_ASSERT_EQUAL(number(&got[i]), order[i]);
		CU_ASSERT_EQUAL(got[i].time_ns, times[i]);
	}
	CU_ASSERT_EQUAL(paths_next_due(paths), TIME_NEVER);
	paths_destroy(paths);
}

#define SENT 6000

struct landing {
	uint64_t time_ns;
	unsigned path, order;
	uintptr_t pkt;
};

static int
landing_compare(const void *left, const void *right)
{
	const struct landing *a = left, *b = right;
	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	if (a->path != b->path)
		return a->path < b->path ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* What the wires give one by one, under the stream names that lab/paths.h promises, sorted. */
static void
landings_sorted(const struct cfg_path *path, struct landing *landing)
{
	static const char *const streams[] = {"wan.fast.1", "wan.1.1", "wan.slow.1"};
	unsigned n = 0;
	for (unsigned p = 0; p < 3; p++) {
		struct wire *wire;
		struct wire_arrival got;
		CU_ASSERT_EQUAL_FATAL(wire_create(&path[p], 5, streams[p], NULL, NULL, &wire), ST_OK);
		for (uintptr_t i = p; i < SENT; i += 3)
			CU_ASSERT_EQUAL(wire_put(wire, packet(i), 100, i * 40), DROP_NONE);
		for (unsigned order = 0; wire_get(wire, TIME_NEVER, &got, 1); order++)
			landing[n++] = (struct landing){got.time_ns, p, order, number(&got)};
		wire_destroy(wire);
	}
	CU_ASSERT_EQUAL_FATAL(n, SENT);
	qsort(landing, n, sizeof(*landing), landing_compare);
}

/* Two jittered paths of which one reorders, and a slower line, turned in bursts at uneven times. */
static void
test_merge(void)
{
	static struct landing landing[SENT];
	struct cfg_path path[3] = {
		path_plain(8000000000, 200), path_plain(0, 500), path_plain(6000000000, 900)};
	struct cfg_link cfg = {.name = "wan", .select = CFG_SELECT_PACKET, .paths = path, .n_paths = 3};
	struct wire_arrival got[16];
	struct paths *paths;
	struct rng rng;
	unsigned n = 0;

	path[0].jitter = path[1].jitter = CFG_JITTER_UNIFORM;
	path[0].jitter_scale = path[1].jitter_scale = 600;
	path[0].reorder = false;
	path[0].name = "fast";
	path[1].name = NULL;
	path[2].name = "slow";
	landings_sorted(path, landing);
	rng_init(&rng, 1, "turns");
	CU_ASSERT_EQUAL_FATAL(paths_create(&cfg, 1, 5, NULL, NULL, &paths), ST_OK);
	for (uintptr_t i = 0; n < SENT;) {
		uint64_t now = i * 40;
		for (uint64_t burst = rng_below(&rng, 12); burst && i < SENT; burst--, i++)
			CU_ASSERT_EQUAL(paths_put(paths, packet(i), 100, 0, i * 40), DROP_NONE);
		if (i == SENT)
			now = TIME_NEVER;
		CU_ASSERT_EQUAL(paths_held(paths), i - n);
		unsigned max = 1 + (unsigned)rng_below(&rng, 16);
		unsigned taken = paths_get(paths, now, got, max);
		CU_ASSERT(taken == max || paths_next_due(paths) > now || now == TIME_NEVER);
		for (unsigned k = 0; k < taken; k++, n++) {
			CU_ASSERT_FATAL(got[k].time_ns <= now);
			CU_ASSERT_EQUAL_FATAL(got[k].time_ns, landing[n].time_ns);
			CU_ASSERT_EQUAL_FATAL(number(&got[k]), landing[n].pkt);
		}
		CU_ASSERT_EQUAL(paths_next_due(paths) == TIME_NEVER, paths_held(paths) == 0);
	}
	paths_destroy(paths);
}

/* The two directions of a link, and two links, draw from streams of their own. */
static void
test_streams(void)
{
	struct cfg_path path = path_plain(0, 0);
	struct cfg_link cfg = {.name = "wan", .paths = &path, .n_paths = 1};
	struct paths *paths[3];
	unsigned differ[3] = {0};
	path.loss = 0.5;
	for (unsigned i = 0; i < 3; i++) {
		cfg.name = i == 2 ? "lan" : "wan";
		CU_ASSERT_EQUAL_FATAL(paths_create(&cfg, i == 1, 1, NULL, NULL, &paths[i]), ST_OK);
	}
	for (uint64_t t = 0; t < 400; t++) {
		enum drop drop[3];
		for (unsigned i = 0; i < 3; i++) {
			drop[i] = paths_put(paths[i], packet(1), 100, 0, t);
			differ[i] += drop[i] != drop[0];
		}
	}
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT(i == 0 || (differ[i] > 150 && differ[i] < 250));
		paths_destroy(paths[i]);
	}
}

int
suite_paths(void)
{
	CU_pSuite s = CU_add_suite("paths", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_create);
	CU_ADD_TEST(s, test_empty);
	CU_ADD_TEST(s, test_single);
	CU_ADD_TEST(s, test_select_packet);
	CU_ADD_TEST(s, test_select_flow);
	CU_ADD_TEST(s, test_select_weight);
	CU_ADD_TEST(s, test_merge_ties);
	CU_ADD_TEST(s, test_merge);
	CU_ADD_TEST(s, test_streams);
	return (int)CU_get_error();
}
