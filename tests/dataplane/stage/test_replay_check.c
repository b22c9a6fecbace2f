/* Lag and window of an inbound SA, with packets that are no good among them, one by one and in one burst. */
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

int suite_replay_check(void);

#define SEQ_AT 24 /* in the outer packet */
#define KEPT 200

struct late_rig {
	struct kit_gateway g;
	struct rte_mbuf *kept[KEPT]; /* number i + first */
};

static void
rig_start(struct late_rig *rig, const char *transform, int esn, uint64_t first, uint32_t window)
{
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&rig->g, transform);
	for (unsigned i = 0; i < 2; i++) {
		rig->g.sas[i].esn = esn;
		rig->g.sas[i].first_seq = first;
		rig->g.sas[i].window = window;
	}
	CU_ASSERT_FATAL(kit_gateway_start(&rig->g));
	for (unsigned i = 0; i < KEPT; i++) {
		kit_send(&rig->g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), i + 1);
		CU_ASSERT_EQUAL_FATAL(rig->g.port[1].n_out, 1);
		rig->kept[i] = rig->g.port[1].out[0];
		rig->g.port[1].n_out = 0;
	}
}

static void
rig_stop(struct late_rig *rig)
{
	rte_pktmbuf_free_bulk(rig->kept, KEPT);
	kit_gateway_stop(&rig->g);
}

static struct rte_mbuf *
copy_of(const struct late_rig *rig, unsigned i)
{
	return kit_bytes(rte_pktmbuf_mtod(rig->kept[i], uint8_t *), rte_pktmbuf_data_len(rig->kept[i]));
}

static struct rte_mbuf *
mended(struct rte_mbuf *m)
{
	ipv4_checksum_set(rte_pktmbuf_mtod(m, uint8_t *), IPV4_MIN_BYTES);
	return m;
}

/* Packet i with another number: the ICV will be wrong. */
static struct rte_mbuf *
forged(const struct late_rig *rig, unsigned i, uint32_t seq)
{
	struct rte_mbuf *m = copy_of(rig, i);

	store_be32(rte_pktmbuf_mtod(m, uint8_t *) + SEQ_AT, seq);
	return m;
}

/* The same, cut off behind the ESP header. */
static struct rte_mbuf *
cut(const struct late_rig *rig, unsigned i, uint32_t seq)
{
	struct rte_mbuf *m = forged(rig, i, seq);

	rte_pktmbuf_trim(m, (uint16_t)(rte_pktmbuf_data_len(m) - 32));
	store_be16(rte_pktmbuf_mtod(m, uint8_t *) + IPV4_LENGTH, 32);
	return mended(m);
}

/* Sends packets, all at once or one by one; returns how many were delivered. */
static unsigned
arrive(struct late_rig *rig, struct rte_mbuf **pkts, unsigned n, int burst)
{
	struct kit_port *wan = &rig->g.port[1];
	unsigned delivered;

	for (unsigned i = 0; i < n; i++) {
		wan->in[wan->n_in++] = pkts[i];
		wan->due = 1000;
		while ((!burst || i + 1 == n) && dp_turn(rig->g.peer, 1000))
			;
	}
	delivered = rig->g.port[0].n_out;
	kit_port_empty(&rig->g.port[0]);
	return delivered;
}

/* Numbers that are not true (bad ICV, no room for one) do not push the edge that lag is measured against. */
static void
check_forged(int burst, int esn)
{
	struct late_rig rig;
	const struct sa *sa;
	struct rte_mbuf *pkts[5];

	rig_start(&rig, "esp-aes 128 esp-sha-hmac", esn, 1, 64);
	sa = dp_sa(rig.g.peer, 1);
	pkts[0] = copy_of(&rig, 99); /* number 100 */
	pkts[1] = forged(&rig, 50, 100000);
	pkts[2] = cut(&rig, 50, 200000);
	CU_ASSERT_EQUAL(arrive(&rig, pkts, 3, burst), 1);
	CU_ASSERT_EQUAL(kit_drop(&rig.g, NULL), burst ? DROP_ESP_LENGTH : DROP_ICV);
	CU_ASSERT_EQUAL(kit_drop(&rig.g, NULL), burst ? DROP_ICV : DROP_ESP_LENGTH);
	CU_ASSERT_EQUAL(sa->errors, 2);
	pkts[0] = copy_of(&rig, 89);
	pkts[1] = copy_of(&rig, 101);
	CU_ASSERT_EQUAL(arrive(&rig, pkts, 2, burst), 2);
	CU_ASSERT_EQUAL(sa->lag.late, 1);
	CU_ASSERT_EQUAL(sa->lag.lag_max, 10);
	CU_ASSERT_EQUAL(sa->ahead, 102);
	CU_ASSERT_EQUAL(sa->replay->right_edge(sa->window), 102);
	rig_stop(&rig);
}

static void
test_forged_numbers(void)
{
	for (unsigned i = 0; i < 4; i++)
		check_forged(i & 1, i >> 1);
}

/* With ESN a packet from below the window fails its ICV, by its name, and lag goes on from the true edge. */
static void
check_esn_old(int burst)
{
	struct late_rig rig;
	struct drop_event event;
	const struct sa *sa;
	struct rte_mbuf *pkts[4];

	rig_start(&rig, "esp-gcm 128", 1, UINT32_MAX - 49, 64); /* packet 50 is number 2^32 */
	sa = dp_sa(rig.g.peer, 1);
	pkts[0] = copy_of(&rig, 119);
	CU_ASSERT_EQUAL(arrive(&rig, pkts, 1, burst), 1);
	pkts[0] = copy_of(&rig, 9); /* lag 110 */
	for (unsigned i = 1; i < 4; i++)
		pkts[i] = copy_of(&rig, 119 + i);
	CU_ASSERT_EQUAL(arrive(&rig, pkts, 4, burst), 3);
	CU_ASSERT_EQUAL(kit_drop(&rig.g, &event), DROP_ICV_ESN);
	CU_ASSERT_EQUAL(event.lag, 110);
	CU_ASSERT_EQUAL(event.window, 64);
	CU_ASSERT_EQUAL(sa->ahead, UINT64_C(0x100000000) - 50 + 122);
	pkts[0] = copy_of(&rig, 100); /* 22 behind packet 122 */
	pkts[1] = copy_of(&rig, 20);  /* 102 behind */
	CU_ASSERT_EQUAL(arrive(&rig, pkts, 2, burst), 1);
	CU_ASSERT_EQUAL(kit_drop(&rig.g, &event), DROP_ICV_ESN);
	CU_ASSERT_EQUAL(event.lag, 102);
	CU_ASSERT_EQUAL(sa->lag.count[22], 1);
	CU_ASSERT_EQUAL(sa->lag.count[102], 1);
	CU_ASSERT_EQUAL(sa->lag.count[110], 1);
	CU_ASSERT_EQUAL(sa->lag.late, 3);
	CU_ASSERT_EQUAL(sa->lag.packets, 7);
	rig_stop(&rig);
}

static void
test_esn_old(void)
{
	check_esn_old(0);
	check_esn_old(1);
}

/* Without authentication there is no window to infer the high half from: the nearer meaning counts. */
static void
test_esn_without_window(void)
{
	struct late_rig rig;
	const struct sa *sa;
	struct rte_mbuf *pkts[3];

	rig_start(&rig, "esp-aes 128", 1, UINT32_MAX - 49, 64);
	sa = dp_sa(rig.g.peer, 1);
	CU_ASSERT_PTR_NULL(sa->replay);
	pkts[0] = copy_of(&rig, 119);
	pkts[1] = copy_of(&rig, 9);
	pkts[2] = copy_of(&rig, 60);
	CU_ASSERT_EQUAL(arrive(&rig, pkts, 2, 0), 2);
	CU_ASSERT_EQUAL(sa->ahead, UINT64_C(0x100000000) - 50 + 119);
	CU_ASSERT_EQUAL(arrive(&rig, &pkts[2], 1, 0), 1);
	CU_ASSERT_EQUAL(sa->ahead, UINT64_C(0x100000000) - 50 + 119);
	CU_ASSERT_EQUAL(sa->lag.count[110], 1);
	CU_ASSERT_EQUAL(sa->lag.count[59], 1);
	rig_stop(&rig);
}

/* Copies are left out of lag, whether the first was committed before or is under way. */
static void
check_copies(int burst)
{
	static const unsigned order[] = {10, 5, 5, 10, 11, 11, 30, 5, 31};
	struct late_rig rig;
	const struct sa *sa;
	struct rte_mbuf *pkts[9];

	rig_start(&rig, "esp-gcm 128", 0, 1, 64);
	sa = dp_sa(rig.g.peer, 1);
	for (unsigned i = 0; i < 9; i++)
		pkts[i] = copy_of(&rig, order[i]);
	CU_ASSERT_EQUAL(arrive(&rig, pkts, 9, burst), 5);
	CU_ASSERT_EQUAL(sa->packets, 5);
	CU_ASSERT_EQUAL(sa->duplicates, 4);
	CU_ASSERT_EQUAL(sa->replays, 4);
	CU_ASSERT_EQUAL(sa->lag.packets, 5);
	CU_ASSERT_EQUAL(sa->lag.late, 1);
	CU_ASSERT_EQUAL(sa->lag.lag_sum, 5);
	CU_ASSERT_EQUAL(lag_loss(&sa->lag, 5), 1);
	CU_ASSERT_EQUAL(lag_loss(&sa->lag, 6), 0);
	CU_ASSERT_EQUAL(lag_window(&sa->lag, 1.0), 6);
	CU_ASSERT_EQUAL(dp_stats(rig.g.peer)->drops[DROP_REPLAY_DUP], 4);
	rig_stop(&rig);
}

static void
test_copies(void)
{
	check_copies(0);
	check_copies(1);
}

/* The event names the SPI and the number of a packet that no SA is found for. */
static void
test_unknown_spi_is_told(void)
{
	struct late_rig rig;
	struct drop_event event;
	struct rte_mbuf *m;

	rig_start(&rig, "esp-gcm 128", 0, 1, 64);
	m = copy_of(&rig, 7);
	store_be32(rte_pktmbuf_mtod(m, uint8_t *) + 20, 0xabcdef01);
	CU_ASSERT_EQUAL(arrive(&rig, &m, 1, 0), 0);
	CU_ASSERT_EQUAL(kit_drop(&rig.g, &event), DROP_NO_SA);
	CU_ASSERT_EQUAL(event.spi, 0xabcdef01);
	CU_ASSERT_EQUAL(event.seq, 8);
	CU_ASSERT_PTR_NULL(event.sa);
	CU_ASSERT_EQUAL(event.proto, 50);
	CU_ASSERT(ip_equal(event.dst, ip_v4(KIT_WAN_ADDR)));
	rig_stop(&rig);
}

/* Nobody takes the events: they are lost and counted, and the gateway works on. */
static void
test_events_nobody_takes(void)
{
	struct late_rig rig;
	struct drop_event event;
	unsigned taken = 0;

	rig_start(&rig, "esp-gcm 128", 0, 1, 64);
	for (unsigned i = 0; i < 5000; i++) {
		struct rte_mbuf *m = forged(&rig, 0, i + 1000);

		CU_ASSERT_EQUAL(arrive(&rig, &m, 1, 0), 0);
	}
	CU_ASSERT_EQUAL(dp_stats(rig.g.peer)->drops[DROP_ICV], 5000);
	while (dp_events(rig.g.peer, &event, 1))
		taken++;
	CU_ASSERT_EQUAL(taken + dp_stats(rig.g.peer)->events_lost, 5000);
	CU_ASSERT_EQUAL(event.seq, 1000 + taken - 1); /* the oldest are kept */
	rig_stop(&rig);
}

int
suite_replay_check(void)
{
	CU_pSuite s = CU_add_suite("replay_check", NULL, NULL);

	CU_ADD_TEST(s, test_forged_numbers);
	CU_ADD_TEST(s, test_esn_old);
	CU_ADD_TEST(s, test_esn_without_window);
	CU_ADD_TEST(s, test_copies);
	CU_ADD_TEST(s, test_unknown_spi_is_told);
	CU_ADD_TEST(s, test_events_nobody_takes);
	return 0;
}
