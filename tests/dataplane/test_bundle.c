/* AH over ESP through whole gateways (RFC 4301 §4.5, RFC 4302, RFC 4303), and what an AH of such a bundle may
 * carry.  Forged packets have an ICV made by OpenSSL. */
#include <string.h>

#include <CUnit/CUnit.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/pkt.h"
#include "dataplane/worker.h"
#include "tests/kit/kit.h"

int suite_bundle(void);

#define US 1000u
#define AH_BYTES 24u /* HMAC-SHA1-96: 12 + 12 */
#define AH_ICV 12u

static const uint8_t *
bytes_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const uint8_t *);
}

static void
start(struct kit_gateway *g, const char *esp)
{
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(g, esp);
	kit_gateway_bundle(g, "ah-sha-hmac");
}

static void
run(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

/* The packet on the wire; it is the caller's. */
static struct rte_mbuf *
protect(struct kit_gateway *g, uint32_t bytes, uint64_t now)
{
	kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0xb8), now);
	CU_ASSERT_EQUAL_FATAL(g->port[1].n_out, 1);
	g->port[1].n_out = 0;
	return g->port[1].out[0];
}

static uint16_t
checksum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += i == 10 ? 0 : load_be16(ip + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 4302 §3.3.3, with a plain header: the ICV of the len bytes at ip. */
static void
icv_make(const struct kit_gateway *g, const uint8_t *ip, uint32_t len, uint64_t seq, uint8_t icv[20])
{
	uint8_t copy[2048];

	memcpy(copy, ip, len);
	copy[1] = 0;
	memset(copy + 6, 0, 3);
	memset(copy + 10, 0, 2);
	memset(copy + 20 + AH_ICV, 0, 12);
	store_be32(copy + len, (uint32_t)(seq >> 32));
	HMAC(EVP_sha1(), g->sas[3].auth_key, 20, copy, len + (g->sas[3].esn ? 4 : 0), icv, NULL);
}

/* A packet under the peer's AH that carries `body` as number `next`. */
static struct rte_mbuf *
forge(const struct kit_gateway *g, uint32_t seq, uint8_t next, const uint8_t *body, uint32_t bytes)
{
	uint8_t ip[2048] = {0x45, 0xb8}, icv[20];
	uint32_t len = 20 + AH_BYTES + bytes;

	store_be16(ip + 2, (uint16_t)len);
	store_be16(ip + 4, 0x7777);
	ip[8] = 9;
	ip[9] = 51;
	store_be32(ip + 12, KIT_WAN_ADDR);
	store_be32(ip + 16, KIT_WAN_ADDR);
	store_be16(ip + 10, checksum(ip));
	ip[20] = next;
	ip[21] = AH_BYTES / 4 - 2;
	store_be32(ip + 24, KIT_AH_SPI);
	store_be32(ip + 28, seq);
	memcpy(ip + 20 + AH_BYTES, body, bytes);
	icv_make(g, ip, len, seq, icv);
	memcpy(ip + 20 + AH_ICV, icv, 12);
	return kit_bytes(ip, len);
}

/* Sends to the peer, expects that it ends so; the event. */
static struct drop_event
expect(struct kit_gateway *g, struct rte_mbuf *m, enum drop reason)
{
	struct drop_event event = {0};
	enum drop got;

	kit_send(g, 1, m, 1);
	got = kit_drop(g, &event);
	CU_ASSERT_EQUAL(got, reason);
	if (got != reason)
		printf("%s, not %s ", drop_info[got].text, drop_info[reason].text);
	CU_ASSERT_EQUAL(g->port[0].n_out, 0);
	CU_ASSERT_EQUAL(kit_books(g), 0);
	return event;
}

/* ---- good packets ---- */

/* IP, AH, ESP, each with its own SPI and number (RFC 4301 Appendix E has the picture of RFC 2401 §4.5). */
static void
wire_check(const struct kit_gateway *g, struct rte_mbuf *m, uint64_t n)
{
	const struct sa *esp = dp_sa(g->dp, 0);
	const uint8_t *ip = bytes_of(m);
	uint32_t len = rte_pktmbuf_data_len(m);
	uint64_t ah_seq = g->sas[2].first_seq + n;
	uint8_t icv[20];

	CU_ASSERT(ip[0] == 0x45 && ip[1] == 0xb8 && ip[8] == 64);
	CU_ASSERT(load_be16(ip + 2) == len && load_be16(ip + 10) == checksum(ip));
	CU_ASSERT_EQUAL(ip[9], 51);
	CU_ASSERT(ip[20] == 50 && ip[21] == AH_BYTES / 4 - 2 && load_be16(ip + 22) == 0);
	CU_ASSERT_EQUAL(load_be32(ip + 24), KIT_AH_SPI);
	CU_ASSERT_EQUAL(load_be32(ip + 28), (uint32_t)ah_seq);
	CU_ASSERT_EQUAL(load_be32(ip + 44), KIT_SPI);
	CU_ASSERT_EQUAL(load_be32(ip + 48), (uint32_t)(g->sas[0].first_seq + n));
	icv_make(g, ip, len, ah_seq, icv);
	CU_ASSERT(!memcmp(ip + 32, icv, 12));
	CU_ASSERT_EQUAL(pkt_of(m)->wire_bytes, len);
	CU_ASSERT_EQUAL(esp->packets, n + 1);
	CU_ASSERT_EQUAL(dp_sa(g->dp, 2)->packets, n + 1);
}

static void
round_trips(struct kit_gateway *g)
{
	uint64_t n = 0;

	for (unsigned bytes = 28; bytes < 1400; bytes += 61, n++) {
		struct rte_mbuf *m = protect(g, bytes, bytes * US), *in;
		struct rte_mbuf *clear = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0xb8);

		wire_check(g, m, n);
		kit_send(g, 1, m, bytes * US + 500);
		CU_ASSERT_EQUAL_FATAL(g->port[0].n_out, 1);
		in = g->port[0].out[0];
		CU_ASSERT_EQUAL(rte_pktmbuf_data_len(in), bytes);
		CU_ASSERT_EQUAL(bytes_of(in)[8], 62);
		CU_ASSERT_EQUAL(bytes_of(in)[1], 0xb8);
		CU_ASSERT(!memcmp(bytes_of(in) + 12, bytes_of(clear) + 12, bytes - 12));
		rte_pktmbuf_free(clear);
		kit_port_empty(&g->port[0]);
		CU_ASSERT_EQUAL(dp_sa(g->peer, 1)->packets, n + 1);
		CU_ASSERT_EQUAL(dp_sa(g->peer, 3)->packets, n + 1);
	}
	CU_ASSERT_EQUAL(dp_sa(g->peer, 1)->bytes, dp_sa(g->dp, 0)->bytes);
}

static void
test_round_trip(void)
{
	static const char *const transforms[] = {"esp-gcm 128", "esp-aes 128 esp-sha-hmac", "esp-3des",
		"esp-null esp-sha256-hmac", "esp-aes-ctr 128"};
	struct kit_gateway g;

	for (unsigned t = 0; t < sizeof(transforms) / sizeof(*transforms); t++)
		for (unsigned mode = 0; mode < 8; mode++) {
			start(&g, transforms[t]);
			for (unsigned i = 0; i < 4; i++) {
				g.sas[i].esn = mode & 1;
				g.sas[i].in_order = mode & 4;
				g.sas[i].first_seq = i < 2 ? 7 : mode & 1 ? UINT32_MAX - 4ull : 100;
			}
			g.cfg.sequence = mode & 2 ? CFG_SEQ_AFTER_QUEUE : CFG_SEQ_BEFORE_QUEUE;
			run(&g);
			round_trips(&g);
			stop(&g);
		}
}

/* What fits the MTU with both headers goes, a byte more does not; no number is used up. */
static void
test_mtu(void)
{
	static const char *const transforms[] = {"esp-gcm 128", "esp-aes 128 esp-sha-hmac"};
	/* 1500 - IP 20, AH 24, ESP 8, IV 8 and ICV 16 = 1424, a multiple of 4, less 2; and with IV 16 and ICV
	 * 12: 1420, of which 1408 are whole blocks */
	static const uint32_t most[] = {1422, 1406};
	struct kit_gateway g;

	for (unsigned t = 0; t < 2; t++) {
		struct rte_mbuf *m;

		start(&g, transforms[t]);
		run(&g);
		CU_ASSERT_EQUAL(ipsec_inner_max(&dp_sa(g.dp, 0)->wire, 1500, 0), most[t]);
		CU_ASSERT_EQUAL(ipsec_inner_max(&dp_sa(g.dp, 2)->wire, 1500, 0), most[t]);
		m = protect(&g, most[t], US);
		CU_ASSERT(rte_pktmbuf_data_len(m) <= 1500);
		rte_pktmbuf_free(m);
		kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, most[t] + 1, 0), US);
		CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_TOO_BIG);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, 1);
		stop(&g);
	}
}

/* TFC padding goes into the ESP, wherever it is asked for. */
static void
test_tfc(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m;

	start(&g, "esp-gcm 128");
	g.sas[0].tfc = 1000;
	g.sas[2].tfc = 1200;
	run(&g);
	m = protect(&g, 100, US);
	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(m), 20 + AH_BYTES + 16 + 1004 + 16);
	CU_ASSERT_EQUAL(pkt_of(m)->wire_bytes, rte_pktmbuf_data_len(m));
	kit_send(&g, 1, m, US);
	CU_ASSERT_EQUAL(g.port[0].n_out, 1);
	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(g.port[0].out[0]), 100);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->tfc_packets, 1);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 3)->tfc_packets, 0);
	stop(&g);
}

/* ---- what does not belong ---- */

/* The ESP of a packet without the AH: as if somebody had taken it off. */
static struct rte_mbuf *
strip(struct rte_mbuf *m)
{
	uint8_t ip[2048];
	uint32_t len = rte_pktmbuf_data_len(m) - AH_BYTES;

	memcpy(ip, bytes_of(m), 20);
	memcpy(ip + 20, bytes_of(m) + 20 + AH_BYTES, len - 20);
	ip[9] = 50;
	store_be16(ip + 2, (uint16_t)len);
	store_be16(ip + 10, checksum(ip));
	rte_pktmbuf_free(m);
	return kit_bytes(ip, len);
}

static void
test_without_ah(void)
{
	struct kit_gateway g;
	struct drop_event event;

	start(&g, "esp-gcm 128");
	run(&g);
	event = expect(&g, strip(protect(&g, 100, US)), DROP_POLICY_IN);
	CU_ASSERT_PTR_EQUAL(event.sa, dp_sa(g.peer, 1));
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 0);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->replay->right_edge(dp_sa(g.peer, 1)->window), 0);
	stop(&g);
}

/* A good AH round what is not its ESP. */
static void
test_other_inside(void)
{
	static const struct {
		const char *name;
		uint8_t next;
		uint32_t bytes;
		uint8_t body[40];
		enum drop want;
	} rows[] = {
		{"UDP", 17, 12, {0x10, 0, 0x20, 0, 0, 12, 0, 0}, DROP_POLICY_IN},
		{"TCP", 6, 20, {0}, DROP_POLICY_IN},
		{"IPv4", 4, 28, {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17}, DROP_POLICY_IN},
		{"no next header", 59, 8, {0}, DROP_POLICY_IN},
		{"keepalive", 17, 9, {0x11, 0x94, 0x11, 0x94, 0, 9, 0, 0, 0xff}, DROP_POLICY_IN},
		{"IKE", 17, 36, {0x11, 0x94, 0x11, 0x94, 0, 36, 0, 0, 0, 0, 0, 0, 1}, DROP_POLICY_IN},
		{"the same AH", 51, 24, {50, 4, 0, 0, 0, 0, 0x20, 2, 0, 0, 0, 9}, DROP_POLICY_IN},
		{"another ESP", 50, 40, {0, 0, 0x30, 3, 0, 0, 0, 1}, DROP_NO_SA},
		{"half an ESP", 50, 7, {0, 0, 0x10, 1, 0, 0, 0}, DROP_ESP_LENGTH},
		{"half an AH", 51, 11, {50, 4, 0, 0, 0, 0, 0x20, 2, 0, 0, 0}, DROP_AH_LENGTH},
	};
	struct kit_gateway g;
	uint32_t seq = 0;

	start(&g, "esp-gcm 128");
	run(&g);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct drop_event event =
			expect(&g, forge(&g, ++seq, rows[i].next, rows[i].body, rows[i].bytes), rows[i].want);

		CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_NONE);
		CU_ASSERT_EQUAL(dp_sa(g.peer, 3)->packets, seq); /* the AH itself was good */
		CU_ASSERT(ip_equal(event.src, IP_V4(KIT_WAN_ADDR)));
	}
	stop(&g);
}

/* An ESP of its own, with an AH that is not for it. */
static void
test_foreign_esp(void)
{
	struct kit_gateway g;
	struct drop_event event;
	struct rte_mbuf *m;

	start(&g, "esp-gcm 128");
	g.sas[3].over = NULL; /* the peer's AH is alone: a tunnel */
	run(&g);
	m = strip(protect(&g, 100, US));
	event = expect(
		&g, forge(&g, 1, 50, bytes_of(m) + 20, rte_pktmbuf_data_len(m) - 20), DROP_NEXT_HEADER);
	CU_ASSERT_PTR_EQUAL(event.sa, dp_sa(g.peer, 3));
	rte_pktmbuf_free(m);
	stop(&g);
}

/* ---- replay and integrity of either ---- */

static void
test_replay(void)
{
	struct kit_gateway g;
	struct drop_event event;
	struct rte_mbuf *m, *esp;
	uint8_t copy[200];
	uint32_t len;

	start(&g, "esp-gcm 128");
	g.sas[0].first_seq = g.sas[1].first_seq = 50;
	run(&g);
	m = protect(&g, 100, US);
	len = rte_pktmbuf_data_len(m);
	memcpy(copy, bytes_of(m), len);
	esp = strip(kit_bytes(copy, len));
	kit_send(&g, 1, m, US);
	CU_ASSERT_EQUAL(g.port[0].n_out, 1);
	kit_port_empty(&g.port[0]);

	event = expect(&g, kit_bytes(copy, len), DROP_REPLAY_DUP);
	CU_ASSERT_PTR_EQUAL(event.sa, dp_sa(g.peer, 3));
	CU_ASSERT_EQUAL(drop_event_status(&event), 4615);
	CU_ASSERT(event.seq == 1 && event.spi == KIT_AH_SPI && event.right_edge == 1 && event.proto == 51);
	/* under a fresh number of AH it is the ESP that has been here */
	event = expect(&g, forge(&g, 2, 50, bytes_of(esp) + 20, len - 20 - AH_BYTES), DROP_REPLAY_DUP);
	CU_ASSERT_PTR_EQUAL(event.sa, dp_sa(g.peer, 1));
	CU_ASSERT_EQUAL(drop_event_status(&event), 4612);
	CU_ASSERT(event.seq == 50 && event.spi == KIT_SPI && event.right_edge == 50 && event.proto == 50);
	CU_ASSERT(dp_sa(g.peer, 1)->replays == 1 && dp_sa(g.peer, 3)->replays == 1);
	CU_ASSERT(dp_sa(g.peer, 1)->packets == 1 && dp_sa(g.peer, 3)->packets == 2);
	/* and a number of 0 */
	event = expect(&g, forge(&g, 0, 50, bytes_of(esp) + 20, len - 20 - AH_BYTES), DROP_SEQ_ZERO);
	CU_ASSERT_EQUAL(drop_event_status(&event), 4615);
	rte_pktmbuf_free(esp);
	stop(&g);
}

/* The event describes the packet as it came, not as it was hashed. */
static void
event_check(const struct drop_event *event, const uint8_t *ip, uint32_t len)
{
	CU_ASSERT(ip_equal(event->src, IP_V4(KIT_WAN_ADDR)) && ip_equal(event->dst, IP_V4(KIT_WAN_ADDR)));
	CU_ASSERT_EQUAL(event->dscp, 46);
	CU_ASSERT_EQUAL(event->ip_id, load_be16(ip + 4));
	CU_ASSERT(event->proto == 51 && event->bytes == len && event->spi == KIT_AH_SPI);
}

static void
test_bad_icv(void)
{
	struct kit_gateway g;
	struct drop_event event;
	struct rte_mbuf *m;
	uint8_t good[200], bad[200];
	uint32_t len, n = 0;

	start(&g, "esp-gcm 128");
	run(&g);
	m = protect(&g, 100, US);
	len = rte_pktmbuf_data_len(m);
	memcpy(good, bytes_of(m), len);
	rte_pktmbuf_free(m);
	for (uint32_t at = 28; at < len; at++) {
		memcpy(bad, good, len);
		bad[at] ^= 0x20;
		event = expect(&g, kit_bytes(bad, len), DROP_ICV);
		CU_ASSERT_PTR_EQUAL(event.sa, dp_sa(g.peer, 3));
		event_check(&event, good, len);
		n++;
	}
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_ICV), n);
	CU_ASSERT(dp_sa(g.peer, 3)->errors == n && dp_sa(g.peer, 1)->errors == 0);
	/* a good AH round a bad ESP */
	memcpy(bad, good, len);
	bad[len - 1] ^= 1;
	event = expect(&g, forge(&g, 3, 50, bad + 44, len - 44), DROP_ICV);
	CU_ASSERT_PTR_EQUAL(event.sa, dp_sa(g.peer, 1));
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->errors, 1);
	/* neither window moved further than a good ICV says */
	kit_send(&g, 1, kit_bytes(good, len), US);
	CU_ASSERT_EQUAL(g.port[0].n_out, 1);
	stop(&g);
}

/* An engine that takes no more: what is dropped then has its header back too. */
static void
test_engine_full(void)
{
	static const struct cfg_engine inner = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	struct cfg_engine card = {.name = "card", .kind = "card", .owner = "gw", .seed = 1,
		.packet_time = 10000, .queue = 1, .units = 1,
		.timeout = 1000000,
		.inner = "ipsec_mb", .inner_engine = &inner};
	struct kit_gateway g;
	struct drop_event event;
	uint8_t body[64] = {0};
	struct rte_mbuf *m;
	unsigned full = 0;

	start(&g, "esp-gcm 128");
	g.cfg.engine_cfg = &card;
	run(&g);
	for (uint32_t seq = 1; seq <= 16; seq++) {
		m = forge(&g, seq, 50, body, sizeof(body));
		g.port[1].in[g.port[1].n_in++] = m;
	}
	g.port[1].due = US;
	while (dp_turn(g.peer, US))
		;
	while (kit_drop(&g, &event)) {
		CU_ASSERT_EQUAL(event.reason, DROP_ENGINE_FULL);
		CU_ASSERT(event.dscp == 46 && event.ip_id == 0x7777 && event.proto == 51);
		full++;
	}
	CU_ASSERT(full > 0 && full < 16);
	for (uint64_t now = US; dp_held(g.peer) && now < 1000 * US; now += US)
		while (dp_turn(g.peer, now))
			;
	stop(&g);
}

int
suite_bundle(void)
{
	CU_pSuite s = CU_add_suite("bundle", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_round_trip);
	CU_ADD_TEST(s, test_mtu);
	CU_ADD_TEST(s, test_tfc);
	CU_ADD_TEST(s, test_without_ah);
	CU_ADD_TEST(s, test_other_inside);
	CU_ADD_TEST(s, test_foreign_esp);
	CU_ADD_TEST(s, test_replay);
	CU_ADD_TEST(s, test_bad_icv);
	CU_ADD_TEST(s, test_engine_full);
	return (int)CU_get_error();
}
