/* Fragments in whole gateways: what a decrypting gateway does with those that do not make a packet, NAT-T and
 * AH in pieces, transport mode, routers, the line of pieces behind a queue, and the books throughout. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/fragment.h"
#include "tests/dataplane/frag/frag_rig.h"

int suite_frag_gateway(void);

#define FLOOD 1000000u

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

/* A gateway whose WAN takes `mtu`; one packet of `bytes` is sent. */
static void
start_and_send(struct kit_gateway *g, bool outer6, uint32_t mtu, uint32_t bytes)
{
	CU_ASSERT_FATAL(kit_init());
	rig_init(g, "esp-gcm 128", false, outer6);
	g->ports[1].mtu = mtu;
	CU_ASSERT_FATAL(kit_gateway_start(g));
	kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0), 1);
}

/* Fragment i of those that wait at the WAN goes to the peer. */
static void
deliver(struct kit_gateway *g, unsigned i, uint64_t now)
{
	struct rte_mbuf *m = g->port[1].out[i];

	g->port[1].n_out--;
	memmove(&g->port[1].out[i], &g->port[1].out[i + 1], (g->port[1].n_out - i) * sizeof(m));
	kit_send(g, 1, m, now);
}

static void
deliver_to_sender(struct kit_gateway *g)
{
	struct rte_mbuf *m = g->port[1].out[0];

	g->port[1].n_out = 0;
	kit_send(g, 0, m, 2000 + 30 * NS_PER_SEC);
}

/* What never gets whole is given up at the instant it says, under its name, and the balance holds at all
 * times. */
static void
test_lost_fragment(void)
{
	for (unsigned outer6 = 0; outer6 < 2; outer6++) {
		struct kit_gateway g;

		start_and_send(&g, outer6, 1280, 4000);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 4);
		deliver(&g, 3, 1000);
		deliver(&g, 0, 2000);
		CU_ASSERT_EQUAL(dp_held(g.peer), 2);
		CU_ASSERT_EQUAL(kit_books(&g), 0);
		CU_ASSERT_EQUAL(dp_next_due(g.peer), 1000 + 30 * NS_PER_SEC);
		while (dp_turn(g.peer, 999 + 30 * NS_PER_SEC))
			;
		CU_ASSERT_EQUAL(dp_held(g.peer), 2);
		while (dp_turn(g.peer, 1000 + 30 * NS_PER_SEC))
			;
		CU_ASSERT_EQUAL(dp_held(g.peer), 0);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_FRAG_TIMEOUT), 2);
		CU_ASSERT_EQUAL(dp_next_due(g.peer), TIME_NEVER);
		CU_ASSERT_EQUAL(g.port[0].n_out, 0);
		stop(&g);
	}
}

/* The source is told if the first fragment came, and only then; it hears that if it was its packet. */
static void
test_late_told(void)
{
	for (unsigned i = 0; i < 8; i++) {
		bool outer6 = i & 1, first = i & 2, allowed = i & 4;
		struct kit_gateway g;
		const uint8_t *ip;
		unsigned told = first && allowed;
		uint32_t head = outer6 ? 40 : 20;

		start_and_send(&g, outer6, 1280, 4000);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 4);
		if (!allowed)
			g.peer->worker->fragments->icmp_cost = 0;
		deliver(&g, 2, 1000);
		deliver(&g, first ? 0 : 1, 1000);
		kit_port_empty(&g.port[1]);
		while (dp_turn(g.peer, 1000 + 30 * NS_PER_SEC))
			;
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_FRAG_TIMEOUT), 2);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, told);
		CU_ASSERT_EQUAL(dp_stats(g.peer)->created, told);
		if (told) {
			ip = rte_pktmbuf_mtod(g.port[1].out[0], const uint8_t *);
			CU_ASSERT(ip[head] == (outer6 ? 3 : 11) && ip[head + 1] == 1 &&
				  !load_be32(ip + head + 4));
			CU_ASSERT_EQUAL(load_be32(ip + head + 8 + head + (outer6 ? 8 : 0)), KIT_SPI);
			if (outer6)
				CU_ASSERT_EQUAL(ip_transport_checksum(ip, 58, ip + 40, load_be16(ip + 4)), 0);
			deliver_to_sender(&g);
			CU_ASSERT_EQUAL(dp_stats(g.dp)->consumed, 1);
			CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, 0);
		}
		stop(&g);
	}
}

static void
test_duplicate_and_overlap(void)
{
	struct kit_gateway g;
	struct rte_mbuf *copy;
	uint8_t *ip;

	start_and_send(&g, false, 1280, 2000);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 2);
	copy = kit_bytes(
		rte_pktmbuf_mtod(g.port[1].out[0], uint8_t *), rte_pktmbuf_data_len(g.port[1].out[0]));
	deliver(&g, 0, 1);
	kit_send(&g, 1, copy, 1);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_FRAG_DUP);
	deliver(&g, 0, 1);
	CU_ASSERT_EQUAL(g.port[0].n_out, 1);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 1);
	CU_ASSERT_EQUAL(dp_stats(g.peer)->consumed, 1);
	kit_port_empty(&g.port[0]);

	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 2000, 0), 1);
	copy = kit_bytes(
		rte_pktmbuf_mtod(g.port[1].out[1], uint8_t *), rte_pktmbuf_data_len(g.port[1].out[1]));
	ip = rte_pktmbuf_mtod(copy, uint8_t *);
	store_be16(ip + 6, load_be16(ip + 6) - 1); /* eight bytes before where it belongs */
	ipv4_checksum_set(ip, 20);
	deliver(&g, 0, 1);
	kit_send(&g, 1, copy, 1);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_FRAG_OVERLAP);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_FRAG_OVERLAP);
	deliver(&g, 0, 1);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_FRAG_OVERLAP);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 1);
	stop(&g);
}

/* A fragment of which a byte was changed fails the ICV of the whole. */
static void
test_changed(void)
{
	struct kit_gateway g;

	start_and_send(&g, false, 1280, 2000);
	rte_pktmbuf_mtod(g.port[1].out[1], uint8_t *)[30] ^= 1;
	rig_cross(&g, false);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_ICV);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_ICV), 1);
	stop(&g);
}

/* More than there is room for in the ring of events: each is counted, and told if somebody listens. */
static void
test_flood(void)
{
	struct kit_gateway g;
	struct drop_event events[64];
	uint64_t told = 0, most = 0;
	unsigned n;
	uint8_t ip[28] = {0x45, 0, 0, 28, 0, 0, 0x20, 1, 64, 50};

	CU_ASSERT_FATAL(kit_init());
	rig_init(&g, "esp-gcm 128", false, false);
	g.cfg.reassembly_max = 1024;
	g.cfg.reassembly_source = 1024;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	store_be32(ip + 12, 0xc0000209);
	store_be32(ip + 16, KIT_WAN_ADDR);
	for (unsigned i = 0; i < FLOOD; i++) {
		store_be16(ip + 4, (uint16_t)(i / 2));
		store_be16(ip + 6, (uint16_t)(0x2001 + i % 2));
		ipv4_checksum_set(ip, 20);
		kit_send(&g, 1, kit_bytes(ip, 28), i);
		while ((n = dp_events(g.peer, events, 64)))
			told += n;
		most = dp_held(g.peer) > most ? dp_held(g.peer) : most;
	}
	CU_ASSERT_EQUAL(most, 2048);
	CU_ASSERT_EQUAL(told, FLOOD - 2048);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_FRAG_LIMIT), FLOOD - 2048);
	for (bool more = true; more;) {
		more = dp_turn(g.peer, 100 * NS_PER_SEC);
		while ((n = dp_events(g.peer, events, 64)))
			told += n;
	}
	CU_ASSERT_EQUAL(told, FLOOD);
	CU_ASSERT_EQUAL(dp_stats(g.peer)->events_lost, 0);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_FRAG_TIMEOUT), 2048);
	stop(&g);
}

/* Without a table fragments are dropped, as is what is no IPsec and for the gateway itself. */
static void
test_off(void)
{
	struct kit_gateway g;

	CU_ASSERT_FATAL(kit_init());
	rig_init(&g, "esp-gcm 128", false, false);
	g.cfg.reassembly_max = 0;
	g.ports[1].mtu = 1280;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 2000, 0), 1);
	CU_ASSERT_EQUAL(g.port[1].n_out, 2);
	rig_cross(&g, false);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_FRAGMENT), 2);
	stop(&g);
}

/* UDP 4500 shows its ports in the first fragment only; what turns out to be something else ends as that. */
static void
test_natt(void)
{
	for (unsigned i = 0; i < 4; i++) {
		struct kit_gateway g;
		bool other = i & 2;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, "esp-gcm 128", false, i & 1);
		g.sas[0].natt = g.sas[1].natt = true;
		g.ports[1].mtu = 1280;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 3000, 0), 1);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 3);
		if (other)
			rte_pktmbuf_mtod(g.port[1].out[0], uint8_t *)[i & 1 ? 51 : 23] ^= 1;
		rig_cross(&g, true);
		CU_ASSERT_EQUAL(g.port[0].n_out, !other);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_POLICY_NONE), other); /* in the clear, where tunnels end */
		stop(&g);
	}
}

/* Before encryption only in tunnel mode: here it is after, and what says DF or is IPv6 is refused. */
static void
test_transport(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct kit_gateway g;
		struct rte_mbuf *m;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, "esp-gcm 128", i == 2, i == 2);
		g.cfg.fragmentation = CFG_FRAG_BEFORE;
		g.sas[0].mode = CFG_MODE_TRANSPORT;
		g.sas[0].src = i == 2 ? RIG_SRC6 : IP_V4(KIT_LAN_SRC);
		g.sas[0].dst = i == 2 ? RIG_DST6 : IP_V4(KIT_LAN_DST);
		g.routes[0].port = 1;
		g.ports[1].mtu = 1280;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		m = i == 2 ? kit_udp6(RIG_SRC6, RIG_DST6, 1400, 0)
			   : kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1400, 0);
		kit_send(&g, 0, i == 1 ? kit_df(m) : m, 1);
		CU_ASSERT_EQUAL(g.port[1].n_out, i ? 0 : 2);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_TOO_BIG), i != 0);
		CU_ASSERT_EQUAL(g.port[0].n_out, i != 0);
		if (i == 0)
			CU_ASSERT(rig_proto(g.port[1].out[0]) == 50 && rig_is_fragment(g.port[1].out[1]));
		/* 1280 - (8 + 8 + 16) is 1248, of which 40 or 20 stay: whole words less 2 */
		if (i == 1)
			CU_ASSERT_EQUAL(load_be16(rte_pktmbuf_mtod(g.port[0].out[0], uint8_t *) + 26), 1246);
		stop(&g);
	}
}

/* Nobody protects: IPv4 without DF is cut, into pieces as large as can be; all else is refused. */
static void
test_router(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct kit_gateway g;
		struct rte_mbuf *m;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, "esp-gcm 128", i == 2, false);
		g.cfg.n_sas = g.cfg.n_policies = 0;
		g.cfg.is_router = true;
		g.ports[0].mtu = 1300;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		m = i == 2 ? kit_udp6(RIG_SRC6, RIG_DST6, 3000, 0)
			   : kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 3000, 0);
		kit_send(&g, 0, i == 1 ? kit_df(m) : m, 1);
		if (i == 0) {
			CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 3);
			CU_ASSERT_EQUAL(rte_pktmbuf_data_len(g.port[0].out[0]), 1300);
			CU_ASSERT_EQUAL(rte_pktmbuf_data_len(g.port[0].out[2]), 3000 - 2 * 1280);
			m = rig_join(&g.port[0]);
			CU_ASSERT_PTR_NOT_NULL_FATAL(m);
			CU_ASSERT_EQUAL(rte_pktmbuf_data_len(m), 3000);
			rte_pktmbuf_free(m);
		} else {
			CU_ASSERT_EQUAL(kit_drops(&g, DROP_TOO_BIG), 1);
			CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
			CU_ASSERT_EQUAL(
				load_be16(rte_pktmbuf_mtod(g.port[0].out[0], uint8_t *) + (i == 1 ? 26 : 46)),
				1300);
		}
		stop(&g);
	}
}

/* Behind a queue pieces leave one behind the other, and the next packet behind the last of them. */
static void
test_after_queue(void)
{
	struct kit_gateway g;
	uint64_t at = 0;

	CU_ASSERT_FATAL(kit_init());
	rig_init(&g, "esp-gcm 128", false, false);
	g.cfg.sequence = CFG_SEQ_AFTER_QUEUE;
	g.ports[1].mtu = 1000;
	g.port[1].port.rate = 8000000; /* a byte each us */
	g.port[1].port.overhead = 38;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 4000, 0), 0);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), 0);
	while (dp_turn(g.dp, 100000000))
		;
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 6);
	for (unsigned i = 0; i < 6; i++) {
		CU_ASSERT_EQUAL(pkt_of(g.port[1].out[i])->time_ns, at);
		at += (rte_pktmbuf_data_len(g.port[1].out[i]) + 38) * 1000;
	}
	stop(&g);
}

/* A piece for which there is no buffer: the packet ends by name, and so do the pieces that went on. */
static void
test_no_mbuf(void)
{
	struct rte_mbuf *taken[4096];
	struct kit_gateway g;
	struct rte_mbuf *m;
	unsigned n = 0;

	CU_ASSERT_FATAL(kit_init());
	rig_init(&g, "esp-gcm 128", false, false);
	g.ports[1].mtu = 1280;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	m = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 5000, 0);
	while ((taken[n] = rte_pktmbuf_alloc(kit_pool())))
		n++;
	for (unsigned i = 0; i < 2; i++)
		rte_pktmbuf_free(taken[--n]);
	kit_send(&g, 0, m, 1);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_NO_MBUF), 1);
	CU_ASSERT_EQUAL(g.port[1].n_out, 2);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 2);
	rte_pktmbuf_free_bulk(taken, n);
	stop(&g);
}

/* Ports and SAs may say otherwise than the gateway. */
static void
test_who_says(void)
{
	for (unsigned i = 0; i < 27; i++) {
		struct kit_gateway g;
		enum cfg_fragmentation sa = (enum cfg_fragmentation)(i % 3),
				       port = (enum cfg_fragmentation)(i / 3 % 3),
				       all = (enum cfg_fragmentation)(i / 9);
		bool before = (sa ? sa : port ? port : all) == CFG_FRAG_BEFORE;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, "esp-gcm 128", false, false);
		g.cfg.fragmentation = all;
		g.ports[1].fragmentation = port;
		g.ports[1].mtu = 1500;
		g.sas[0].fragmentation = sa;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1500, 0), 1);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, before ? 2 : 1);
		CU_ASSERT_EQUAL(g.port[1].n_out, 2);
		CU_ASSERT_EQUAL(rig_is_fragment(g.port[1].out[0]), !before);
		stop(&g);
	}
}

/* Where rules select ports, a packet that is cut before encryption is protected whole, as it shows its ports
 * to the sender; its later pieces do not show them to the receiver, and match rules for any port only (RFC
 * 4301 §7). The same with pieces that come in the clear. */
static void
test_port_rules(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct kit_gateway g;
		struct rte_mbuf *m;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, "esp-gcm 128", false, false);
		g.cfg.fragmentation = i == 0 ? CFG_FRAG_BEFORE : CFG_FRAG_AFTER;
		g.ports[1].mtu = 1500;
		for (unsigned p = 0; p < 2; p++)
			g.policies[p].dport = (struct cfg_range16){0, 65534};
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		m = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1500, 0);
		if (i == 2) { /* a later fragment already: no rule of the sender is for it */
			store_be16(rte_pktmbuf_mtod(m, uint8_t *) + 6, 100);
			ipv4_checksum_set(rte_pktmbuf_mtod(m, uint8_t *), 20);
		}
		kit_send(&g, 0, m, 1);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, i == 0 ? 2 : i == 1);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_POLICY_NONE), i == 2);
		rig_cross(&g, false);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_POLICY_IN), i == 0);
		CU_ASSERT_EQUAL(g.port[0].n_out, i < 2);
		stop(&g);
	}
}

int
suite_frag_gateway(void)
{
	CU_pSuite s = CU_add_suite("frag_gateway", NULL, NULL);

	CU_ADD_TEST(s, test_lost_fragment);
	CU_ADD_TEST(s, test_late_told);
	CU_ADD_TEST(s, test_duplicate_and_overlap);
	CU_ADD_TEST(s, test_changed);
	CU_ADD_TEST(s, test_flood);
	CU_ADD_TEST(s, test_off);
	CU_ADD_TEST(s, test_natt);
	CU_ADD_TEST(s, test_transport);
	CU_ADD_TEST(s, test_router);
	CU_ADD_TEST(s, test_after_queue);
	CU_ADD_TEST(s, test_no_mbuf);
	CU_ADD_TEST(s, test_who_says);
	CU_ADD_TEST(s, test_port_rules);
	return 0;
}
