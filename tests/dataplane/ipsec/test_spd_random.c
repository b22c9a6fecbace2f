/* Random rules of many shapes that overlap: what the policy database finds is what looking at one rule after
 * the other finds. */
#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "dataplane/ipsec/spd.h"

int suite_spd_random(void);

/* A prefix of any length, of one family or the other, in a small world so that rules overlap. */
static struct cfg_prefix
prefix_draw(struct rng *rng)
{
	static const uint8_t lens[] = {0, 96, 104, 112, 120, 126, 127, 128};
	struct cfg_prefix prefix = {.len = lens[rng_below(rng, 8)]};

	if (rng_below(rng, 8)) {
		prefix.addr = ip_v4(
			0x0a000000u | (uint32_t)rng_below(rng, 4) << 8 | (uint32_t)rng_below(rng, 4));
		return prefix;
	}
	prefix.addr = (struct ip_addr){UINT64_C(0x20010db800000000), rng_below(rng, 4)};
	prefix.len = (uint8_t)(prefix.len / 2);
	prefix.only_v6 = true;
	return prefix;
}

static struct ip_addr
address_draw(struct rng *rng, bool v6)
{
	uint32_t low = (uint32_t)rng_below(rng, 4);

	return v6 ? (struct ip_addr){UINT64_C(0x20010db800000000), low}
		  : ip_v4(0x0a000000u | (uint32_t)rng_below(rng, 4) << 8 | low);
}

static struct cfg_policy
policy_draw(struct rng *rng)
{
	struct cfg_policy p = {.action = CFG_BYPASS,
		.direction = rng_below(rng, 2) ? CFG_OUT : CFG_IN,
		.proto = 256,
		.sport = {0, UINT16_MAX},
		.dport = {0, UINT16_MAX}};

	p.src = prefix_draw(rng);
	p.dst = prefix_draw(rng);
	if (!rng_below(rng, 3))
		p.proto = 17;
	if (!rng_below(rng, 3))
		p.dport = (struct cfg_range16){80, (uint16_t)(80 + rng_below(rng, 2))};
	if (!rng_below(rng, 4))
		p.dscp = UINT64_C(1) << 10;
	return p;
}

/* The first that matches, looked for one by one. */
static const struct cfg_policy *
find_slowly(const struct cfg_gateway *g, enum cfg_direction direction, const struct selector *s)
{
	for (unsigned i = 0; i < g->n_policies; i++)
		if (g->policies[i].direction == direction && policy_matches(&g->policies[i], s))
			return &g->policies[i];
	return NULL;
}

static void
test_random_rules(void)
{
	struct cfg_policy rules[200];
	struct rng rng;

	rng_init(&rng, 1, "spd");
	for (unsigned turn = 0; turn < 100; turn++) {
		struct cfg_gateway g = {.policies = rules, .n_policies = (unsigned)rng_below(&rng, 201)};
		struct spd *spd;

		for (unsigned i = 0; i < g.n_policies; i++)
			rules[i] = policy_draw(&rng);
		CU_ASSERT_EQUAL_FATAL(spd_create(&g, &spd), ST_OK);
		for (unsigned i = 0; i < 200; i++) {
			bool v6 = !rng_below(&rng, 8);
			enum cfg_direction direction = rng_below(&rng, 2) ? CFG_OUT : CFG_IN;
			struct selector s = {.sport = 5000, .has_ports = 1};

			s.src = address_draw(&rng, v6);
			s.dst = address_draw(&rng, v6);
			s.proto = rng_below(&rng, 2) ? 17 : 6;
			s.dport = (uint16_t)(79 + rng_below(&rng, 4));
			s.dscp = rng_below(&rng, 2) ? 10 : 0;
			CU_ASSERT_PTR_EQUAL(spd_find(spd, direction, &s), find_slowly(&g, direction, &s));
		}
		spd_destroy(spd);
	}
}

int
suite_spd_random(void)
{
	CU_pSuite s = CU_add_suite("spd_random", NULL, NULL);

	CU_ADD_TEST(s, test_random_rules);
	return 0;
}
