/* dataplane/qos/drr.c: shares to within a packet in every round, order, and forfeits. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "dataplane/qos/drr.h"

int suite_drr(void);

#define CLASSES 4

/* The class sends its first packet; next_bytes: of the one behind it. */
static void
serve(struct drr *drr, const struct drr_pick *pick, uint32_t next_bytes)
{
	uint64_t *deficit = drr_begin(drr, pick);

	*deficit -= drr->classes[drr->list[0]].cost;
	drr_end(drr, next_bytes);
}

struct backlog {
	struct drr drr;
	struct rng rng;
	uint32_t size_min, size_max;
	uint32_t first[CLASSES]; /* size of the packet at each head */
	uint64_t served[CLASSES];
};

static void
backlog_init(struct backlog *b, const uint64_t *weights, uint32_t size_min, uint32_t size_max)
{
	memset(b, 0, sizeof(*b));
	rng_init(&b->rng, 3, "drr");
	b->size_min = size_min;
	b->size_max = size_max;
	drr_init(&b->drr, weights, CLASSES);
	for (unsigned i = 0; i < CLASSES; i++) {
		b->first[i] = size_min + rng_below(&b->rng, size_max - size_min + 1);
		drr_join(&b->drr, i, b->first[i]);
	}
}

/* Serves one packet of a class that never runs empty. */
static unsigned
backlog_serve(struct backlog *b)
{
	struct drr_pick pick;
	unsigned i = drr_pick(&b->drr, &pick);

	b->served[i] += b->first[i];
	/* Classes prefer different sizes. */
	b->first[i] = b->size_min + rng_below(&b->rng, (b->size_max - b->size_min) / (i + 1) + 1);
	serve(&b->drr, &pick, b->first[i]);
	return i;
}

static const uint64_t weights_odd[CLASSES] = {333333, 1000000, 77777, 2500001};

/* When class 0 begins its (k+1)th visit, each class has had k quanta of 1500 * weight / least weight bytes
 * and used all but what was too little for its next packet. */
static void
test_share_each_round(void)
{
	struct backlog b;
	uint64_t k = 0, least = 77777;
	unsigned last = 0;

	backlog_init(&b, weights_odd, 40, 1500);
	for (unsigned n = 0; n < 200000; n++) {
		struct drr_pick pick;
		unsigned next = drr_pick(&b.drr, &pick);

		if (next == 0 && last != 0) {
			k++;
			for (unsigned i = 0; i < CLASSES; i++) {
				uint64_t due = k * 1500 * weights_odd[i], got = b.served[i] * least;

				CU_ASSERT_TRUE_FATAL(got <= due);
				CU_ASSERT_TRUE_FATAL(got + 1500 * least > due);
			}
		}
		last = backlog_serve(&b);
		CU_ASSERT_EQUAL_FATAL(last, next);
	}
	CU_ASSERT_TRUE(k > 400);
}

/* Packets larger than a quantum: the share still holds, to a packet and a quantum. */
static void
test_share_large_packets(void)
{
	static const uint64_t weights[CLASSES] = {1, 1, 2, 3};
	struct backlog b;

	backlog_init(&b, weights, 8000, 65535);
	for (unsigned n = 0; n < 50000; n++) {
		backlog_serve(&b);
		for (unsigned i = 1; i < CLASSES; i++) {
			int64_t ahead = (int64_t)(b.served[i] / weights[i]) - (int64_t)b.served[0];

			CU_ASSERT_TRUE_FATAL(ahead < 65535 + 1500 && ahead > -65535 - 1500);
		}
	}
}

/* The weights' sizes do not matter, only their ratio; the greatest fit 64 bits. */
static void
test_ratio_only(void)
{
	static const uint64_t small[CLASSES] = {4, 1, 2, 8};
	static const uint64_t large[CLASSES] = {
		UINT64_C(1) << 45,
		UINT64_C(1) << 43,
		UINT64_C(1) << 44,
		UINT64_C(1) << 46,
	};
	struct backlog a, b;

	backlog_init(&a, small, 20, 65535);
	backlog_init(&b, large, 20, 65535);
	for (unsigned n = 0; n < 20000; n++)
		CU_ASSERT_EQUAL_FATAL(backlog_serve(&a), backlog_serve(&b));
}

/* Two equals with packets of 1000: 1500 is one packet and 500 over, 2000 are two. */
static void
test_order_by_hand(void)
{
	static const uint64_t weights[2] = {5, 5};
	static const char want[] = "ABAABBABAABB";
	struct drr drr;
	struct drr_pick pick;

	drr_init(&drr, weights, 2);
	drr_join(&drr, 0, 1000);
	drr_join(&drr, 1, 1000);
	for (unsigned n = 0; want[n]; n++) {
		unsigned i = drr_pick(&drr, &pick);

		CU_ASSERT_EQUAL('A' + i, (unsigned)want[n]);
		serve(&drr, &pick, 1000);
	}
}

static void
test_empty_forfeits(void)
{
	static const uint64_t weights[2] = {1, 1};
	struct drr drr;
	struct drr_pick pick;

	drr_init(&drr, weights, 2);
	drr_join(&drr, 0, 100);
	drr_join(&drr, 1, 1400);
	CU_ASSERT_EQUAL(drr_pick(&drr, &pick), 0);
	serve(&drr, &pick, 0); /* leaves with 1400 over */
	CU_ASSERT_EQUAL(drr.active, 1);
	drr_join(&drr, 0, 1000); /* comes back behind 1, with one quantum: not 2900 */
	CU_ASSERT_EQUAL(drr_pick(&drr, &pick), 1);
	serve(&drr, &pick, 1400);
	CU_ASSERT_EQUAL(drr_pick(&drr, &pick), 0);
	serve(&drr, &pick, 1000);
	CU_ASSERT_EQUAL(drr_pick(&drr, &pick), 1);
}

/* Looking changes nothing, and a class that joins while a decision stands can only come after it. */
static void
test_pick_is_const(void)
{
	static const uint64_t weights[3] = {1, 1, 1};
	struct drr drr, before;
	struct drr_pick pick;

	drr_init(&drr, weights, 3);
	drr_join(&drr, 0, 9000);
	drr_join(&drr, 1, 9000);
	before = drr;
	CU_ASSERT_EQUAL(drr_pick(&drr, &pick), 0);
	CU_ASSERT_EQUAL(pick.rounds, 5);
	CU_ASSERT_EQUAL(memcmp(&before, &drr, sizeof(drr)), 0);
	drr_join(&drr, 2, 40);
	CU_ASSERT_EQUAL(drr_pick(&drr, &pick), 2);
	CU_ASSERT_EQUAL(pick.place, 2);
	CU_ASSERT_EQUAL(pick.rounds, 0);
}

int
suite_drr(void)
{
	CU_pSuite s = CU_add_suite("drr", NULL, NULL);

	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_share_each_round);
	CU_ADD_TEST(s, test_share_large_packets);
	CU_ADD_TEST(s, test_ratio_only);
	CU_ADD_TEST(s, test_order_by_hand);
	CU_ADD_TEST(s, test_empty_forfeits);
	CU_ADD_TEST(s, test_pick_is_const);
	return 0;
}
