/* NAT-T: what an inbound packet shows (ipsec_peek), keepalives, the checksum of UDP over IPv6, and those of
 * TCP and UDP in transport mode behind a NAT.  RFC 3948; RFC 8200 §8.1. */
#include "tests/dataplane/ipsec/outer_rig.h"

int suite_natt(void);

/* ---- peek ---- */

struct peek_case {
	const char *name;
	bool v6;
	uint8_t proto;
	uint32_t bytes; /* behind the fixed header */
	uint8_t data[64];
	enum drop want;
	uint32_t at, from; /* from the fixed header's end: ESP or AH; its SPI and number */
	uint8_t kind;
};

#define UDP_4500 0x11, 0x94, 0x11, 0x94, 0, 20, 0, 0

static const struct peek_case peek_cases[] = {
	{"ESP", false, 50, 8, {1, 2, 3, 4, 5, 6, 7, 8}, DROP_NONE, 0, 0, 50},
	{"ESP, 7 bytes", false, 50, 7, {1, 2, 3, 4, 5, 6, 7}, DROP_ESP_LENGTH, 0, 0, 0},
	{"AH", false, 51, 12, {4, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, DROP_NONE, 0, 4, 51},
	{"AH, 11 bytes", false, 51, 11, {4, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7}, DROP_AH_LENGTH, 0, 0, 0},
	{"ESP in UDP", false, 17, 16, {UDP_4500, 1, 2, 3, 4, 5, 6, 7, 8}, DROP_NONE, 8, 8, 50},
	{"from another port", false, 17, 16, {0xea, 0x60, 0x11, 0x94, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},
		DROP_NONE, 8, 8, 50},
	{"to another port", false, 17, 16, {0x11, 0x94, 0x11, 0x95, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},
		DROP_NOT_MINE, 0, 0, 0},
	{"a checksum", false, 17, 16, {0x11, 0x94, 0x11, 0x94, 0, 16, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8},
		DROP_NONE, 8, 8, 50},
	{"keepalive", false, 17, 9, {UDP_4500, 0xff}, DROP_NATT_KEEPALIVE, 0, 0, 0},
	{"another byte", false, 17, 9, {UDP_4500, 0xfe}, DROP_ESP_LENGTH, 0, 0, 0},
	{"two bytes", false, 17, 10, {UDP_4500, 0xff, 0xff}, DROP_ESP_LENGTH, 0, 0, 0},
	{"nothing", false, 17, 8, {UDP_4500}, DROP_ESP_LENGTH, 0, 0, 0},
	{"half a UDP header", false, 17, 7, {UDP_4500}, DROP_ESP_LENGTH, 0, 0, 0},
	{"non-ESP marker", false, 17, 36, {UDP_4500, 0, 0, 0, 0, 1}, DROP_NATT_IKE, 0, 0, 0},
	{"marker alone", false, 17, 12, {UDP_4500, 0, 0, 0, 0}, DROP_NATT_IKE, 0, 0, 0},
	{"three zeros", false, 17, 11, {UDP_4500, 0, 0, 0}, DROP_ESP_LENGTH, 0, 0, 0},
	{"seven bytes in UDP", false, 17, 15, {UDP_4500, 1, 2, 3, 4, 5, 6, 7}, DROP_ESP_LENGTH, 0, 0, 0},
	{"TCP", false, 6, 40, {0x11, 0x94, 0x11, 0x94}, DROP_NOT_MINE, 0, 0, 0},
	{"ESP over IPv6", true, 50, 8, {1, 2, 3, 4, 5, 6, 7, 8}, DROP_NONE, 0, 0, 50},
	{"AH over IPv6", true, 51, 12, {4, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, DROP_NONE, 0, 4, 51},
	{"UDP over IPv6", true, 17, 16, {UDP_4500, 1, 2, 3, 4, 5, 6, 7, 8}, DROP_NONE, 8, 8, 50},
	{"keepalive over IPv6", true, 17, 9, {UDP_4500, 0xff}, DROP_NATT_KEEPALIVE, 0, 0, 0},
	{"behind extensions", true, 0, 32,
		{60, 0, 1, 4, 0, 0, 0, 0, 50, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
			5, 6, 7, 8},
		DROP_NONE, 24, 24, 50},
	{"AH behind routing", true, 43, 20, {51, 0, 0, 0, 0, 0, 0, 0, 4, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},
		DROP_NONE, 8, 12, 51},
	{"UDP behind options", true, 60, 24,
		{17, 0, 1, 4, 0, 0, 0, 0, UDP_4500, 1, 2, 3, 4, 5, 6, 7, 8}, DROP_NONE, 16, 16, 50},
	{"a fragment of IPv6", true, 44, 16, {50, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8}, DROP_NOT_MINE,
		0, 0, 0},
	{"extensions cut off", true, 0, 8, {50, 1, 1, 4}, DROP_IP_HEADER, 0, 0, 0},
	{"no next header", true, 59, 8, {0}, DROP_NOT_MINE, 0, 0, 0},
};

static void
peek_run(const struct guard *guard, const struct peek_case *c, uint32_t options)
{
	uint32_t head = (c->v6 ? 40 : 20) + options, len = head + c->bytes;
	uint8_t *p = guard_back(guard, len);
	struct ipsec_peek peek = {0};
	enum drop drop;

	outer_inner(p, c->v6, c->v6 ? 40 : 20, 0, 0);
	memset(p + 20, 1, c->v6 ? 0 : options);
	p[0] = (uint8_t)(p[0] + options / 4);
	p[c->v6 ? 6 : 9] = c->proto;
	memcpy(p + head, c->data, c->bytes);
	drop = ipsec_peek(p, len, &peek);
	CU_ASSERT_EQUAL(drop, c->want);
	if (drop != c->want)
		printf("%s: %s ", c->name, drop_info[drop].text);
	if (drop)
		return;
	CU_ASSERT_EQUAL(peek.at, head + c->at);
	CU_ASSERT_EQUAL(peek.proto, c->kind);
	CU_ASSERT_EQUAL(peek.spi, 0x01020304);
	CU_ASSERT_EQUAL(peek.seq, 0x05060708);
	CU_ASSERT_EQUAL(load_be32(p + head + c->from), peek.spi);
}

static void
test_peek(void)
{
	struct guard guard;

	guard_init(&guard, 512);
	for (unsigned i = 0; i < sizeof(peek_cases) / sizeof(*peek_cases); i++)
		for (uint32_t options = 0; options <= (peek_cases[i].v6 ? 0 : 40); options += 4)
			peek_run(&guard, &peek_cases[i], options);
	guard_fini(&guard);
}

/* ---- keepalive ---- */

/* RFC 3948 §2.3: a UDP packet with a single byte 0xff. */
static void
keepalive_check(struct outer_rig *rig)
{
	uint8_t p[SA_OUTER_MAX + 2];
	uint32_t head = rig->v6 ? 40 : 20, len;
	uint16_t id = rig->out->ip_id;
	struct ipsec_peek peek;

	memset(p, 0xa5, sizeof(p));
	len = ipsec_keepalive_write(rig->out, p);
	CU_ASSERT_EQUAL_FATAL(len, head + 9);
	CU_ASSERT_EQUAL(load_be64(p + head) >> 16, 0x119411940009);
	CU_ASSERT(p[head + 8] == 0xff && p[head + 9] == 0xa5);
	if (rig->v6) {
		CU_ASSERT_EQUAL(load_be16(p + 4), 9);
		CU_ASSERT(p[6] == 17 && p[7] == 64);
		CU_ASSERT(load_be16(p + head + 6) && !outer_sum(p, 17, p + head, 9));
		CU_ASSERT(!memcmp(p + 8, outer_src6, 16) && !memcmp(p + 24, outer_dst6, 16));
		CU_ASSERT_EQUAL(load_be32(p) >> 20, 0x6b8);
	} else {
		CU_ASSERT_EQUAL(load_be16(p + head + 6), 0);
		CU_ASSERT_EQUAL(load_be32(p), 0x45b8001d);
		CU_ASSERT(load_be16(p + 4) == id && rig->out->ip_id == (uint16_t)(id + 1));
		CU_ASSERT(p[8] == 64 && p[9] == 17 && kit_checksum_good(p));
		CU_ASSERT(load_be32(p + 12) == KIT_SRC && load_be32(p + 16) == KIT_DST);
	}
	CU_ASSERT_EQUAL(ipsec_peek(p, len, &peek), DROP_NATT_KEEPALIVE);
}

static void
test_keepalive(void)
{
	struct outer_rig rig;

	for (unsigned shape = 0; shape < 4; shape++) {
		outer_open(&rig, shape & 1);
		rig.out_cfg.natt = true;
		rig.out_cfg.dscp = 46;
		rig.out_cfg.mode = shape & 2 ? CFG_MODE_TRANSPORT : CFG_MODE_TUNNEL;
		outer_start(&rig);
		keepalive_check(&rig);
		keepalive_check(&rig);
		outer_close(&rig);
	}
}

/* ---- the checksum over IPv6 ---- */

/* A sum of zero is sent as 0xffff: zero would say that there is none. */
static void
test_udp_zero(void)
{
	uint8_t p[64] = {0};
	struct outer_rig rig;
	struct crypto_op op;

	outer_open(&rig, true);
	rig.out_cfg.natt = true;
	outer_start(&rig);
	outer_inner(p, true, 64, 0, 0);
	memcpy(p + 40, "\x11\x94\x11\x94\0\x18", 7);
	p[46] = p[47] = p[62] = p[63] = 0;
	store_be16(p + 62, outer_sum(p, 17, p + 40, 24));
	ipsec_finish(rig.out, p, 64, &op);
	CU_ASSERT_EQUAL(load_be16(p + 46), 0xffff);
	store_be16(p + 62, (uint16_t)(load_be16(p + 62) - 1));
	ipsec_finish(rig.out, p, 64, &op);
	CU_ASSERT_EQUAL(load_be16(p + 46), 1);
	outer_close(&rig);
}

/* ---- transport mode behind a NAT ---- */

struct l4_case {
	const char *name;
	uint8_t proto;
	uint32_t sum_at; /* of the checksum, from the upper header on */
	uint32_t said;	 /* UDP: length that it says of itself, of 40 bytes; 0: all */
	bool none;	 /* UDP: without a checksum */
	bool options;	 /* IPv6: behind destination options */
};

static const struct l4_case l4_cases[] = {
	{"UDP", 17, 6, 0, false, false},
	{"TCP", 6, 16, 0, false, false},
	{"UDP without a checksum", 17, 6, 0, true, false},
	{"UDP in more bytes than it says", 17, 6, 33, false, false}, /* TFC padding (RFC 4303 §2.7) */
	{"UDP behind options", 17, 6, 0, false, true},
	{"TCP behind options", 6, 16, 0, false, true},
	{"another protocol", 253, 6, 0, false, false},
};

/* A packet whose checksum is right. */
static uint32_t
l4_make(uint8_t *ip, const struct l4_case *c, bool v6)
{
	uint32_t head = v6 ? 40 : 20, at = head + (c->options ? 8 : 0), len = at + 40;
	uint32_t bytes = c->said ? c->said : 40;

	outer_inner(ip, v6, len, 0, 0);
	ip[v6 ? 6 : 9] = c->options ? 60 : c->proto;
	if (c->options)
		memcpy(ip + head, (const uint8_t[]){c->proto, 0, 1, 4, 0, 0, 0, 0}, 8);
	if (!v6)
		store_be16(ip + 10, kit_checksum(ip, 20));
	if (c->proto == 17)
		store_be16(ip + at + 4, (uint16_t)bytes);
	store_be16(ip + at + c->sum_at, 0);
	if (!c->none && c->proto != 253)
		store_be16(ip + at + c->sum_at, outer_sum(ip, c->proto, ip + at, bytes));
	return len;
}

/* RFC 3948 §3.1.2: the NAT has put another source there; what comes out has a checksum for that one. */
static void
l4_run(struct outer_rig *rig, const struct l4_case *c)
{
	uint8_t room[OUTER_ROOM], inner[200], *packet = room + OUTER_FRONT, *out;
	uint32_t len = l4_make(inner, c, rig->v6), total = outer_send(rig, packet, inner, len), sum_at;
	struct ipsec_inner where;
	bool tfc;

	packet[rig->v6 ? 20 : 13] ^= 0x5a;
	if (!rig->v6)
		store_be16(packet + 10, kit_checksum(packet, 20));
	CU_ASSERT_EQUAL_FATAL(outer_receive(rig, packet, total, &where, &tfc), DROP_NONE);
	out = packet + where.offset;
	sum_at = len - 40 + c->sum_at;
	CU_ASSERT_EQUAL(where.len, len);
	CU_ASSERT(rig->v6 || kit_checksum_good(out));
	if (c->none || c->proto == 253)
		CU_ASSERT_EQUAL(load_be16(out + sum_at), 0);
	if (!c->none && c->proto != 253) {
		CU_ASSERT_EQUAL(outer_sum(out, c->proto, out + len - 40, c->said ? c->said : 40), 0);
		if (outer_sum(out, c->proto, out + len - 40, c->said ? c->said : 40))
			printf("%s, IPv%c: wrong ", c->name, rig->v6 ? '6' : '4');
	}
	inner[rig->v6 ? 20 : 13] ^= 0x5a;
	memcpy(inner + sum_at, out + sum_at, 2);
	if (!rig->v6)
		store_be16(inner + 10, kit_checksum(inner, 20));
	CU_ASSERT(!memcmp(out, inner, len));
}

static void
test_transport(void)
{
	struct outer_rig rig;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		outer_open(&rig, v6);
		rig.out_cfg.natt = true;
		rig.out_cfg.mode = CFG_MODE_TRANSPORT;
		outer_start(&rig);
		for (unsigned i = 0; i < sizeof(l4_cases) / sizeof(*l4_cases); i++)
			if (v6 || !l4_cases[i].options)
				l4_run(&rig, &l4_cases[i]);
		outer_close(&rig);
	}
}

/* Short bodies in TCP's and UDP's name: nothing beyond them is written. */
static void
test_short(void)
{
	uint8_t room[OUTER_ROOM], inner[100], *packet = room + OUTER_FRONT;
	struct ipsec_inner where;
	struct outer_rig rig;
	uint32_t total;
	bool tfc;

	for (unsigned shape = 0; shape < 4; shape++) {
		outer_open(&rig, shape & 1);
		rig.out_cfg.natt = true;
		rig.out_cfg.mode = CFG_MODE_TRANSPORT;
		outer_start(&rig);
		for (uint32_t body = 0; body < (shape & 2 ? 8 : 18); body++) {
			uint32_t head = rig.v6 ? 40 : 20;

			outer_inner(inner, rig.v6, head + body, 0, 0);
			inner[rig.v6 ? 6 : 9] = shape & 2 ? 17 : 6;
			store_be16(inner + 10, rig.v6 ? 0 : kit_checksum(inner, 20));
			total = outer_send(&rig, packet, inner, head + body);
			CU_ASSERT_EQUAL_FATAL(outer_receive(&rig, packet, total, &where, &tfc), DROP_NONE);
			CU_ASSERT_EQUAL(where.len, head + body);
			CU_ASSERT(!memcmp(packet + where.offset, inner, head + body));
		}
		outer_close(&rig);
	}
}

int
suite_natt(void)
{
	CU_pSuite s = CU_add_suite("natt", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_peek);
	CU_ADD_TEST(s, test_keepalive);
	CU_ADD_TEST(s, test_udp_zero);
	CU_ADD_TEST(s, test_transport);
	CU_ADD_TEST(s, test_short);
	return (int)CU_get_error();
}
