/* Selectors and the policy database: order, prefixes, ranges, DSCP, OPAQUE ports, and the inbound check. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/spd.h"

#define ADDR(a, b, c, d) IP_V4((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define LEFT ADDR(10, 1, 0, 5)	/* behind this gateway */
#define RIGHT ADDR(10, 2, 0, 7) /* behind its peer */
#define ME ADDR(192, 0, 2, 1)
#define PEER ADDR(198, 51, 100, 2)
#define OTHER ADDR(203, 0, 113, 3)

int suite_spd(void);

/* A rule that matches everything. */
static struct cfg_policy
policy_any(enum cfg_action action, enum cfg_direction direction)
{
	struct cfg_policy p = {.action = action, .direction = direction, .proto = 256, .sa_index = CFG_NONE};

	p.sport.hi = UINT16_MAX;
	p.dport.hi = UINT16_MAX;
	return p;
}

static struct cfg_policy
policy_protect(enum cfg_direction direction, uint32_t sa_index)
{
	struct cfg_policy p = policy_any(CFG_PROTECT, direction);

	p.sa_index = sa_index;
	return p;
}

/* UDP, AF11, left to right. */
static struct selector
selector_make(void)
{
	struct selector s = {LEFT, RIGHT, 5000, 80, 17, 10, 1, 0};

	return s;
}

/* ---- selector_read ---- */

static void
test_read(void)
{
	static const uint8_t ip[28] = {
		0x45, 0xbb, 0, 28, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 1, 0, 5, 10, 2, 0, 7, 0x13, 0x88, 0, 80};
	struct selector s;

	selector_read(ip, sizeof(ip), &s);
	CU_ASSERT(ip_equal(s.src, LEFT) && ip_equal(s.dst, RIGHT));
	CU_ASSERT(s.proto == 6 && s.dscp == 46);
	CU_ASSERT(s.has_ports && s.sport == 5000 && s.dport == 80);
}

/* Protocol, options, fragment offset and length decide whether there are ports. */
static void
test_read_ports(void)
{
	uint8_t ip[64] = {0x45};
	struct selector s;

	for (unsigned proto = 0; proto < 256; proto++) {
		ip[9] = (uint8_t)proto;
		selector_read(ip, 24, &s);
		CU_ASSERT_EQUAL(s.has_ports, proto == 6 || proto == 17 || proto == 132);
	}
	ip[9] = 17;
	for (unsigned bit = 0; bit < 16; bit++) { /* only a fragment offset hides them, not DF or MF */
		ip[6] = (uint8_t)(1u << bit >> 8);
		ip[7] = (uint8_t)(1u << bit);
		selector_read(ip, 24, &s);
		CU_ASSERT_EQUAL(s.has_ports, bit >= 13);
		CU_ASSERT(s.sport == 0 && s.dport == 0);
	}
	ip[7] = 0;
	for (uint32_t header = 20; header <= 60; header += 4) {
		memset(ip + 20, 0xff, sizeof(ip) - 20);
		ip[0] = (uint8_t)(0x40 | header / 4);
		memcpy(ip + header, "\x01\x02\x03\x04", 4);
		selector_read(ip, header + 4, &s);
		CU_ASSERT(s.has_ports && s.sport == 0x0102 && s.dport == 0x0304);
		selector_read(ip, header + 3, &s);
		CU_ASSERT(!s.has_ports && s.sport == 0 && s.dport == 0);
	}
}

/* ---- policy_matches ---- */

static void
test_prefix(void)
{
	struct selector s = selector_make();
	struct cfg_policy p = policy_any(CFG_BYPASS, CFG_OUT);

	CU_ASSERT(policy_matches(&p, &s));
	for (uint8_t len = 0; len <= 32; len++) {
		p.src = (struct cfg_prefix){.addr = LEFT, .len = (uint8_t)(IP_V4_LEN + len)};
		p.dst = (struct cfg_prefix){.addr = RIGHT, .len = (uint8_t)(IP_V4_LEN + len)};
		for (unsigned bit = 0; bit < 32; bit++) { /* bit 0 is the most significant one */
			s.src = ip_v4(ip_v4_of(LEFT) ^ UINT32_C(0x80000000) >> bit);
			s.dst = RIGHT;
			CU_ASSERT_EQUAL(policy_matches(&p, &s), bit >= len);
			s.dst = ip_v4(ip_v4_of(RIGHT) ^ UINT32_C(0x80000000) >> bit);
			s.src = LEFT;
			CU_ASSERT_EQUAL(policy_matches(&p, &s), bit >= len);
		}
	}
}

static void
test_proto(void)
{
	struct selector s = selector_make();
	struct cfg_policy p = policy_any(CFG_BYPASS, CFG_OUT);

	for (unsigned want = 0; want <= 256; want++) {
		p.proto = want;
		for (unsigned proto = 0; proto < 256; proto++) {
			s.proto = (uint8_t)proto;
			CU_ASSERT_EQUAL(policy_matches(&p, &s), want == 256 || want == proto);
		}
	}
}

static void
test_ports(void)
{
	static const uint16_t edges[] = {0, 1, 79, 80, 81, 443, 444, 65534, 65535};
	struct selector s = selector_make();
	struct cfg_policy p = policy_any(CFG_BYPASS, CFG_OUT);

	for (unsigned lo = 0; lo < 9; lo++) {
		for (unsigned hi = lo; hi < 9; hi++) {
			p.dport = (struct cfg_range16){edges[lo], edges[hi]};
			for (unsigned i = 0; i < 9; i++) {
				s.dport = edges[i];
				CU_ASSERT_EQUAL(policy_matches(&p, &s), i >= lo && i <= hi);
			}
		}
	}
	p = policy_any(CFG_BYPASS, CFG_OUT);
	p.sport = (struct cfg_range16){5000, 5000};
	CU_ASSERT(policy_matches(&p, &s));
	p.sport = (struct cfg_range16){5001, 6000};
	CU_ASSERT(!policy_matches(&p, &s));
}

/* No ports to see: only rules with any port, even where 0 is in the range. */
static void
test_opaque(void)
{
	struct selector s = selector_make();
	struct cfg_policy p = policy_any(CFG_BYPASS, CFG_OUT);

	s.sport = 0;
	s.dport = 0;
	s.has_ports = 0;
	CU_ASSERT(policy_matches(&p, &s));
	p.sport = (struct cfg_range16){0, 65534};
	CU_ASSERT(!policy_matches(&p, &s));
	p.sport = (struct cfg_range16){0, 65535};
	p.dport = (struct cfg_range16){1, 65535};
	CU_ASSERT(!policy_matches(&p, &s));
	p.dport = (struct cfg_range16){0, 0};
	CU_ASSERT(!policy_matches(&p, &s));
	s.has_ports = 1;
	CU_ASSERT(policy_matches(&p, &s));
}

static void
test_dscp(void)
{
	struct selector s = selector_make();
	struct cfg_policy p = policy_any(CFG_BYPASS, CFG_OUT);

	for (uint8_t dscp = 0; dscp < 64; dscp++) {
		s.dscp = dscp;
		p.dscp = 0;
		CU_ASSERT(policy_matches(&p, &s));
		p.dscp = UINT64_C(1) << dscp;
		CU_ASSERT(policy_matches(&p, &s));
		p.dscp = ~p.dscp;
		CU_ASSERT(!policy_matches(&p, &s));
		p.dscp = UINT64_C(1) << 46 | UINT64_C(1) << 63 | 1;
		CU_ASSERT_EQUAL(policy_matches(&p, &s), dscp == 46 || dscp == 63 || dscp == 0);
	}
}

/* Rules change from line to line here, so each question makes its own database. */
static const struct cfg_policy *
find(const struct cfg_gateway *g, enum cfg_direction direction, const struct selector *s)
{
	const struct cfg_policy *found;
	struct spd *spd;

	CU_ASSERT_EQUAL_FATAL(spd_create(g, &spd), ST_OK);
	found = spd_find(spd, direction, s);
	spd_destroy(spd);
	return found;
}

static int
allowed(const struct cfg_gateway *g, uint32_t sa_index, const struct selector *s)
{
	struct spd *spd;
	int good;

	CU_ASSERT_EQUAL_FATAL(spd_create(g, &spd), ST_OK);
	good = spd_inbound_allowed(spd, sa_index, s);
	spd_destroy(spd);
	return good;
}

/* ---- spd_find ---- */

static void
test_order(void)
{
	struct cfg_policy rules[4] = {
		policy_protect(CFG_IN, 1),
		policy_any(CFG_DISCARD, CFG_OUT),
		policy_any(CFG_BYPASS, CFG_OUT),
		policy_protect(CFG_OUT, 0),
	};
	struct cfg_gateway g = {.policies = rules, .n_policies = 4};
	struct selector s = selector_make();

	rules[1].dport = (struct cfg_range16){23, 23};
	rules[2].proto = 17;
	CU_ASSERT_PTR_EQUAL(find(&g, CFG_OUT, &s), &rules[2]);
	s.dport = 23;
	CU_ASSERT_PTR_EQUAL(find(&g, CFG_OUT, &s), &rules[1]);
	s.has_ports = 0;
	s.proto = 1;
	CU_ASSERT_PTR_EQUAL(find(&g, CFG_OUT, &s), &rules[3]);
	CU_ASSERT_PTR_EQUAL(find(&g, CFG_IN, &s), &rules[0]);
	g.n_policies = 3;
	CU_ASSERT_PTR_NULL(find(&g, CFG_OUT, &s));
	g.n_policies = 0;
	CU_ASSERT_PTR_NULL(find(&g, CFG_IN, &s));
}

/* ---- spd_inbound_allowed ---- */

/* SAs of a gateway with two peers: 0 out, 1 in, 2 a second out to the first; 3 out, 4 in of the other.  5
 * would be another in of the first, but is not counted in. */
static struct cfg_gateway
gateway_make(struct cfg_sa sas[6], struct cfg_policy *rules, unsigned n)
{
	static const struct ip_addr ends[6][2] = {
		{ME, PEER}, {PEER, ME}, {ME, PEER}, {ME, OTHER}, {OTHER, ME}, {PEER, ME}};
	struct cfg_gateway g = {.sas = sas, .n_sas = 5, .policies = rules, .n_policies = n};

	for (unsigned i = 0; i < 6; i++) {
		memset(&sas[i], 0, sizeof(sas[i]));
		sas[i].direction = ip_equal(ends[i][1], ME) ? CFG_IN : CFG_OUT;
		sas[i].src = ends[i][0];
		sas[i].dst = ends[i][1];
	}
	return g;
}

/* What comes back from the right: UDP from port 80 to 5000. */
static struct selector
selector_back(void)
{
	struct selector s = {RIGHT, LEFT, 80, 5000, 17, 10, 1, 0};

	return s;
}

static void
test_inbound_rules(void)
{
	struct cfg_policy rules[3] = {
		policy_protect(CFG_OUT, 0), policy_any(CFG_DISCARD, CFG_IN), policy_protect(CFG_IN, 1)};
	struct selector s = selector_back();
	struct cfg_sa sas[6];
	struct cfg_gateway g = gateway_make(sas, rules, 3);

	rules[1].dport = (struct cfg_range16){23, 23};
	CU_ASSERT(allowed(&g, 1, &s));
	CU_ASSERT(!allowed(&g, 4, &s)); /* right packet, wrong SA */
	CU_ASSERT(!allowed(&g, 5, &s)); /* no such SA */
	s.dport = 23;
	CU_ASSERT(!allowed(&g, 1, &s));
	rules[2].src = (struct cfg_prefix){.addr = LEFT, .len = IP_V4_LEN + 16};
	s.dport = 5000;
	CU_ASSERT(!allowed(&g, 1, &s)); /* no rule at all */
	rules[2] = policy_protect(CFG_IN, 1);
	rules[2].action = CFG_BYPASS;
	CU_ASSERT(!allowed(&g, 1, &s)); /* should have come in clear */
}

/* What hides its upper layer matches rules with any protocol only. */
static void
test_opaque6(void)
{
	struct selector s = selector_make();
	struct cfg_policy p = policy_any(CFG_BYPASS, CFG_OUT);

	s.opaque = 1;
	s.has_ports = 0;
	CU_ASSERT(policy_matches(&p, &s));
	p.proto = s.proto;
	CU_ASSERT(!policy_matches(&p, &s));
	s.opaque = 0;
	CU_ASSERT(policy_matches(&p, &s));
}

/* IPv6, by hand: traffic class, addresses, and ports behind an extension header. */
static void
test_read6(void)
{
	uint8_t ip[56] = {0x6b, 0xb0, 0, 0, 0, 16, 60, 64, 0x20, 1, [23] = 5, [24] = 0x20,
		2, [39] = 7, [40] = 17, [48] = 0x13, 0x88, 0, 80};
	struct selector s;

	selector_read(ip, sizeof(ip), &s);
	CU_ASSERT(ip_equal(s.src, (struct ip_addr){UINT64_C(0x2001) << 48, 5}));
	CU_ASSERT(ip_equal(s.dst, (struct ip_addr){UINT64_C(0x2002) << 48, 7}));
	CU_ASSERT(s.proto == 17 && s.dscp == 46 && !s.opaque);
	CU_ASSERT(s.has_ports && s.sport == 5000 && s.dport == 80);
	selector_read(ip, 51, &s);
	CU_ASSERT(s.proto == 17 && !s.opaque && !s.has_ports && !s.sport && !s.dport);
	selector_read(ip, 47, &s);
	CU_ASSERT(s.opaque && !s.has_ports);
	ip[6] = 17;
	selector_read(ip, sizeof(ip), &s);
	CU_ASSERT(s.has_ports && s.sport == 0x1100 && s.dport == 0);
}

/* Prefixes of both families; "any" takes all, "::/0" no IPv4. */
static void
test_prefix6(void)
{
	struct selector s = selector_make();
	struct cfg_policy p = policy_any(CFG_BYPASS, CFG_OUT);

	p.src = (struct cfg_prefix){.only_v6 = true};
	CU_ASSERT(!policy_matches(&p, &s));
	s.src = s.dst = (struct ip_addr){0x20010db800010002, 0x0003000400050006};
	CU_ASSERT(policy_matches(&p, &s));
	p.src = CFG_PREFIX_V4(0, 0);
	CU_ASSERT(!policy_matches(&p, &s));
	for (unsigned len = 1; len <= 128; len++) {
		p.src = (struct cfg_prefix){.addr = s.dst, .len = (uint8_t)len, .only_v6 = true};
		for (unsigned bit = 0; bit < 128; bit++) {
			s.src = s.dst;
			if (bit < 64)
				s.src.hi ^= UINT64_C(1) << (63 - bit);
			else
				s.src.lo ^= UINT64_C(1) << (127 - bit);
			CU_ASSERT_EQUAL(policy_matches(&p, &s), bit >= len);
		}
	}
}

/* No in-rules: out-rules backwards. */
static void
test_inbound_reverse(void)
{
	struct cfg_policy rule = policy_protect(CFG_OUT, 0);
	struct selector s = selector_back(), wrong;
	struct cfg_sa sas[6];
	struct cfg_gateway g = gateway_make(sas, &rule, 1);

	rule.src = (struct cfg_prefix){.addr = LEFT, .len = IP_V4_LEN + 16};
	rule.dst = (struct cfg_prefix){.addr = RIGHT, .len = IP_V4_LEN + 16};
	rule.sport = (struct cfg_range16){5000, 5999};
	rule.dport = (struct cfg_range16){80, 80};
	rule.proto = 17;
	rule.dscp = UINT64_C(1) << 46; /* left out on the way back */
	CU_ASSERT(allowed(&g, 1, &s));
	CU_ASSERT(!allowed(&g, 4, &s)); /* the other peer's */
	CU_ASSERT(!allowed(&g, 0, &s)); /* not an SA that comes in */
	CU_ASSERT(!allowed(&g, 5, &s)); /* no such SA */
	rule.sa_index = 2;		/* a parallel SA to the same peer is a partner too */
	CU_ASSERT(allowed(&g, 1, &s));
	rule.sa_index = 3;
	CU_ASSERT(!allowed(&g, 1, &s));
	CU_ASSERT(allowed(&g, 4, &s));
	rule.sa_index = 0;
	sas[0].src = OTHER; /* from another address of ours */
	CU_ASSERT(!allowed(&g, 1, &s));
	sas[0].src = ME;
	CU_ASSERT(allowed(&g, 1, &s));
	wrong = s;
	wrong.src = LEFT;
	CU_ASSERT(!allowed(&g, 1, &wrong));
	wrong = s;
	wrong.dport = 80;
	CU_ASSERT(!allowed(&g, 1, &wrong));
	wrong = s;
	wrong.proto = 6;
	CU_ASSERT(!allowed(&g, 1, &wrong));
	rule.action = CFG_BYPASS;
	CU_ASSERT(!allowed(&g, 1, &s));
	g.n_policies = 0;
	CU_ASSERT(!allowed(&g, 1, &s));
}

/* The first rule that can decide does; rules for some DSCPs can only allow. */
static void
test_inbound_reverse_order(void)
{
	struct cfg_policy rules[3] = {policy_any(CFG_BYPASS, CFG_OUT), policy_any(CFG_DISCARD, CFG_OUT),
		policy_protect(CFG_OUT, 0)};
	struct selector s = selector_back();
	struct cfg_sa sas[6];
	struct cfg_gateway g = gateway_make(sas, rules, 3);

	rules[0].dscp = UINT64_C(1) << 48;
	rules[1].dport = (struct cfg_range16){23, 23};
	CU_ASSERT(allowed(&g, 1, &s));
	s.sport = 23; /* such packets never leave, so none is expected back */
	CU_ASSERT(!allowed(&g, 1, &s));
	s.sport = 80;
	rules[0].dscp = 0;
	CU_ASSERT(!allowed(&g, 1, &s));
}

int
suite_spd(void)
{
	CU_pSuite s = CU_add_suite("spd", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_read);
	CU_ADD_TEST(s, test_read_ports);
	CU_ADD_TEST(s, test_prefix);
	CU_ADD_TEST(s, test_prefix6);
	CU_ADD_TEST(s, test_read6);
	CU_ADD_TEST(s, test_opaque6);
	CU_ADD_TEST(s, test_proto);
	CU_ADD_TEST(s, test_ports);
	CU_ADD_TEST(s, test_opaque);
	CU_ADD_TEST(s, test_dscp);
	CU_ADD_TEST(s, test_order);
	CU_ADD_TEST(s, test_inbound_rules);
	CU_ADD_TEST(s, test_inbound_reverse);
	CU_ADD_TEST(s, test_inbound_reverse_order);
	return (int)CU_get_error();
}
