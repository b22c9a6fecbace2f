/* Where IPsec ends: own addresses, hosts of transport SAs, NAT-T, and the search among many. */
#include "dataplane/local.h"

#include <stdlib.h>

#include <CUnit/CUnit.h>

int suite_local(void);

#define MANY 100u

static struct ip_addr
address6(uint64_t hi, uint64_t lo)
{
	return (struct ip_addr){hi, lo};
}

static void
test_kinds(void)
{
	struct cfg_prefix more = CFG_PREFIX_V4(0x0a050001, 16);
	struct cfg_port ports[2] = {{.address = CFG_PREFIX_V4(0x0a010001, 16), .more = &more, .n_more = 1},
		{.address = {.addr = {1, 1}, .len = 64}}};
	struct cfg_sa sas[] = {
		{.direction = CFG_IN, .dst = {1, 1}, .src = IP_V4(9)},
		{.direction = CFG_IN, .dst = IP_V4(7), .mode = CFG_MODE_TRANSPORT},
		{.direction = CFG_OUT, .dst = IP_V4(8), .mode = CFG_MODE_TRANSPORT},
		{.direction = CFG_IN, .dst = {1, 1}, .natt = true},
		{.direction = CFG_IN, .dst = IP_V4(7), .mode = CFG_MODE_TRANSPORT},
	};
	struct cfg_gateway cfg = {.ports = ports, .n_ports = 2, .sas = sas, .n_sas = 5};
	struct local *local = local_create(&cfg);
	const struct local_address *found;

	CU_ASSERT_PTR_NOT_NULL_FATAL(local);
	CU_ASSERT_EQUAL(local->n, 4);
	CU_ASSERT_TRUE(local->natt);
	found = local_find(local, ip_v4(0x0a010001));
	CU_ASSERT(found && found->own && !found->natt);
	found = local_find(local, ip_v4(0x0a050001)); /* a port's second */
	CU_ASSERT(found && found->own && !found->natt);
	found = local_find(local, address6(1, 1));
	CU_ASSERT(found && found->own && found->natt);
	found = local_find(local, ip_v4(7));
	CU_ASSERT(found && !found->own && !found->natt);
	CU_ASSERT_PTR_NULL(local_find(local, ip_v4(8))); /* outbound */
	CU_ASSERT_PTR_NULL(local_find(local, ip_v4(9)));
	CU_ASSERT_PTR_NULL(local_find(local, address6(1, 2)));
	free(local);
	cfg.n_sas = 3;
	local = local_create(&cfg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(local);
	CU_ASSERT_FALSE(local->natt);
	free(local);
}

/* Any number of addresses of both families, in any order: each is found, and none between. */
static void
test_search(void)
{
	static struct cfg_sa sas[MANY];
	struct cfg_gateway cfg = {.sas = sas};

	for (unsigned i = 0; i < MANY; i++)
		sas[i] = (struct cfg_sa){.direction = CFG_IN,
			.mode = CFG_MODE_TRANSPORT,
			.dst = {i * 37 % MANY % 3, 2 * (uint64_t)(i * 37 % MANY) + 1}};
	for (unsigned n = 0; n <= MANY; n++) {
		struct local *local;

		cfg.n_sas = n;
		local = local_create(&cfg);
		CU_ASSERT_PTR_NOT_NULL_FATAL(local);
		CU_ASSERT_EQUAL(local->n, n);
		for (unsigned i = 0; i < MANY; i++) {
			struct ip_addr a = sas[i].dst;

			CU_ASSERT_EQUAL(local_find(local, a) != NULL, i < n);
			CU_ASSERT_PTR_NULL(local_find(local, address6(a.hi, a.lo + 1)));
			CU_ASSERT_PTR_NULL(local_find(local, address6(a.hi + 3, a.lo)));
		}
		free(local);
	}
}

int
suite_local(void)
{
	CU_pSuite s = CU_add_suite("local", NULL, NULL);

	CU_ADD_TEST(s, test_kinds);
	CU_ADD_TEST(s, test_search);
	return 0;
}
