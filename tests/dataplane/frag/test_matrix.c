/* The table of docs/fragmentation.md, row by row, through two gateways: MTUs, families outside, what arrives,
 * and what the source is told. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "tests/dataplane/frag/frag_rig.h"

int suite_matrix(void);

enum kind { KIND_V4, KIND_V4_DF, KIND_V6, KIND_V6_MINIMAL, KIND_COUNT };

struct cell {
	bool before, outer6;
	enum cfg_df bit;
	enum kind kind;
	uint32_t mtu;
};

/* [before][bit][kind]: b, a or r; 0 where the table has no row. */
struct table {
	char way[2][3][KIND_COUNT];
	unsigned rows;
};

static const char *const bits[] = {[CFG_DF_COPY] = "copy", [CFG_DF_CLEAR] = "clear", [CFG_DF_SET] = "set"};
static const char *const kinds[] = {"IPv4", "IPv4 with DF", "IPv6", "IPv6, 1280 or less"};

static void
row_read(struct table *table, const char *line)
{
	char when[16], bit[16], kind[32], way[16];

	if (sscanf(line, "| %15[a-z] | %15[a-z] | %31[^|]| %15[a-z] |", when, bit, kind, way) != 4)
		return;
	for (unsigned b = 0; b < 3; b++)
		for (unsigned k = 0; k < KIND_COUNT; k++)
			if (!strcmp(bit, bits[b]) && !strncmp(kind, kinds[k], strlen(kinds[k])) &&
				strlen(kind) == strlen(kinds[k]) + 1) {
				table->way[!strcmp(when, "before")][b][k] = way[0];
				table->rows++;
			}
}

static void
table_read(struct table *table)
{
	FILE *file = fopen(ESPLAB_TESTS "/../docs/fragmentation.md", "r");
	char line[512];

	memset(table, 0, sizeof(*table));
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	while (fgets(line, sizeof(line), file))
		row_read(table, line);
	fclose(file);
}

/* The length is such that it does not fit, and the kind is right. */
static struct rte_mbuf *
packet_make(const struct cell *c, uint32_t *len)
{
	switch (c->kind) {
	case KIND_V6:
		*len = c->mtu > 1281 ? c->mtu : 1281;
		return kit_udp6(RIG_SRC6, RIG_DST6, *len, 46 << 2);
	case KIND_V6_MINIMAL:
		*len = 1280;
		return kit_udp6(RIG_SRC6, RIG_DST6, *len, 46 << 2);
	default:
		*len = c->mtu;
		return c->kind == KIND_V4_DF ? kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, *len, 46 << 2))
					     : kit_udp(KIT_LAN_SRC, KIT_LAN_DST, *len, 46 << 2);
	}
}

static void
cell_start(struct kit_gateway *g, const struct cell *c)
{
	rig_init(g, "esp-aes 128 esp-sha-hmac", c->kind >= KIND_V6, c->outer6);
	g->ports[1].ip_mtu = c->mtu;
	g->sas[0].df = c->bit;
	g->cfg.fragmentation = c->before ? CFG_FRAG_BEFORE : CFG_FRAG_AFTER;
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

/* What left at the WAN fits, and is whole ESP (before) or fragments of one (after). */
static unsigned
wan_wrong(const struct kit_gateway *g, const struct cell *c, bool fragments)
{
	unsigned wrong = g->port[1].n_out < 2;

	for (unsigned i = 0; i < g->port[1].n_out; i++) {
		const struct rte_mbuf *m = g->port[1].out[i];

		wrong += rte_pktmbuf_data_len(m) > c->mtu || rig_is_fragment(m) != fragments;
		wrong += rig_proto(m) != 50 || pkt_of_const(m)->wire_bytes != rte_pktmbuf_data_len(m);
	}
	return wrong;
}

/* Does the packet come out at the other side as it was? */
static bool
arrives(struct kit_gateway *g, const uint8_t *was, uint32_t len, bool backwards)
{
	struct rte_mbuf *whole;
	bool good;

	rig_cross(g, backwards);
	whole = rig_join(&g->port[0]);
	if (!whole)
		return false;
	good = rig_same(rte_pktmbuf_mtod(whole, uint8_t *), rte_pktmbuf_data_len(whole), was, len);
	rte_pktmbuf_free(whole);
	return good;
}

static unsigned
passes(struct kit_gateway *g, const struct cell *c, bool after, bool backwards)
{
	uint32_t len;
	uint8_t was[9216];
	struct rte_mbuf *m = packet_make(c, &len);
	unsigned wrong;

	memcpy(was, rte_pktmbuf_mtod(m, uint8_t *), len);
	kit_send(g, 0, m, 1);
	wrong = wan_wrong(g, c, after);
	wrong += dp_sa(g->dp, 0)->seq != (after ? 1 : g->port[1].n_out);
	wrong += !arrives(g, was, len, backwards);
	return wrong;
}

/* The MTU in the message at port 0, 0 where there is none. */
static uint32_t
told(const struct kit_gateway *g)
{
	const uint8_t *ip;

	if (g->port[0].n_out != 1)
		return 0;
	ip = rte_pktmbuf_mtod(g->port[0].out[0], const uint8_t *);
	if (ip_is_v6(ip))
		return ip[6] == 58 && ip[40] == 2 && ip[41] == 0 ? load_be32(ip + 44) : 0;
	return ip[9] == 1 && ip[20] == 3 && ip[21] == 4 ? load_be16(ip + 26) : 0;
}

/* Dropped, and the source is told what passes. */
static unsigned
refused(struct kit_gateway *g, const struct cell *c)
{
	uint32_t len, mtu, fits;
	unsigned wrong;

	kit_send(g, 0, packet_make(c, &len), 1);
	wrong = g->port[1].n_out || kit_drop(g, NULL) != DROP_TOO_BIG || dp_sa(g->dp, 0)->seq;
	mtu = told(g);
	kit_port_empty(&g->port[0]);
	fits = ipsec_inner_max(&dp_sa(g->dp, 0)->wire, c->mtu, 0);
	if (c->kind == KIND_V6)
		return wrong + (mtu != (fits > 1280 ? fits : 1280));
	wrong += mtu != fits;
	kit_send(g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, mtu + 1, 0)), 2);
	wrong += g->port[1].n_out != 0;
	kit_send(g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, mtu, 0)), 3);
	wrong += g->port[1].n_out != 1 || rte_pktmbuf_data_len(g->port[1].out[0]) > c->mtu;
	return wrong;
}

static unsigned
cell_wrong(const struct cell *c, char way)
{
	struct kit_gateway g;
	unsigned wrong = 0;

	for (unsigned backwards = 0; backwards < 2; backwards++) {
		cell_start(&g, c);
		wrong += way == 'r' ? refused(&g, c) : passes(&g, c, way == 'a', backwards);
		wrong += kit_books(&g) != 0;
		kit_gateway_stop(&g);
	}
	return wrong;
}

static void
test_table(void)
{
	static const uint32_t mtus[] = {576, 1280, 1300, 1400, 1500};
	struct table table;
	unsigned cells = 0;

	table_read(&table);
	CU_ASSERT_EQUAL(table.rows, 24);
	CU_ASSERT_FATAL(kit_init());
	for (unsigned i = 0; i < 2u * 2 * 3 * KIND_COUNT * 5; i++) {
		struct cell c = {.before = i & 1,
			.outer6 = i & 2,
			.bit = (enum cfg_df)(i / 4 % 3),
			.kind = (enum kind)(i / 12 % KIND_COUNT),
			.mtu = mtus[i / 12 / KIND_COUNT]};
		char way = table.way[c.before][c.bit][c.kind];
		unsigned wrong;

		if ((c.outer6 && c.mtu < 1280) || (c.kind == KIND_V6_MINIMAL && c.mtu > 1300))
			continue;
		wrong = cell_wrong(&c, way);
		if (wrong)
			printf("\n  %s, df %s, %s in IPv%u, MTU %u: not \"%c\"",
				c.before ? "before" : "after", bits[c.bit], kinds[c.kind], c.outer6 ? 6 : 4,
				c.mtu, way);
		CU_ASSERT_EQUAL(wrong, 0);
		cells++;
	}
	CU_ASSERT_EQUAL(cells, 192);
}

int
suite_matrix(void)
{
	CU_pSuite s = CU_add_suite("matrix", NULL, NULL);

	CU_ADD_TEST(s, test_table);
	return 0;
}
