/* Malformed frames at a live port: rows of frames.def, every truncation, every byte, and all of it in several
 * segments.  What is for the gateway is its affair (tests/dataplane/malformed). */
#include <stdio.h>
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
#include "live/port_dpdk.h"
#include "tests/dataplane/malformed/rig.h"

int suite_malformed_frames(void);

#define S UINT64_C(1000000000)
#define OWN6 ((struct ip_addr){0x20010db800010000, 1})
#define HOST6 ((struct ip_addr){0x20010db800010000, 10})
#define OWN4 IP_V4(0x0a010001)
#define HOST4 IP_V4(0x0a01000a)
#define FRAME_ROOM 200u
#define DROP_TAKEN (DROP_COUNT + 1)
#define DROP_FORWARDED DROP_COUNT

enum frame_kind { PACKET4, REQUEST, REPLY, SOLICIT, ADVERT, FRAME_KINDS };

static const struct frame_row {
	const char *name;
	enum frame_kind good;
	int at;
	uint8_t value;
	unsigned wanted;
} rows[] = {
#define FRAME(name, good, at, value, wanted) {name, good, at, value, DROP_##wanted},
#include "tests/live/frames.def"
#undef FRAME
};

static const struct cfg_mac host_mac = {{2, 0, 0, 0, 0, 0xa}};

struct rig {
	struct cfg_port cfg_port;
	struct cfg_gateway cfg;
	struct live_device device;
	struct port_dpdk port;
};

static void
rig_start(struct rig *rig, const char *device, bool v6)
{
	char message[500] = "";

	CU_ASSERT_FATAL(kit_init());
	memset(rig, 0, sizeof(*rig));
	rig->cfg_port = (struct cfg_port){.name = "lan",
		.device = device,
		.mtu = 1500,
		.address = CFG_PREFIX_V4(0x0a010001, 24)};
	if (v6)
		rig->cfg_port.address = (struct cfg_prefix){.addr = OWN6, .len = 64, .only_v6 = true};
	rig->cfg = (struct cfg_gateway){.name = "g", .ports = &rig->cfg_port, .n_ports = 1};
	CU_ASSERT_EQUAL_FATAL(
		live_device_open(&rig->device, &rig->cfg, 0, 1, kit_pool(), 60 * S, message, sizeof(message)),
		ST_OK);
	port_dpdk_init(&rig->port, &rig->device, 0, kit_pool());
}

/* What the port has said is not looked at. */
static void
wire_empty(struct rig *rig)
{
	struct rte_mbuf *m;

	while (rte_eth_rx_burst(rig->device.id, 0, &m, 1))
		rte_pktmbuf_free(m);
}

static void
rig_stop(struct rig *rig)
{
	port_dpdk_drain(&rig->port);
	wire_empty(rig);
	live_device_close(&rig->device);
}

static uint32_t
frame_write(const struct rig *rig, enum frame_kind kind, uint8_t frame[FRAME_ROOM])
{
	struct rte_mbuf *m;

	switch (kind) {
	case REQUEST:
		arp_write_request(frame, &host_mac, HOST4, OWN4);
		return ARP_FRAME_BYTES;
	case REPLY:
		arp_write_reply(frame, &host_mac, HOST4, &rig->device.mac, OWN4);
		return ARP_FRAME_BYTES;
	case SOLICIT:
		nd_write_solicit(frame, &host_mac, HOST6, OWN6);
		return ND_FRAME_BYTES;
	case ADVERT:
		nd_write_advert(frame, &host_mac, HOST6, &rig->device.mac, OWN6);
		return ND_FRAME_BYTES;
	case PACKET4:
	case FRAME_KINDS:
		break;
	}
	m = kit_udp(0x0a01000a, 0x0a02000a, 100, 0);
	ether_write(frame, &rig->device.mac, &host_mac, ETHER_IPV4);
	memcpy(frame + ETHER_BYTES, rte_pktmbuf_mtod(m, uint8_t *), 100);
	rte_pktmbuf_free(m);
	return ETHER_BYTES + 100;
}

/* At offset `at` behind the Ethernet header something was changed. */
static void
nd_mend(uint8_t *frame, uint32_t n, int at)
{
	uint8_t *ip = frame + ETHER_BYTES, *icmp = ip + IPV6_MIN_BYTES;
	uint32_t bytes;

	if (load_be16(frame + ETHER_TYPE) != ETHER_IPV6 || at == 42 || at == 43)
		return;
	bytes = load_be16(ip + IPV6_LENGTH);
	if (bytes > n - ETHER_BYTES - IPV6_MIN_BYTES || bytes < 4)
		return;
	store_be16(icmp + 2, 0);
	store_be16(icmp + 2, ip_transport_checksum(ip, IP_NEXT_ICMP6, icmp, bytes));
}

static uint64_t
books(const struct rig *rig)
{
	const struct port_stats *s = &rig->port.stats;
	uint64_t out = s->to_dp + s->consumed;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		out += s->rx_drops[d];
	return s->rx - out;
}

/* What the port does with it: a drop, DROP_TAKEN or DROP_FORWARDED. */
static unsigned
mbuf_fate(struct rig *rig, struct rte_mbuf *m)
{
	struct port_stats before = rig->port.stats;
	struct rte_mbuf *got[4];
	unsigned n;

	CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(rig->device.id, 0, &m, 1), 1);
	n = rig->port.port.ops->rx(&rig->port.port, got, 4, S);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(got[i]->nb_segs, 1);
		rte_pktmbuf_free(got[i]);
	}
	wire_empty(rig);
	CU_ASSERT_EQUAL(books(rig), 0);
	CU_ASSERT_EQUAL(rig->port.stats.rx, before.rx + 1);
	if (n)
		return DROP_FORWARDED;
	for (unsigned d = 0; d < DROP_COUNT; d++)
		if (rig->port.stats.rx_drops[d] != before.rx_drops[d])
			return d;
	return rig->port.stats.consumed == before.consumed + 1 ? DROP_TAKEN : DROP_NONE;
}

/* The same in one segment that ends where memory does, and in two and three: one fate. */
static unsigned
frame_fate(struct rig *rig, const uint8_t *frame, uint32_t n)
{
	unsigned fate = mbuf_fate(rig, mal_tight(frame, n, 0));
	uint32_t at[3] = {0, n / 3, n * 2 / 3};
	struct rte_mbuf *m;

	CU_ASSERT(fate != DROP_NONE);
	for (unsigned pieces = 2; pieces <= 3; pieces++) {
		m = kit_bytes(frame, at[1]);
		for (unsigned i = 1; i < pieces; i++) {
			uint32_t end = i == pieces - 1 ? n : at[i + 1];

			CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_chain(m, kit_bytes(frame + at[i], end - at[i])), 0);
		}
		CU_ASSERT_EQUAL(mbuf_fate(rig, m), fate);
	}
	return fate;
}

static bool
is_v6(enum frame_kind kind)
{
	return kind == SOLICIT || kind == ADVERT;
}

static void
test_rows(void)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct rig rig;

		rig_start(&rig, v6 ? "net_ring_row6" : "net_ring_row4", v6);
		for (unsigned r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
			uint8_t frame[FRAME_ROOM];
			uint32_t n = frame_write(&rig, rows[r].good, frame);
			unsigned fate;

			if (is_v6(rows[r].good) != v6)
				continue;
			frame[(int)ETHER_BYTES + rows[r].at] = rows[r].value;
			if (rows[r].at >= 0)
				nd_mend(frame, n, rows[r].at);
			fate = frame_fate(&rig, frame, n);
			if (fate != rows[r].wanted)
				printf("\n\"%s\": %u, %s", rows[r].name, fate,
					fate < DROP_COUNT ? drop_info[fate].text : "no drop");
			CU_ASSERT_EQUAL(fate, rows[r].wanted);
		}
		rig_stop(&rig);
	}
}

/* Every truncation, and every byte as 0, 0xff and with a bit turned. */
static void
test_every(void)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		uint8_t good[FRAME_ROOM], frame[FRAME_ROOM];
		struct rig rig;

		rig_start(&rig, v6 ? "net_ring_every6" : "net_ring_every4", v6);
		for (unsigned k = 0; k < FRAME_KINDS; k++) {
			uint32_t n = frame_write(&rig, (enum frame_kind)k, good);

			for (uint32_t cut = 0; cut < n; cut++)
				CU_ASSERT(cut >= ETHER_BYTES || frame_fate(&rig, good, cut) == DROP_RUNT);
			for (uint32_t i = 0; i < 3 * n; i++) {
				uint32_t at = i / 3;

				memcpy(frame, good, n);
				frame[at] = (uint8_t)(i % 3 == 0 ? 0 : i % 3 == 1 ? 0xff : frame[at] ^ 4);
				if (i % 2)
					nd_mend(frame, n, (int)at - (int)ETHER_BYTES);
				frame_fate(&rig, frame, n);
			}
			for (uint32_t cut = ETHER_BYTES; cut < n; cut++)
				frame_fate(&rig, good, cut);
		}
		frame_write(&rig, v6 ? SOLICIT : REQUEST, good); /* and still it answers */
		CU_ASSERT_EQUAL(frame_fate(&rig, good, v6 ? ND_FRAME_BYTES : ARP_FRAME_BYTES), DROP_TAKEN);
		rig_stop(&rig);
	}
}

int
suite_malformed_frames(void)
{
	CU_pSuite s = CU_add_suite("malformed_frames", NULL, NULL);

	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_every);
	return 0;
}
