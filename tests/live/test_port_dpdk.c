/* A port over net_ring, whose device hands back what it is given: so the test is the network.  What is for
 * the gateway and what is not, neighbours asked and answered, and the books. */
#include "live/port_dpdk.h"

#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/ipsec/ip_head.h"
#include "dataplane/pkt.h"
#include "live/arp.h"
#include "live/ether.h"
#include "live/nd.h"
#include "live/neigh.h"
#include "tests/kit/kit.h"

int suite_port_dpdk(void);

#define S UINT64_C(1000000000)
#define HOST IP_V4(0x0a01000a)
#define VIA IP_V4(0x0a010063)
#define FAR 0x0a02000au

static const struct cfg_mac host_mac = {{2, 0, 0, 0, 0, 0xa}};

struct rig {
	struct cfg_port cfg_port;
	struct cfg_route route;
	struct cfg_gateway cfg;
	struct live_device device;
	struct port_dpdk port;
};

static void
rig_start(struct rig *rig, const char *device, struct cfg_prefix address)
{
	char message[500] = "";

	CU_ASSERT_FATAL(kit_init());
	memset(rig, 0, sizeof(*rig));
	rig->cfg_port = (struct cfg_port){.name = "lan", .device = device, .mtu = 1500, .address = address};
	rig->route = (struct cfg_route){.to = CFG_PREFIX_V4(0x0a020000, 16), .via = VIA, .port = 0};
	rig->cfg = (struct cfg_gateway){
		.name = "g", .ports = &rig->cfg_port, .n_ports = 1, .routes = &rig->route, .n_routes = 1};
	CU_ASSERT_EQUAL_FATAL(
		live_device_open(&rig->device, &rig->cfg, 0, 1, kit_pool(), 60 * S, message, sizeof(message)),
		ST_OK);
	port_dpdk_init(&rig->port, &rig->device, 0, kit_pool());
}

static uint64_t
sum(const uint64_t drops[DROP_COUNT])
{
	uint64_t all = 0;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		all += drops[d];
	return all;
}

static void
rig_check(const struct rig *rig)
{
	const struct port_stats *s = &rig->port.stats;

	CU_ASSERT_EQUAL(s->rx, s->to_dp + s->consumed + sum(s->rx_drops));
	CU_ASSERT_EQUAL(s->from_dp + s->created, s->tx + neigh_held(rig->device.neigh) + sum(s->tx_drops));
}

/* What the port has sent; NULL: nothing. */
static struct rte_mbuf *
wire_take(struct rig *rig)
{
	struct rte_mbuf *m = NULL;

	return rte_eth_rx_burst(rig->device.id, 0, &m, 1) ? m : NULL;
}

static void
wire_put(struct rig *rig, struct rte_mbuf *m)
{
	CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(rig->device.id, 0, &m, 1), 1);
}

/* A frame round the bytes, for that MAC. */
static void
frame_put(struct rig *rig, const struct cfg_mac *dst, uint16_t type, const void *data, uint32_t bytes)
{
	uint8_t frame[2000];

	ether_write(frame, dst, &host_mac, type);
	memcpy(frame + ETHER_BYTES, data, bytes);
	wire_put(rig, kit_bytes(frame, ETHER_BYTES + bytes));
}

/* Packets that come to the gateway, freed. */
static unsigned
receive(struct rig *rig, uint64_t now)
{
	struct rte_mbuf *m[64];
	unsigned n = rig->port.port.ops->rx(&rig->port.port, m, 64, now);

	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(pkt_of(m[i])->time_ns, now);
		CU_ASSERT_EQUAL(pkt_of(m[i])->flow, PKT_NO_FLOW);
		rte_pktmbuf_free(m[i]);
	}
	rig_check(rig);
	return n;
}

static void
packet_send(struct rig *rig, uint32_t dst)
{
	struct rte_mbuf *m = kit_udp(0xc0000201, dst, 100, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	rig->port.port.ops->tx(&rig->port.port, &m, 1);
	rig_check(rig);
}

static void
rig_stop(struct rig *rig)
{
	struct rte_mbuf *m;

	port_dpdk_drain(&rig->port);
	rig_check(rig);
	while ((m = wire_take(rig)))
		rte_pktmbuf_free(m);
	live_device_close(&rig->device);
}

static void
test_receive(void)
{
	static const struct cfg_mac other = {{2, 0, 0, 0, 0, 9}}, group = {{0x33, 0x33, 0, 0, 0, 1}};
	uint8_t data[100] = {0x45};
	struct rig rig;

	rig_start(&rig, "net_ring_receive", CFG_PREFIX_V4(0x0a010001, 24));
	frame_put(&rig, &rig.device.mac, ETHER_IPV4, data, 100);
	CU_ASSERT_EQUAL(receive(&rig, S), 1);
	frame_put(&rig, &other, ETHER_IPV4, data, 100);
	frame_put(&rig, &group, ETHER_IPV4, data, 100);
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	CU_ASSERT_EQUAL(rig.port.stats.rx_drops[DROP_OTHER_MAC], 2);
	frame_put(&rig, &rig.device.mac, 0x88cc, data, 100); /* LLDP */
	frame_put(&rig, &rig.device.mac, 0x8100, data, 100); /* a tag */
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	CU_ASSERT_EQUAL(rig.port.stats.rx_drops[DROP_ETHERTYPE], 2);
	wire_put(&rig, kit_bytes(data, 13));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	CU_ASSERT_EQUAL(rig.port.stats.rx_drops[DROP_RUNT], 1);
	frame_put(&rig, &rig.device.mac, ETHER_ARP, data, 27);
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	CU_ASSERT_EQUAL(rig.port.stats.rx_drops[DROP_NEIGH_BAD], 1);
	rig.port.closed = true;
	frame_put(&rig, &rig.device.mac, ETHER_IPV4, data, 100);
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	rig_stop(&rig);
}

/* Frames in two segments come as one. */
static void
test_segments(void)
{
	uint8_t data[60] = {0};
	struct rte_mbuf *m, *tail, *got[4];
	struct rig rig;

	rig_start(&rig, "net_ring_segments", CFG_PREFIX_V4(0x0a010001, 24));
	ether_write(data, &rig.device.mac, &host_mac, ETHER_IPV4);
	m = kit_bytes(data, sizeof(data));
	memset(data, 7, sizeof(data));
	tail = kit_bytes(data, sizeof(data));
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_chain(m, tail), 0);
	wire_put(&rig, m);
	CU_ASSERT_EQUAL_FATAL(rig.port.port.ops->rx(&rig.port.port, got, 4, S), 1);
	CU_ASSERT_EQUAL(got[0]->nb_segs, 1);
	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(got[0]), 2 * sizeof(data) - ETHER_BYTES);
	CU_ASSERT_EQUAL(*rte_pktmbuf_mtod_offset(got[0], uint8_t *, 2 * sizeof(data) - ETHER_BYTES - 1), 7);
	rte_pktmbuf_free(got[0]);
	rig_check(&rig);
	rig_stop(&rig);
}

/* A frame on the wire: of that type, to that MAC; freed. */
static void
check_frame(struct rig *rig, uint16_t type, const struct cfg_mac *dst)
{
	struct rte_mbuf *m = wire_take(rig);
	const uint8_t *frame;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	frame = rte_pktmbuf_mtod(m, const uint8_t *);
	CU_ASSERT_EQUAL(load_be16(frame + ETHER_TYPE), type);
	if (dst)
		CU_ASSERT_EQUAL(memcmp(frame, dst, sizeof(*dst)), 0);
	rte_pktmbuf_free(m);
}

static void
answer(struct rig *rig, struct ip_addr who)
{
	uint8_t frame[ARP_FRAME_BYTES];

	arp_write_reply(frame, &host_mac, who, &rig->device.mac, rig->cfg_port.address.addr);
	wire_put(rig, kit_bytes(frame, sizeof(frame)));
	CU_ASSERT_EQUAL(receive(rig, S), 0);
}

/* A packet waits while its next hop is asked for, and goes when that answers. */
static void
test_resolve(void)
{
	struct rig rig;

	rig_start(&rig, "net_ring_resolve", CFG_PREFIX_V4(0x0a010001, 24));
	receive(&rig, S);
	packet_send(&rig, FAR);
	CU_ASSERT_EQUAL(neigh_held(rig.device.neigh), 1);
	check_frame(&rig, ETHER_ARP, NULL);
	CU_ASSERT_PTR_NULL(wire_take(&rig));
	answer(&rig, VIA);
	CU_ASSERT_EQUAL(neigh_held(rig.device.neigh), 0);
	check_frame(&rig, ETHER_IPV4, &host_mac);
	packet_send(&rig, FAR); /* remembered by the table, then by the port */
	check_frame(&rig, ETHER_IPV4, &host_mac);
	packet_send(&rig, FAR);
	check_frame(&rig, ETHER_IPV4, &host_mac);
	CU_ASSERT_PTR_NULL(wire_take(&rig));
	CU_ASSERT_EQUAL(rig.port.stats.created, 1);
	/* a neighbour of its own network is asked itself, and is lost if it never answers */
	for (unsigned i = 0; i <= NEIGH_HELD; i++)
		packet_send(&rig, ip_v4_of(HOST));
	CU_ASSERT_EQUAL(rig.port.stats.tx_drops[DROP_NEIGH_QUEUE], 1);
	for (uint64_t now = S; now < 6 * S; now += S / 10)
		port_dpdk_age(&rig.port, now);
	rig_check(&rig);
	CU_ASSERT_EQUAL(rig.port.stats.tx_drops[DROP_NEIGH_NONE], NEIGH_HELD);
	for (unsigned i = 0; i < NEIGH_TRIES; i++)
		check_frame(&rig, ETHER_ARP, NULL);
	CU_ASSERT_PTR_NULL(wire_take(&rig));
	rig_stop(&rig);
}

/* A MAC that changes is used from the next packet on. */
static void
test_move(void)
{
	static const struct cfg_mac moved = {{2, 0, 0, 0, 0, 0xb}};
	uint8_t frame[ARP_FRAME_BYTES];
	struct rig rig;

	rig_start(&rig, "net_ring_move", CFG_PREFIX_V4(0x0a010001, 24));
	receive(&rig, S);
	packet_send(&rig, ip_v4_of(HOST));
	check_frame(&rig, ETHER_ARP, NULL);
	answer(&rig, HOST);
	check_frame(&rig, ETHER_IPV4, &host_mac);
	arp_write_request(frame, &moved, HOST, HOST); /* gratuitous (RFC 5227 §3) */
	wire_put(&rig, kit_bytes(frame, sizeof(frame)));
	receive(&rig, S);
	packet_send(&rig, ip_v4_of(HOST));
	check_frame(&rig, ETHER_IPV4, &moved);
	rig_stop(&rig);
}

static void
test_answer(void)
{
	uint8_t frame[ARP_FRAME_BYTES];
	struct arp_message message;
	struct rte_mbuf *m;
	struct rig rig;

	rig_start(&rig, "net_ring_answer", CFG_PREFIX_V4(0x0a010001, 24));
	arp_write_request(frame, &host_mac, HOST, IP_V4(0x0a010001));
	wire_put(&rig, kit_bytes(frame, sizeof(frame)));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	m = wire_take(&rig);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_TRUE_FATAL(
		arp_read(rte_pktmbuf_mtod_offset(m, const uint8_t *, ETHER_BYTES), 28, &message));
	CU_ASSERT_TRUE(!message.request && ip_equal(message.sender, IP_V4(0x0a010001)));
	rte_pktmbuf_free(m);
	packet_send(&rig, ip_v4_of(HOST)); /* who asks is known */
	check_frame(&rig, ETHER_IPV4, &host_mac);
	arp_write_request(frame, &host_mac, HOST, IP_V4(0x0a010002)); /* for somebody else */
	wire_put(&rig, kit_bytes(frame, sizeof(frame)));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	CU_ASSERT_PTR_NULL(wire_take(&rig));
	/* of another network: not believed */
	arp_write_request(frame, &host_mac, IP_V4(0x0a090001), IP_V4(0x0a010001));
	wire_put(&rig, kit_bytes(frame, sizeof(frame)));
	receive(&rig, S);
	check_frame(&rig, ETHER_ARP, &host_mac);
	rig_stop(&rig);
}

static void
test_v6(void)
{
	static const struct ip_addr own = {UINT64_C(0x20010db800010000), 1};
	static const struct ip_addr host = {UINT64_C(0x20010db800010000), 10};
	struct cfg_prefix network = {.addr = own, .len = 64, .only_v6 = true};
	uint8_t frame[ND_FRAME_BYTES];
	struct rte_mbuf *m;
	struct rig rig;

	rig_start(&rig, "net_ring_v6", network);
	receive(&rig, S);
	m = kit_udp6(own, host, 100, 0);
	rig.port.port.ops->tx(&rig.port.port, &m, 1);
	rig_check(&rig);
	check_frame(&rig, ETHER_IPV6, NULL);
	nd_write_advert(frame, &host_mac, host, &rig.device.mac, own);
	wire_put(&rig, kit_bytes(frame, sizeof(frame)));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	check_frame(&rig, ETHER_IPV6, &host_mac);
	nd_write_solicit(frame, &host_mac, host, own);
	wire_put(&rig, kit_bytes(frame, sizeof(frame)));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	check_frame(&rig, ETHER_IPV6, &host_mac);
	CU_ASSERT_EQUAL(rig.port.stats.consumed, 2);
	rig_stop(&rig);
}

/* A port of both families: each is asked with, and answered from, the address in its own network. */
static void
test_both_families(void)
{
	struct cfg_prefix more[] = {CFG_PREFIX_V4(0x0a010001, 24), CFG_PREFIX_V4(0x0a090001, 24)};
	static const struct ip_addr own = {UINT64_C(0x20010db800010000), 1};
	static const struct ip_addr host = {UINT64_C(0x20010db800010000), 10};
	struct arp_message message;
	uint8_t frame[ND_FRAME_BYTES];
	struct rte_mbuf *m;
	struct rig rig;

	rig_start(&rig, "net_ring_both", (struct cfg_prefix){.addr = own, .len = 64, .only_v6 = true});
	rig.cfg_port.more = more;
	rig.cfg_port.n_more = 2;
	receive(&rig, S);
	packet_send(&rig, 0x0a090005);
	m = wire_take(&rig);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_TRUE_FATAL(
		arp_read(rte_pktmbuf_mtod_offset(m, const uint8_t *, ETHER_BYTES), 28, &message));
	CU_ASSERT_TRUE(message.request && ip_equal(message.sender, IP_V4(0x0a090001)) &&
		       ip_equal(message.target, IP_V4(0x0a090005)));
	rte_pktmbuf_free(m);
	arp_write_reply(frame, &host_mac, IP_V4(0x0a090005), &rig.device.mac, IP_V4(0x0a090001));
	wire_put(&rig, kit_bytes(frame, ARP_FRAME_BYTES));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	check_frame(&rig, ETHER_IPV4, &host_mac);
	packet_send(&rig, FAR); /* by the next hop in the second network */
	check_frame(&rig, ETHER_ARP, NULL);
	arp_write_request(frame, &host_mac, HOST, IP_V4(0x0a010001));
	wire_put(&rig, kit_bytes(frame, ARP_FRAME_BYTES));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	check_frame(&rig, ETHER_ARP, &host_mac);
	nd_write_solicit(frame, &host_mac, host, own);
	wire_put(&rig, kit_bytes(frame, sizeof(frame)));
	CU_ASSERT_EQUAL(receive(&rig, S), 0);
	check_frame(&rig, ETHER_IPV6, &host_mac);
	m = kit_udp6(own, host, 100, 0); /* who asked is known */
	rig.port.port.ops->tx(&rig.port.port, &m, 1);
	check_frame(&rig, ETHER_IPV6, &host_mac);
	rig_stop(&rig);
}

static void
test_no_device(void)
{
	char message[500] = "";
	struct rig rig = {.cfg = {.name = "g"}};

	CU_ASSERT_FATAL(kit_init());
	rig.cfg_port = (struct cfg_port){.name = "lan", .device = "net_nothing0", .mtu = 1500};
	rig.cfg.ports = &rig.cfg_port;
	rig.cfg.n_ports = 1;
	CU_ASSERT_EQUAL(
		live_device_open(&rig.device, &rig.cfg, 0, 1, kit_pool(), S, message, sizeof(message)),
		ST_ERR_NOT_FOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "port lan: device \"net_nothing0\""));
	live_device_close(&rig.device);
}

int
suite_port_dpdk(void)
{
	CU_pSuite s = CU_add_suite("port_dpdk", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_receive);
	CU_ADD_TEST(s, test_segments);
	CU_ADD_TEST(s, test_resolve);
	CU_ADD_TEST(s, test_move);
	CU_ADD_TEST(s, test_answer);
	CU_ADD_TEST(s, test_v6);
	CU_ADD_TEST(s, test_both_families);
	CU_ADD_TEST(s, test_no_device);
	return (int)CU_get_error();
}
