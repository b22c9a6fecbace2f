/* Headers round ESP for every pair of families and in transport mode, TFC padding, dummies, and ECN on the
 * way in.  RFC 4301 §5.1.2, RFC 6040, RFC 4303 §2.6, §2.7, §3.1.1, RFC 8200.  The plain IPv4 tunnel
 * stands in test_esp.c too; UDP and keepalives in test_natt.c. */
#include "tests/dataplane/ipsec/outer_rig.h"

int suite_outer(void);

/* ---- tunnel ---- */

struct want {
	uint8_t tos, proto;
	bool df;
};

static void
v4_check(const struct outer_rig *rig, const uint8_t *p, uint32_t total, const struct want *want, uint16_t id)
{
	CU_ASSERT_EQUAL(p[0], 0x45);
	CU_ASSERT_EQUAL(p[1], want->tos);
	CU_ASSERT_EQUAL(load_be16(p + 2), total);
	CU_ASSERT_EQUAL(load_be16(p + 4), id);
	CU_ASSERT_EQUAL(load_be16(p + 6), want->df ? 0x4000 : 0);
	CU_ASSERT_EQUAL(p[8], rig->out_cfg.ttl);
	CU_ASSERT_EQUAL(p[9], want->proto);
	CU_ASSERT(kit_checksum_good(p));
	CU_ASSERT_EQUAL(load_be32(p + 12), KIT_SRC);
	CU_ASSERT_EQUAL(load_be32(p + 16), KIT_DST);
}

static void
v6_check(const struct outer_rig *rig, const uint8_t *p, uint32_t total, const struct want *want)
{
	CU_ASSERT_EQUAL(p[0] >> 4, 6);
	CU_ASSERT_EQUAL((load_be32(p) >> 20 & 0xff), want->tos);
	CU_ASSERT_EQUAL(load_be16(p + 4), total - 40);
	CU_ASSERT_EQUAL(p[6], want->proto);
	CU_ASSERT_EQUAL(p[7], rig->out_cfg.ttl);
	CU_ASSERT(!memcmp(p + 8, outer_src6, 16) && !memcmp(p + 24, outer_dst6, 16));
}

static void
udp_check(const struct outer_rig *rig, const uint8_t *p, uint32_t total)
{
	const uint8_t *udp = p + (rig->v6 ? 40 : 20);
	uint32_t bytes = total - (uint32_t)(udp - p);

	CU_ASSERT_EQUAL(load_be16(udp), 4500);
	CU_ASSERT_EQUAL(load_be16(udp + 2), 4500);
	CU_ASSERT_EQUAL(load_be16(udp + 4), bytes);
	if (rig->v6) {
		CU_ASSERT(load_be16(udp + 6) != 0);
		CU_ASSERT_EQUAL(outer_sum(p, 17, udp, bytes), 0);
	} else {
		CU_ASSERT_EQUAL(load_be16(udp + 6), 0);
	}
}

static void
tunnel_check(struct outer_rig *rig, bool v6, uint8_t tos, uint16_t fragment)
{
	const struct cfg_sa *cfg = &rig->out_cfg;
	uint32_t head = (rig->v6 ? 40 : 20) + (cfg->natt ? 8 : 0), len = 60 + tos % 7, total, pad = 0;
	uint8_t room[OUTER_ROOM], inner[100], *packet = room + OUTER_FRONT;
	bool dont = v6 || fragment & 0x4000, tfc; /* routers do not fragment IPv6 (RFC 8200 §5) */
	struct want want = {.proto = cfg->natt ? 17 : 50,
		.tos = (uint8_t)(cfg->dscp < 0 ? tos : cfg->dscp << 2 | (tos & 3)),
		.df = cfg->df == CFG_DF_SET || (cfg->df == CFG_DF_COPY && dont)};
	uint16_t id = rig->out->ip_id;
	struct ipsec_inner where;

	outer_inner(inner, v6, len, tos, fragment);
	total = outer_send(rig, packet, inner, len);
	while ((len + pad + 2) % 4)
		pad++;
	CU_ASSERT_EQUAL(total, head + 8 + 8 + len + pad + 2 + 16);
	CU_ASSERT_EQUAL(total, ipsec_wire_length(rig->out, inner, len));
	if (rig->v6)
		v6_check(rig, packet, total, &want);
	else
		v4_check(rig, packet, total, &want, id);
	if (cfg->natt)
		udp_check(rig, packet, total);
	CU_ASSERT(load_be32(packet + head) == OUTER_SPI && load_be32(packet + head + 4) == rig->seq);
	CU_ASSERT_EQUAL_FATAL(outer_receive(rig, packet, total, &where, &tfc), DROP_NONE);
	CU_ASSERT(where.len == len && !memcmp(packet + where.offset, inner, len) && !tfc);
	rig->seq++;
}

static void
tunnel_run(struct outer_rig *rig)
{
	static const uint16_t fragments[] = {0, 0x4000, 0x2000, 0x6123, 0x00ff};

	outer_start(rig);
	for (unsigned tos = 0; tos < 256; tos++) {
		tunnel_check(rig, true, (uint8_t)tos, 0);
		for (unsigned f = 0; f < 5; f++)
			tunnel_check(rig, false, (uint8_t)tos, fragments[f]);
	}
	outer_stop(rig);
}

static void
test_tunnel(void)
{
	static const int32_t dscps[] = {-1, 0, 1, 46, 63};
	struct outer_rig rig;

	for (unsigned shape = 0; shape < 4; shape++) {
		outer_open(&rig, shape & 1);
		rig.out_cfg.natt = shape & 2;
		for (unsigned i = 0; i < 15; i++) {
			rig.out_cfg.df = (enum cfg_df)(i % 3);
			rig.out_cfg.dscp = dscps[i / 3];
			rig.out_cfg.ttl = (uint8_t)(255 - i * 18);
			tunnel_run(&rig);
		}
		outer_close(&rig);
	}
}

/* RFC 6437 §3: the packets of an SA are a flow; those of another may be another one. */
static void
test_flow_label(void)
{
	uint8_t room[OUTER_ROOM], inner[100], *packet = room + OUTER_FRONT;
	uint32_t labels[32], differ = 0;
	struct outer_rig rig;

	outer_open(&rig, true);
	for (unsigned i = 0; i < 32; i++) {
		rig.out_cfg.spi = 0x1000 + i;
		outer_start(&rig);
		for (unsigned k = 0; k < 4; k++) {
			outer_inner(inner, k & 1, 60, (uint8_t)(k * 77), 0);
			outer_send(&rig, packet, inner, 60);
			CU_ASSERT(!k || labels[i] == (load_be32(packet) & 0xfffff));
			labels[i] = load_be32(packet) & 0xfffff;
		}
		differ += i && labels[i] != labels[i - 1];
		outer_stop(&rig);
	}
	CU_ASSERT_EQUAL(differ, 31);
	outer_close(&rig);
}

/* ---- transport ---- */

/* The packet's own header before ESP, and after: all but what transport mode has to change. */
static void
transport_check(struct outer_rig *rig, const uint8_t *inner, uint32_t len, uint32_t stay, uint32_t next_at)
{
	uint8_t room[OUTER_ROOM], want[600], *packet = room + OUTER_FRONT;
	bool v6 = inner[0] >> 4 == 6, natt = rig->out_cfg.natt, tfc;
	uint32_t at = stay + (natt ? 8 : 0), total = outer_send(rig, packet, inner, len);
	struct ipsec_inner where;

	memcpy(want, inner, stay);
	want[next_at] = natt ? 17 : 50;
	store_be16(want + (v6 ? 4 : 2), (uint16_t)(v6 ? total - 40 : total));
	if (!v6)
		store_be16(want + 10, kit_checksum(want, stay));
	CU_ASSERT(!memcmp(packet, want, stay));
	CU_ASSERT_EQUAL(load_be32(packet + at), OUTER_SPI);
	CU_ASSERT_EQUAL((total - at - 8 - 8 - 16) % 4, 0);
	if (natt) {
		CU_ASSERT_EQUAL(load_be32(packet + stay), 4500 << 16 | 4500);
		CU_ASSERT_EQUAL(load_be16(packet + stay + 4), total - stay);
		CU_ASSERT_EQUAL(v6 ? outer_sum(packet, 17, packet + stay, total - stay)
				   : load_be16(packet + stay + 6), 0);
	}
	CU_ASSERT_EQUAL_FATAL(outer_receive(rig, packet, total, &where, &tfc), DROP_NONE);
	CU_ASSERT(where.len == len && !memcmp(packet + where.offset, inner, len));
	rig->seq++;
}

static void
transport_v4(struct outer_rig *rig)
{
	uint8_t inner[200];

	for (uint32_t head = 20; head <= 60; head += 4)
		for (uint32_t body = 0; body < 20; body++) {
			kit_inner(inner, 200, 0xb9, 0x4000);
			memset(inner + 20, 1, head - 20);
			inner[0] = (uint8_t)(0x40 | head / 4);
			inner[9] = 253;
			store_be16(inner + 2, (uint16_t)(head + body));
			store_be16(inner + 10, kit_checksum(inner, head));
			transport_check(rig, inner, head + body, head, 9);
		}
}

/* What stays, what goes inside, and where the byte stands that names ESP. */
static void
transport_v6(struct outer_rig *rig)
{
	static const struct {
		uint8_t first;
		uint32_t bytes, stay, next_at;
		uint8_t chain[48];
	} rows[] = {
		{253, 0, 40, 6, {0}},
		{0, 8, 48, 40, {253, 0, 1, 4}},
		{60, 8, 40, 6, {253, 0, 1, 4}},
		{0, 16, 48, 40, {60, 0, 1, 4, 0, 0, 0, 0, 253, 0, 1, 4}},
		{60, 32, 72, 48, {43, 0, 1, 4, 0, 0, 0, 0, 253, 2, 0, 0}},
		{0, 48, 80, 56, {60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0, 60, 2, 0, 0, 0, 0, 0, 0,
					0, 0, 0,
					0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 253, 0, 1, 4}},
	};
	uint8_t inner[200];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (uint32_t body = 0; body < 9; body++) {
			uint32_t len = 40 + rows[i].bytes + body;

			outer_inner(inner, true, len, 0x5b, 0);
			inner[6] = rows[i].first;
			memcpy(inner + 40, rows[i].chain, rows[i].bytes);
			transport_check(rig, inner, len, rows[i].stay, rows[i].next_at);
		}
}

static void
test_transport(void)
{
	struct outer_rig rig;

	for (unsigned shape = 0; shape < 4; shape++) {
		outer_open(&rig, shape & 1);
		rig.out_cfg.natt = shape & 2;
		rig.out_cfg.mode = CFG_MODE_TRANSPORT;
		rig.out_cfg.dscp = shape ? -1 : 46; /* says nothing: the header is not ours */
		outer_start(&rig);
		if (rig.v6)
			transport_v6(&rig);
		else
			transport_v4(&rig);
		CU_ASSERT(rig.out->copy_dscp);
		outer_close(&rig);
	}
}

/* RFC 4303 §3.3.4: transport mode takes whole packets only. */
static void
test_fragments(void)
{
	static const uint8_t fragment[8] = {17, 0, 0, 8};
	uint8_t inner[100];
	struct outer_rig rig;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		outer_open(&rig, v6);
		rig.out_cfg.mode = CFG_MODE_TRANSPORT;
		outer_start(&rig);
		outer_inner(inner, v6, 80, 0, 0x2000);
		if (v6) {
			inner[6] = 44;
			memcpy(inner + 40, fragment, 8);
		}
		CU_ASSERT_EQUAL(ipsec_behind(rig.out, inner, 80), UINT32_MAX);
		CU_ASSERT_EQUAL(ipsec_wire_length(rig.out, inner, 80), 80);
		outer_close(&rig);
	}
}

/* ---- TFC, dummies ---- */

static void
test_tfc(void)
{
	uint8_t room[OUTER_ROOM], inner[700], *packet = room + OUTER_FRONT;
	struct ipsec_inner where;
	struct outer_rig rig;
	bool tfc;

	for (unsigned shape = 0; shape < 4; shape++) {
		outer_open(&rig, shape & 1);
		rig.out_cfg.tfc = 500;
		outer_start(&rig);
		for (uint32_t len = 40; len < 620; len++) {
			uint32_t want = len < 500 ? 500 : len, total;

			outer_inner(inner, shape & 2, len, 0, 0);
			memset(room, 0xa5, sizeof(room));
			total = outer_send(&rig, packet, inner, len);
			CU_ASSERT_EQUAL(total, (rig.v6 ? 40 : 20) + 16 + (want + 2 + 3) / 4 * 4 + 16);
			CU_ASSERT_EQUAL(total, ipsec_wire_length(rig.out, inner, len));
			CU_ASSERT_EQUAL(packet[total], 0xa5);
			CU_ASSERT_EQUAL_FATAL(outer_receive(&rig, packet, total, &where, &tfc), DROP_NONE);
			CU_ASSERT(where.len == len && !memcmp(packet + where.offset, inner, len));
			CU_ASSERT_EQUAL(tfc, len < 500);
			for (uint32_t i = len; i < want; i++) /* nothing that lay about is sent */
				CU_ASSERT_EQUAL(packet[where.offset + i], 0);
		}
		outer_close(&rig);
	}
}

/* ---- ECN ---- */

static uint8_t
tos_get(const uint8_t *ip)
{
	return (uint8_t)(ip[0] >> 4 == 6 ? load_be32(ip) >> 20 : ip[1]);
}

static void
tos_set(uint8_t *ip, uint8_t tos)
{
	if (ip[0] >> 4 == 6)
		store_be32(ip, (load_be32(ip) & 0xf00fffff) | (uint32_t)tos << 20);
	else
		ip[1] = tos;
}

/* RFC 6040 Figure 4, as printed: rows inner, columns outer, in the order Not-ECT, ECT(0), ECT(1), CE. */
static void
ecn_check(struct outer_rig *rig, bool v6, unsigned row, unsigned column, uint8_t dscp)
{
	static const uint8_t order[4] = {0, 2, 1, 3};
	static const int figure[4][4] = {{0, 0, 0, -1}, {2, 2, 1, 3}, {1, 1, 1, 3}, {3, 3, 3, 3}};
	uint8_t room[OUTER_ROOM], inner[100], *packet = room + OUTER_FRONT;
	int want = figure[row][column];
	struct ipsec_inner where;
	enum drop drop;
	uint32_t total;
	bool tfc;

	outer_inner(inner, v6, 64, (uint8_t)(dscp << 2 | order[row]), 0);
	total = outer_send(rig, packet, inner, 64);
	CU_ASSERT_EQUAL(tos_get(packet) & 3, order[row]); /* §4.1, normal mode: copied */
	tos_set(packet, (uint8_t)(0x55 << 2 | order[column]));
	drop = outer_receive(rig, packet, total, &where, &tfc);
	CU_ASSERT_EQUAL(drop, want < 0 ? DROP_ECN : DROP_NONE);
	if (drop)
		return;
	tos_set(inner, (uint8_t)(dscp << 2 | want));
	if (!v6)
		store_be16(inner + 10, kit_checksum(inner, 20));
	CU_ASSERT(where.len == 64 && !memcmp(packet + where.offset, inner, 64));
}

static void
test_ecn(void)
{
	struct outer_rig rig;

	for (unsigned shape = 0; shape < 8; shape++) {
		outer_open(&rig, shape & 1);
		rig.out_cfg.natt = shape & 4;
		outer_start(&rig);
		for (unsigned i = 0; i < 4 * 4 * 64; i++)
			ecn_check(&rig, shape & 2, i / 4 % 4, i % 4, (uint8_t)(i / 16));
		outer_close(&rig);
	}
}

int
suite_outer(void)
{
	CU_pSuite s = CU_add_suite("outer", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_tunnel);
	CU_ADD_TEST(s, test_flow_label);
	CU_ADD_TEST(s, test_transport);
	CU_ADD_TEST(s, test_fragments);
	CU_ADD_TEST(s, test_tfc);
	CU_ADD_TEST(s, test_ecn);
	return (int)CU_get_error();
}
