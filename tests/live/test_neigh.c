/* The table of neighbours: who waits, who is asked how often, what is forgotten, and that no packet is lost
 * on the way. */
#include "live/neigh.h"

#include <string.h>

#include <CUnit/CUnit.h>

int suite_neigh(void);

#define S UINT64_C(1000000000)
#define AGEING (60 * S)
#define A IP_V4(0x0a010005)

static const struct cfg_mac mac_a = {{2, 0, 0, 0, 0, 5}}, mac_b = {{2, 0, 0, 0, 0, 6}};
static int packets[2 * NEIGH_HELD];

static struct neigh_table *
table_make(void)
{
	struct neigh_table *table;

	CU_ASSERT_EQUAL_FATAL(neigh_create(AGEING, &table), ST_OK);
	return table;
}

static void
test_wait(void)
{
	struct neigh_table *table = table_make();
	void *released[NEIGH_HELD];
	struct cfg_mac mac;
	bool ask;

	for (unsigned i = 0; i < NEIGH_HELD; i++) {
		CU_ASSERT_EQUAL(neigh_resolve(table, A, &packets[i], S, &mac, &ask), NEIGH_WAIT);
		CU_ASSERT_EQUAL(ask, i == 0); /* one question a second, however many wait */
	}
	CU_ASSERT_EQUAL(neigh_resolve(table, A, &packets[NEIGH_HELD], S, &mac, &ask), NEIGH_FULL);
	CU_ASSERT_EQUAL(neigh_held(table), NEIGH_HELD);
	CU_ASSERT_EQUAL(neigh_learn(table, A, &mac_a, false, S, released), NEIGH_HELD);
	for (unsigned i = 0; i < NEIGH_HELD; i++)
		CU_ASSERT_PTR_EQUAL(released[i], &packets[i]);
	CU_ASSERT_EQUAL(neigh_held(table), 0);
	CU_ASSERT_EQUAL(neigh_resolve(table, A, &packets[0], S, &mac, &ask), NEIGH_KNOWN);
	CU_ASSERT_FALSE(ask);
	CU_ASSERT_EQUAL(memcmp(&mac, &mac_a, sizeof(mac)), 0);
	neigh_destroy(table);
}

/* Nobody answers: NEIGH_TRIES questions, a second apart, and what waited comes back. */
static void
test_silence(void)
{
	struct neigh_table *table = table_make();
	void *released[NEIGH_HELD];
	unsigned n, asked = 1;
	struct ip_addr addr;
	struct cfg_mac mac;
	bool ask;

	CU_ASSERT_EQUAL(neigh_resolve(table, A, &packets[0], S, &mac, &ask), NEIGH_WAIT);
	CU_ASSERT_TRUE(ask);
	for (uint64_t now = S; now < 4 * S; now += S / 10)
		while (neigh_age(table, now, &addr, &ask, released, &n)) {
			CU_ASSERT_TRUE(ask);
			CU_ASSERT_EQUAL(n, 0);
			CU_ASSERT_TRUE(ip_equal(addr, A));
			asked++;
		}
	CU_ASSERT_EQUAL(asked, NEIGH_TRIES);
	CU_ASSERT_TRUE(neigh_age(table, 4 * S, &addr, &ask, released, &n));
	CU_ASSERT_FALSE(ask);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_PTR_EQUAL(released[0], &packets[0]);
	CU_ASSERT_FALSE(neigh_age(table, 4 * S, &addr, &ask, released, &n));
	CU_ASSERT_EQUAL(neigh_held(table), 0);
	neigh_destroy(table);
}

/* Too old, but in use: asked again, used meanwhile, and gone where nobody answers. */
static void
test_doubt(void)
{
	struct neigh_table *table = table_make();
	void *released[NEIGH_HELD];
	uint64_t now = S + AGEING;
	struct ip_addr addr;
	struct cfg_mac mac;
	uint32_t version;
	unsigned n;
	bool ask;

	neigh_learn(table, A, &mac_a, true, S, released);
	CU_ASSERT_EQUAL(neigh_resolve(table, A, NULL, now - 1, &mac, &ask), NEIGH_KNOWN);
	CU_ASSERT_FALSE(ask);
	CU_ASSERT_EQUAL(neigh_resolve(table, A, NULL, now, &mac, &ask), NEIGH_KNOWN);
	CU_ASSERT_TRUE(ask);
	neigh_learn(table, A, &mac_a, false, now, released);
	CU_ASSERT_EQUAL(neigh_resolve(table, A, NULL, now + S, &mac, &ask), NEIGH_KNOWN);
	CU_ASSERT_FALSE(ask);
	now += AGEING;
	version = neigh_version(table);
	CU_ASSERT_EQUAL(neigh_resolve(table, A, NULL, now, &mac, &ask), NEIGH_KNOWN);
	for (unsigned i = 1; i < NEIGH_TRIES; i++) {
		CU_ASSERT_TRUE(neigh_age(table, now + i * S, &addr, &ask, released, &n) && ask);
		while (neigh_age(table, now + i * S, &addr, &ask, released, &n))
			;
	}
	CU_ASSERT_TRUE(neigh_age(table, now + NEIGH_TRIES * S, &addr, &ask, released, &n));
	CU_ASSERT_TRUE(!ask && n == 0);
	CU_ASSERT_NOT_EQUAL(neigh_version(table), version);
	CU_ASSERT_EQUAL(neigh_resolve(table, A, &packets[0], now + 4 * S, &mac, &ask), NEIGH_WAIT);
	CU_ASSERT_EQUAL(neigh_drain(table, released), 1);
	neigh_destroy(table);
}

static void
test_learn(void)
{
	struct neigh_table *table = table_make();
	void *released[NEIGH_HELD];
	uint32_t version = neigh_version(table);
	struct cfg_mac mac;
	bool ask;

	neigh_learn(table, A, &mac_a, false, S, released); /* nobody asked */
	CU_ASSERT_EQUAL(neigh_resolve(table, A, &packets[0], S, &mac, &ask), NEIGH_WAIT);
	CU_ASSERT_EQUAL(neigh_learn(table, A, &mac_a, false, S, released), 1);
	CU_ASSERT_EQUAL(neigh_version(table), version);
	neigh_learn(table, A, &mac_b, false, S, released);
	CU_ASSERT_NOT_EQUAL(neigh_version(table), version);
	CU_ASSERT_EQUAL(neigh_resolve(table, A, NULL, S, &mac, &ask), NEIGH_KNOWN);
	CU_ASSERT_EQUAL(memcmp(&mac, &mac_b, sizeof(mac)), 0);
	CU_ASSERT_EQUAL(neigh_add_static(table, IP_V4(0x0a010009), &mac_a), ST_OK);
	neigh_learn(table, IP_V4(0x0a010009), &mac_b, true, S, released);
	CU_ASSERT_EQUAL(neigh_resolve(table, IP_V4(0x0a010009), NULL, 1000 * S, &mac, &ask), NEIGH_KNOWN);
	CU_ASSERT_EQUAL(memcmp(&mac, &mac_a, sizeof(mac)), 0);
	CU_ASSERT_FALSE(ask);
	neigh_destroy(table);
}

/* More neighbours than there is room for: those for whom packets wait, and static ones, stay. */
static void
test_flood(void)
{
	struct neigh_table *table = table_make();
	void *released[NEIGH_HELD];
	struct cfg_mac mac;
	unsigned held;
	bool ask;

	CU_ASSERT_EQUAL(neigh_resolve(table, A, &packets[0], S, &mac, &ask), NEIGH_WAIT);
	CU_ASSERT_EQUAL(neigh_add_static(table, IP_V4(0x0a010009), &mac_a), ST_OK);
	for (uint32_t i = 0; i < 20 * NEIGH_ENTRIES; i++)
		neigh_learn(table, ip_v4(0x0a020000 + i), &mac_b, true, S, released);
	CU_ASSERT_EQUAL(neigh_resolve(table, IP_V4(0x0a010009), NULL, S, &mac, &ask), NEIGH_KNOWN);
	CU_ASSERT_EQUAL(neigh_learn(table, A, &mac_a, false, S, released), 1);
	held = 0; /* each set is full of addresses with packets in the end, and more are refused */
	for (uint32_t i = 0; i < 20 * NEIGH_ENTRIES; i++)
		held += neigh_resolve(table, ip_v4(0x0a030000 + i), &packets[1], S, &mac, &ask) == NEIGH_WAIT;
	CU_ASSERT_EQUAL(held, NEIGH_ENTRIES - 1); /* but for the static one */
	CU_ASSERT_EQUAL(neigh_held(table), held);
	while (neigh_drain(table, released))
		held--;
	CU_ASSERT_EQUAL(held, 0);
	CU_ASSERT_EQUAL(neigh_held(table), 0);
	neigh_destroy(table);
}

int
suite_neigh(void)
{
	CU_pSuite s = CU_add_suite("neigh", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_wait);
	CU_ADD_TEST(s, test_silence);
	CU_ADD_TEST(s, test_doubt);
	CU_ADD_TEST(s, test_learn);
	CU_ADD_TEST(s, test_flood);
	return (int)CU_get_error();
}
