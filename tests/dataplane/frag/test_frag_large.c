/* Packets at the limit of what IP can carry, 65,535 bytes, and last pieces at the end of a full buffer.
 * Random sizes stand in test_frag_random.c. */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/sa.h"
#include "dataplane/pool.h"
#include "tests/dataplane/frag/frag_rig.h"

int suite_frag_large(void);

struct large {
	struct kit_gateway g;
	struct rte_mempool *pool, *before;
	uint8_t was[PKT_BYTES_MAX];
};

static struct large *
start(bool inner6, bool transport, uint32_t bytes, uint32_t tfc)
{
	struct large *l = calloc(1, sizeof(*l));

	CU_ASSERT_FATAL(l && kit_init());
	CU_ASSERT_EQUAL_FATAL(pool_create(512, bytes, &l->pool), ST_OK);
	l->before = kit_pool_swap(l->pool);
	rig_init(&l->g, "esp-gcm 128", inner6, false);
	l->g.ports[0].mtu = PKT_BYTES_MAX;
	l->g.ports[1].mtu = 1500;
	l->g.cfg.fragmentation = tfc ? CFG_FRAG_BEFORE : CFG_FRAG_AFTER;
	l->g.sas[0].df = CFG_DF_CLEAR;
	l->g.sas[0].tfc = tfc;
	l->g.sas[0].mode = l->g.sas[1].mode = transport ? CFG_MODE_TRANSPORT : CFG_MODE_TUNNEL;
	if (transport) {
		l->g.sas[0].src = IP_V4(KIT_LAN_SRC);
		l->g.sas[0].dst = IP_V4(KIT_LAN_DST);
		l->g.cfg.n_sas = l->g.cfg.n_policies = 1;
		l->g.routes[0].port = 1;
	}
	CU_ASSERT_FATAL(kit_gateway_start(&l->g));
	return l;
}

static void
stop(struct large *l)
{
	CU_ASSERT_EQUAL(kit_books(&l->g), 0);
	kit_gateway_stop(&l->g);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(l->pool), 512);
	kit_pool_swap(l->before);
	pool_destroy(l->pool);
	free(l);
}

static void
send(struct large *l, bool v6, uint32_t len)
{
	uint8_t *ip = l->was;

	for (uint32_t i = 48; i < len; i++)
		ip[i] = (uint8_t)(i * 167 >> 3);
	memset(ip, 0, 48);
	if (v6) {
		ip[0] = 0x60;
		store_be16(ip + 4, (uint16_t)(len - 40));
		ip[6] = 17;
		ip[7] = 64;
		ip_store6(ip + 8, RIG_SRC6);
		ip_store6(ip + 24, RIG_DST6);
	} else {
		ip[0] = 0x45;
		store_be16(ip + 2, (uint16_t)len);
		ip[8] = 64;
		ip[9] = 17;
		store_be32(ip + 12, KIT_LAN_SRC);
		store_be32(ip + 16, KIT_LAN_DST);
		ipv4_checksum_set(ip, 20);
	}
	kit_send(&l->g, 0, kit_bytes(ip, len), 1);
}

/* It arrives as it was. */
static void
check_arrives(struct large *l, uint32_t len)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < l->g.port[1].n_out; i++)
		CU_ASSERT(rte_pktmbuf_data_len(l->g.port[1].out[i]) <= 1500);
	rig_cross(&l->g, true);
	m = rig_join(&l->g.port[0]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT(rig_same(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m), l->was, len));
	rte_pktmbuf_free(m);
}

/* The largest that is one packet once protected is cut after encryption, as it was asked for; larger ones
 * before, where they may be cut. */
static void
test_edge(void)
{
	for (unsigned i = 0; i < 6; i++) {
		bool v6 = i & 1;
		struct large *l = start(v6, false, PKT_BYTES_MAX, 0);
		uint32_t most = ipsec_inner_max(&dp_sa(l->g.dp, 0)->wire, PKT_BYTES_MAX, 0);
		uint32_t len = i < 2 ? most : i < 4 ? most + 1 : PKT_BYTES_MAX;

		CU_ASSERT(most > 65400 && most < PKT_BYTES_MAX);
		send(l, v6, len);
		if (v6 && i > 1) {
			CU_ASSERT_EQUAL(kit_drops(&l->g, DROP_TOO_BIG), 1);
			CU_ASSERT_EQUAL(dp_sa(l->g.dp, 0)->seq, 0);
			CU_ASSERT_EQUAL_FATAL(l->g.port[0].n_out, 1);
			CU_ASSERT_EQUAL(rig_proto(l->g.port[0].out[0]), 58);
		} else {
			CU_ASSERT_EQUAL(dp_sa(l->g.dp, 0)->seq > 1, i > 1);
			check_arrives(l, len);
		}
		stop(l);
	}
}

/* Transport mode has nobody who may cut before. */
static void
test_transport(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct large *l = start(false, true, PKT_BYTES_MAX, 0);
		uint32_t len = ipsec_inner_max(&dp_sa(l->g.dp, 0)->wire, PKT_BYTES_MAX, 20) + i;

		send(l, false, len);
		CU_ASSERT_EQUAL(kit_drops(&l->g, DROP_TOO_BIG), i);
		CU_ASSERT_EQUAL(dp_sa(l->g.dp, 0)->seq, !i);
		CU_ASSERT_EQUAL(l->g.port[1].n_out, i ? 0 : 65535 / 1480 + 1);
		stop(l);
	}
}

/* TFC makes a short last piece long, and the buffer ends where it does. */
static void
test_tfc(void)
{
	struct large *l = start(false, false, 1500, 1400);

	send(l, false, 1500);
	CU_ASSERT_EQUAL(dp_sa(l->g.dp, 0)->seq, 2);
	check_arrives(l, 1500);
	stop(l);
}

int
suite_frag_large(void)
{
	CU_pSuite s = CU_add_suite("frag_large", NULL, NULL);

	CU_ADD_TEST(s, test_edge);
	CU_ADD_TEST(s, test_transport);
	CU_ADD_TEST(s, test_tfc);
	return 0;
}
