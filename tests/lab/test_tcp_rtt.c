/* lab/tcp/rtt: RFC 6298 §2 with numbers worked out by hand. */
#include <CUnit/CUnit.h>

#include "lab/tcp/rtt.h"

#define MS UINT64_C(1000000)

int suite_tcp_rtt(void);

static void
test_first(void)
{
	struct tcp_rtt rtt;

	tcp_rtt_init(&rtt, 200 * MS);
	CU_ASSERT_EQUAL(rtt.rto, 1000 * MS); /* 2.1 */
	tcp_rtt_sample(&rtt, 400 * MS);	     /* 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR */
	CU_ASSERT_EQUAL(rtt.srtt, 400 * MS);
	CU_ASSERT_EQUAL(rtt.rttvar, 200 * MS);
	CU_ASSERT_EQUAL(rtt.rto, 1200 * MS);
}

static void
test_next(void)
{
	struct tcp_rtt rtt;

	tcp_rtt_init(&rtt, 10 * MS);
	tcp_rtt_sample(&rtt, 400 * MS);
	tcp_rtt_sample(&rtt, 320 * MS); /* 2.3: RTTVAR = 3/4 200 + 1/4 80 = 170, SRTT = 7/8 400 + 1/8 320 */
	CU_ASSERT_EQUAL(rtt.rttvar, 170 * MS);
	CU_ASSERT_EQUAL(rtt.srtt, 390 * MS);
	CU_ASSERT_EQUAL(rtt.rto, 1070 * MS);
	tcp_rtt_sample(&rtt, 470 * MS); /* above: RTTVAR = 3/4 170 + 1/4 80 = 147.5, SRTT = 400 */
	CU_ASSERT_EQUAL(rtt.rttvar, 147500000);
	CU_ASSERT_EQUAL(rtt.srtt, 400 * MS);
	CU_ASSERT_EQUAL(rtt.min, 320 * MS);
	CU_ASSERT_EQUAL(rtt.samples, 3);
}

/* G keeps the RTO above a round trip however steady that is. */
static void
test_least(void)
{
	struct tcp_rtt rtt;

	tcp_rtt_init(&rtt, 200 * MS);
	for (unsigned i = 0; i < 100; i++)
		tcp_rtt_sample(&rtt, 50 * MS);
	CU_ASSERT_EQUAL(rtt.srtt, 50 * MS);
	CU_ASSERT_EQUAL(rtt.rto, 250 * MS);
}

static void
test_back_off(void)
{
	struct tcp_rtt rtt;

	tcp_rtt_init(&rtt, 200 * MS);
	tcp_rtt_sample(&rtt, 100 * MS);
	CU_ASSERT_EQUAL(rtt.rto, 300 * MS);
	for (unsigned i = 1; i < 8; i++) { /* 5.5 */
		tcp_rtt_back_off(&rtt);
		CU_ASSERT_EQUAL(rtt.rto, 300 * MS << i);
	}
	tcp_rtt_back_off(&rtt);
	CU_ASSERT_EQUAL(rtt.rto, 60000 * MS); /* 2.5 */
	tcp_rtt_sample(&rtt, 100 * MS);	      /* a new sample undoes it (§5) */
	CU_ASSERT_EQUAL(rtt.rto, 300 * MS);
}

int
suite_tcp_rtt(void)
{
	CU_pSuite suite = CU_add_suite("tcp_rtt", NULL, NULL);

	CU_add_test(suite, "the first sample", test_first);
	CU_add_test(suite, "the next ones", test_next);
	CU_add_test(suite, "the least time-out", test_least);
	CU_add_test(suite, "back-off", test_back_off);
	return CUE_SUCCESS;
}
