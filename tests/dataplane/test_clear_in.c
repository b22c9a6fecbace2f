/* Packets that arrive in the clear, at the side where tunnels end and at the other one: which rules let them
 * in, and that the flow cache tells the sides apart (RFC 4301 §5.2, 3b). */
#include "tests/dataplane/clear_rig.h"

int suite_clear_in(void);

static void
packet_check(struct bed *bed, unsigned port, enum place src, enum place dst, unsigned wanted)
{
	for (unsigned again = 0; again < 2; again++) { /* by the rules, and by the cache */
		CU_ASSERT_EQUAL(fate(bed, port, packet(bed, src, dst, 0)), wanted);
		kit_port_empty(&bed->g.port[0]);
		kit_port_empty(&bed->g.port[1]);
	}
}

struct way {
	unsigned port;
	enum place src, dst;
	unsigned wanted;
};

static void
ways_check(const struct rule *rules, unsigned n_rules, const struct way *ways, unsigned n)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct bed bed;

		bed_init(&bed, v6, rules, n_rules);
		bed_start(&bed);
		for (unsigned i = 0; i < n; i++)
			packet_check(&bed, ways[i].port, ways[i].src, ways[i].dst, ways[i].wanted);
		for (unsigned i = n; i-- > 0;) /* and back: the one side does not teach the other */
			packet_check(&bed, ways[i].port, ways[i].src, ways[i].dst, ways[i].wanted);
		bed_stop(&bed);
	}
}

#define CHECK(rules, ways) ways_check(rules, COUNT(rules), ways, COUNT(ways))

/* Rules for the tunnel alone. */
static void
test_tunnel(void)
{
	static const struct rule rules[] = {TUNNEL};
	static const struct way ways[] = {
		{1, THERE, HERE, DROP_NOT_IPSEC},
		{0, THERE, HERE, DROP_POLICY_NONE},
		{0, HERE, THERE, LEFT(1)},
		{1, HERE, THERE, DROP_POLICY_NONE}, /* encrypted it would pass for one of ours */
		{1, ELSE, HERE, DROP_POLICY_NONE},
		{1, ELSE, SELF, DROP_POLICY_NONE},
		{0, HERE, SELF, DROP_NOT_MINE},
	};

	CHECK(rules, ways);
}

/* All else may go out in the clear: that is no leave to come in. */
static void
test_bypass_out(void)
{
	static const struct rule rules[] = {TUNNEL, OUT(BYPASS, ANY, ANY)};
	static const struct way ways[] = {
		{1, THERE, HERE, DROP_NOT_IPSEC},
		{0, THERE, HERE, LEFT(0)}, /* the same five words */
		{1, ELSE, HERE, DROP_POLICY_NONE},
		{0, HERE, ELSE, LEFT(1)},
		{0, HERE, THERE, LEFT(1)},
		{1, HERE, THERE, DROP_POLICY_NONE},
	};

	CHECK(rules, ways);
}

/* A rule of the way in is enough for what stays inside; what leaves where tunnels end wants one of the way
 * out. */
static void
test_bypass_in(void)
{
	static const struct rule rules[] = {TUNNEL, IN(BYPASS, ANY, ANY)};
	static const struct rule first[] = {IN(BYPASS, ANY, ANY), TUNNEL};
	static const struct way ways[] = {
		{1, THERE, HERE, DROP_NOT_IPSEC},
		{1, ELSE, HERE, LEFT(0)},
		{1, ELSE, SELF, DROP_NOT_MINE},
		{1, HERE, ELSE, DROP_POLICY_NONE},
		{1, HERE, THERE, LEFT(1)}, /* by the tunnel, from a host on the wrong side: so it was asked */
		{0, ELSE, HERE, DROP_POLICY_NONE},
	};
	static const struct way first_ways[] = {{1, THERE, HERE, LEFT(0)}};

	CHECK(rules, ways);
	CHECK(first, first_ways);
}

static void
test_discard_in(void)
{
	static const struct rule rules[] = {IN(DISCARD, ELSE, ANY), TUNNEL, OUT(BYPASS, ANY, ANY)};
	static const struct way ways[] = {
		{1, ELSE, HERE, DROP_POLICY_DISCARD},
		{1, ELSE, SELF, DROP_POLICY_DISCARD},
		{1, THERE, HERE, DROP_NOT_IPSEC},
		{0, ELSE, HERE, LEFT(0)},
	};

	CHECK(rules, ways);
}

/* A hub: whatever comes in has to come by its tunnels. */
static void
test_hub(void)
{
	static const struct rule rules[] = {IN(PROTECT, ANY, ANY), OUT(PROTECT, ANY, THERE)};
	static const struct way ways[] = {
		{1, ELSE, HERE, DROP_NOT_IPSEC},
		{1, ELSE, THERE, DROP_NOT_IPSEC},
		{1, ELSE, SELF, DROP_NOT_IPSEC},
		{0, HERE, THERE, LEFT(1)},
	};

	CHECK(rules, ways);
}

/* Without rules of the way in those of the way out hold, read backwards. */
static void
test_backwards(void)
{
	static const struct rule rules[] = {
		OUT(PROTECT, HERE, THERE), OUT(BYPASS, HERE, ELSE), OUT(DISCARD, SELF, ANY)};
	static const struct way ways[] = {
		{1, THERE, HERE, DROP_NOT_IPSEC},
		{1, ELSE, HERE, LEFT(0)},
		{0, HERE, ELSE, LEFT(1)},
		{0, ELSE, HERE, DROP_POLICY_NONE},
		{1, ELSE, THERE, DROP_POLICY_NONE},
		{1, THERE, SELF, DROP_POLICY_DISCARD},
	};

	CHECK(rules, ways);
}

/* Read backwards with the packet's own DSCP, as the SPD's entries are for both ways. */
static void
test_backwards_dscp(void)
{
	static const struct rule rules[] = {
		{CFG_PROTECT, CFG_OUT, HERE, THERE, UINT64_C(1) << 46}, OUT(BYPASS, HERE, THERE)};

	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct bed bed;

		bed_init(&bed, v6, rules, COUNT(rules));
		bed_start(&bed);
		CU_ASSERT_EQUAL(fate(&bed, 1, packet(&bed, THERE, HERE, 46 << 2)), DROP_NOT_IPSEC);
		CU_ASSERT_EQUAL(fate(&bed, 1, packet(&bed, THERE, HERE, 0)), LEFT(0));
		bed_stop(&bed);
	}
}

/* A gateway without policies protects nothing. */
static void
test_no_policies(void)
{
	static const struct way ways[] = {
		{1, THERE, HERE, LEFT(0)}, {1, ELSE, SELF, DROP_NOT_MINE}, {0, HERE, ELSE, LEFT(1)}};

	ways_check(NULL, 0, ways, COUNT(ways));
}

/* Transport mode for the host behind: its other traffic wants rules like any. */
static void
test_transport(void)
{
	static const struct rule rules[] = {TUNNEL, OUT(BYPASS, ANY, ANY), IN(BYPASS, ELSE, HERE)};

	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct bed bed;

		bed_init(&bed, v6, rules, COUNT(rules));
		for (unsigned s = 0; s < 2; s++) {
			bed.g.sas[s].mode = CFG_MODE_TRANSPORT;
			bed.g.sas[s].src = address(s ? THERE : HERE, v6);
			bed.g.sas[s].dst = address(s ? HERE : THERE, v6);
		}
		bed_start(&bed);
		packet_check(&bed, 1, THERE, HERE, DROP_NOT_IPSEC);
		packet_check(&bed, 0, THERE, HERE, LEFT(0));
		packet_check(&bed, 1, ELSE, HERE, LEFT(0));
		bed_stop(&bed);
	}
}

/* The audit's words: who, to whom, and no SPI (RFC 4301 §5.2). */
static void
test_event(void)
{
	static const struct rule rules[] = {TUNNEL};

	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct drop_event event;
		struct bed bed;

		bed_init(&bed, v6, rules, COUNT(rules));
		bed_start(&bed);
		bed.g.port[1].in[bed.g.port[1].n_in++] = packet(&bed, THERE, HERE, 8);
		while (dp_turn(bed.g.dp, 7))
			;
		CU_ASSERT_EQUAL(kit_drop(&bed.g, &event), DROP_NOT_IPSEC);
		CU_ASSERT(ip_equal(event.src, address(THERE, v6)) && ip_equal(event.dst, address(HERE, v6)));
		CU_ASSERT(event.proto == 17 && event.dscp == 2 && event.spi == 0 && event.sa == NULL);
		CU_ASSERT(event.time_ns == 7 && event.bytes == 100);
		bed_stop(&bed);
	}
}

int
suite_clear_in(void)
{
	CU_pSuite s = CU_add_suite("clear_in", NULL, NULL);

	CU_ADD_TEST(s, test_tunnel);
	CU_ADD_TEST(s, test_bypass_out);
	CU_ADD_TEST(s, test_bypass_in);
	CU_ADD_TEST(s, test_discard_in);
	CU_ADD_TEST(s, test_hub);
	CU_ADD_TEST(s, test_backwards);
	CU_ADD_TEST(s, test_backwards_dscp);
	CU_ADD_TEST(s, test_no_policies);
	CU_ADD_TEST(s, test_transport);
	CU_ADD_TEST(s, test_event);
	return 0;
}
