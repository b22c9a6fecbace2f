/* The mbuf pool of a laboratory: as many as asked for and not one more, with room for what ESP adds. */
#include "dataplane/pool.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

int suite_pool(void);

#define ESP_FRONT 44u  /* IPv4, ESP, IV of 16 */
#define ESP_BEHIND 49u /* 17 of padding and trailer, ICV of 32 */

static int
pointer_order(const void *a, const void *b)
{
	const char *p = *(const char *const *)a, *q = *(const char *const *)b;

	return (p > q) - (p < q);
}

/* Takes them all, uses all of each, and gives them back. */
static void
check_all(unsigned n, uint32_t bytes)
{
	struct rte_mbuf **m = calloc(n, sizeof(*m));
	struct rte_mempool *pool;
	unsigned bad = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL_FATAL(pool_create(n, bytes, &pool), ST_OK);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), n);
	for (unsigned i = 0; i < n; i++) {
		m[i] = rte_pktmbuf_alloc(pool);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m[i]);
		bad += rte_pktmbuf_headroom(m[i]) < ESP_FRONT;
		bad += pkt_behind(m[i]) < bytes + ESP_BEHIND;
		memset(rte_pktmbuf_mtod(m[i], uint8_t *) - ESP_FRONT, (int)i, ESP_FRONT + bytes + ESP_BEHIND);
		memset(pkt_of(m[i]), (int)i, sizeof(struct pkt));
		bad += ((uintptr_t)pkt_of(m[i]) & 63) != 0;
	}
	CU_ASSERT_PTR_NULL(rte_pktmbuf_alloc(pool));
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), 0);
	for (unsigned i = 0; i < n; i++) { /* nobody wrote where another's bytes are */
		const uint8_t *p = rte_pktmbuf_mtod(m[i], const uint8_t *);

		bad += p[0] != (uint8_t)i || p[bytes + ESP_BEHIND - 1] != (uint8_t)i;
		bad += *((const uint8_t *)pkt_of(m[i]) + sizeof(struct pkt) - 1) != (uint8_t)i;
	}
	rte_pktmbuf_free_bulk(m, n);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), n);
	qsort(m, n, sizeof(*m), pointer_order);
	for (unsigned i = 1; i < n; i++)
		bad += m[i] == m[i - 1];
	CU_ASSERT_EQUAL(bad, 0);
	pool_destroy(pool);
	free(m);
}

static void
test_counts(void)
{
	static const unsigned counts[] = {1, 2, 511, 512, 513, 1024, 4095, 8192};

	CU_ASSERT_FATAL(kit_init());
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		check_all(counts[i], 1500);
}

static void
test_sizes(void)
{
	struct rte_mempool *pool;

	CU_ASSERT_FATAL(kit_init());
	check_all(64, 40);
	check_all(64, 1501);
	check_all(64, 9216);
	check_all(64, POOL_BYTES_MAX);
	CU_ASSERT_EQUAL(pool_create(64, POOL_BYTES_MAX + 1, &pool), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(pool_create(64, UINT32_MAX, &pool), ST_ERR_RANGE);
	pool_destroy(NULL);
}

static void
test_clone(void)
{
	struct rte_mbuf *m, *copy, *more[8];
	struct rte_mempool *pool;

	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_EQUAL_FATAL(pool_create(8, 1500, &pool), ST_OK);
	m = rte_pktmbuf_alloc(pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memset(rte_pktmbuf_append(m, 1000), 0x5a, 1000);
	memset(rte_pktmbuf_prepend(m, 44), 0xa5, 44);
	for (unsigned i = 0; i < sizeof(struct pkt); i++)
		((uint8_t *)pkt_of(m))[i] = (uint8_t)(i * 7 + 1);
	copy = pool_clone(pool, m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	CU_ASSERT_PTR_NOT_EQUAL(copy, m);
	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(copy), 1044);
	CU_ASSERT_EQUAL(rte_pktmbuf_pkt_len(copy), 1044);
	CU_ASSERT_EQUAL(rte_pktmbuf_headroom(copy), rte_pktmbuf_headroom(m));
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(copy, void *), rte_pktmbuf_mtod(m, void *), 1044), 0);
	CU_ASSERT_EQUAL(memcmp(pkt_of(copy), pkt_of(m), sizeof(struct pkt)), 0);
	*rte_pktmbuf_mtod(copy, uint8_t *) = 0; /* bytes of its own */
	CU_ASSERT_EQUAL(*rte_pktmbuf_mtod(m, uint8_t *), 0xa5);
	CU_ASSERT_EQUAL(rte_pktmbuf_alloc_bulk(pool, more, 6), 0);
	CU_ASSERT_PTR_NULL(pool_clone(pool, m));
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(copy);
	rte_pktmbuf_free_bulk(more, 6);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), 8);
	pool_destroy(pool);
}

/* Laboratories one after another, and two at once. */
static void
test_many_pools(void)
{
	struct rte_mempool *one, *two;

	CU_ASSERT_FATAL(kit_init());
	for (unsigned i = 0; i < 50; i++) {
		CU_ASSERT_EQUAL_FATAL(pool_create(16, 1500, &one), ST_OK);
		CU_ASSERT_EQUAL_FATAL(pool_create(16, 1500, &two), ST_OK);
		CU_ASSERT_PTR_NOT_EQUAL(one, two);
		pool_destroy(one);
		pool_destroy(two);
	}
}

int
suite_pool(void)
{
	CU_pSuite s = CU_add_suite("pool", NULL, NULL);

	CU_ADD_TEST(s, test_counts);
	CU_ADD_TEST(s, test_sizes);
	CU_ADD_TEST(s, test_clone);
	CU_ADD_TEST(s, test_many_pools);
	return 0;
}
