/* Packets of any size through two gateways with any MTU: nothing is lost or changed.  Before and after
 * encryption, both families inside and outside, in any order on the way, several under way at once.
 *
 * ESPLAB_FRAG_PACKETS=1000000 makes it longer, and says what was sent (scripts/validate-fragments). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mempool.h>

#include "base/rng.h"
#include "dataplane/pool.h"
#include "tests/dataplane/frag/frag_rig.h"

int suite_frag_random(void);

#define PACKETS 40000u
#define AT_ONCE 8u
#define SIX_MAX 65300u /* and what protects it: AH over ESP, NAT-T, IPv6 outside */
#define A_GATEWAY 250u /* packets that two gateways see */

struct sent {
	uint8_t *ip;
	uint32_t len;
	bool arrived;
};

struct trip {
	struct kit_gateway g;
	struct rng rng;
	bool inner6, clear;
	uint16_t num;
	struct sent sent[AT_ONCE];
	struct reasm *host;
	unsigned wrong, pieces, got, largest; /* largest: packets of 65,535 bytes */
	uint64_t bytes;
};

static void
trip_start(struct trip *t)
{
	static const char *const transforms[] = {
		"esp-gcm 128", "esp-aes 256 esp-sha256-hmac", "esp-3des esp-sha-hmac"};
	struct kit_gateway *g = &t->g;
	bool outer6 = rng_below(&t->rng, 3) == 0;

	t->inner6 = rng_below(&t->rng, 3) == 0;
	t->clear = t->inner6 || rng_below(&t->rng, 2);
	rig_init(g, transforms[rng_below(&t->rng, 3)], t->inner6, outer6);
	g->ports[0].mtu = PKT_BYTES_MAX;
	g->ports[1].mtu = outer6 ? 1280 + (uint32_t)rng_below(&t->rng, 300)
				 : 160 + (uint32_t)rng_below(&t->rng, 1400);
	g->sas[0].df = t->clear ? CFG_DF_CLEAR : CFG_DF_COPY;
	g->sas[1].window = 8192;
	g->sas[0].natt = g->sas[1].natt = rng_below(&t->rng, 4) == 0;
	g->cfg.fragmentation = rng_below(&t->rng, 2) ? CFG_FRAG_BEFORE : CFG_FRAG_AFTER;
	g->cfg.sequence = rng_below(&t->rng, 2) ? CFG_SEQ_AFTER_QUEUE : CFG_SEQ_BEFORE_QUEUE;
	if (rng_below(&t->rng, 4) == 0) {
		g->sas[0].natt = g->sas[1].natt = false;
		kit_gateway_bundle(g, "ah-sha-hmac");
		for (unsigned i = 2; i < 4; i++) {
			g->sas[i].src = g->sas[i].dst = g->sas[0].src;
			g->sas[i].window = 8192;
		}
	}
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

/* Mostly such as two or three pieces make, some of any size. */
static uint32_t
size_draw(struct trip *t)
{
	uint64_t kind = rng_below(&t->rng, 100);

	if (kind < 90)
		return 60 + (uint32_t)rng_below(&t->rng, 2500);
	if (kind < 98)
		return 60 + (uint32_t)rng_below(&t->rng, 9000);
	/* 65,535 is longer than any packet once protected: it has to be cut before, which IPv6 may not be */
	return t->inner6    ? 60 + (uint32_t)rng_below(&t->rng, SIX_MAX - 59)
	       : kind == 98 ? 60 + (uint32_t)rng_below(&t->rng, PKT_BYTES_MAX - 59)
			    : PKT_BYTES_MAX - (uint32_t)rng_below(&t->rng, 4);
}

static struct rte_mbuf *
packet_make(struct trip *t, uint32_t len)
{
	static uint8_t ip[65535];
	uint16_t num = t->num++;

	memset(ip, 0, 48);
	if (t->inner6) {
		ip[0] = 0x60;
		store_be16(ip + 4, (uint16_t)(len - 40));
		ip[6] = 17;
		ip[7] = 64;
		ip_store6(ip + 8, RIG_SRC6);
		ip_store6(ip + 24, RIG_DST6);
	} else {
		ip[0] = 0x45;
		store_be16(ip + 2, (uint16_t)len);
		store_be16(ip + 4, num);
		store_be16(ip + 6, t->clear && num & 1 ? 0x4000 : 0);
		ip[8] = 64;
		ip[9] = 17;
		store_be32(ip + 12, KIT_LAN_SRC);
		store_be32(ip + 16, KIT_LAN_DST);
		ipv4_checksum_set(ip, 20);
	}
	store_be16(ip + (t->inner6 ? 46 : 26), num);
	for (uint32_t i = 48; i < len; i++)
		ip[i] = (uint8_t)((i ^ num) * 167 >> 3);
	return kit_bytes(ip, len);
}

/* Whole, at host b. */
static void
arrived(struct trip *t, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t num = load_be16(ip + (t->inner6 ? 46 : 26));
	struct sent *sent = &t->sent[num % AT_ONCE];

	t->got++;
	t->bytes += sent->len;
	t->largest += sent->len == PKT_BYTES_MAX;
	if (!sent->ip || sent->arrived || !rig_same(ip, rte_pktmbuf_data_len(m), sent->ip, sent->len))
		t->wrong++;
	sent->arrived = true;
	rte_pktmbuf_free(m);
}

static void
host_take(struct trip *t)
{
	struct kit_port *lan = &t->g.port[0];

	t->wrong += lan->n_out == KIT_PORT_MAX;
	for (unsigned i = 0; i < lan->n_out; i++) {
		struct rte_mbuf *m = lan->out[i];
		struct reasm_whole whole;

		if (rig_is_fragment(m)) {
			if (!reasm_put(t->host, m, rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m), 0,
				    &whole))
				continue;
			m = whole.first;
			t->wrong += !pkt_can_hold(m, whole.skip, whole.bytes);
			reasm_join(t->host, &whole, rte_pktmbuf_mtod(m, uint8_t *));
			pkt_keep(m, whole.skip, whole.bytes);
		}
		arrived(t, m);
	}
	lan->n_out = 0;
}

static void
wan_shuffle(struct trip *t)
{
	struct kit_port *wan = &t->g.port[1];

	t->pieces += wan->n_out;
	t->wrong += wan->n_out == KIT_PORT_MAX;
	for (unsigned i = 0; i < wan->n_out; i++) {
		unsigned other = i + (unsigned)rng_below(&t->rng, wan->n_out - i < 40 ? wan->n_out - i : 40);
		struct rte_mbuf *m = wan->out[other];

		t->wrong += rte_pktmbuf_data_len(m) > t->g.ports[1].mtu;
		wan->out[other] = wan->out[i];
		wan->out[i] = m;
	}
}

/* Some packets at once, as many as the ports of the test hold pieces of. */
static unsigned
round_go(struct trip *t, uint64_t now)
{
	unsigned n = 0;

	for (uint32_t bytes = 0; n < AT_ONCE; n++) {
		uint32_t len = size_draw(t);
		struct rte_mbuf *m;

		if (n && bytes + len > 60000)
			break;
		bytes += len;
		m = packet_make(t, len);
		t->sent[(t->num - 1u) % AT_ONCE] = (struct sent){malloc(len), len, false};
		memcpy(t->sent[(t->num - 1u) % AT_ONCE].ip, rte_pktmbuf_mtod(m, uint8_t *), len);
		kit_send(&t->g, 0, m, now);
	}
	wan_shuffle(t);
	rig_cross(&t->g, rng_below(&t->rng, 2));
	host_take(t);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		t->wrong += t->sent[i].ip && !t->sent[i].arrived;
		free(t->sent[i].ip);
		t->sent[i] = (struct sent){0};
	}
	return n;
}

static void
trip_go(struct trip *t)
{
	unsigned n = 0;

	trip_start(t);
	for (uint64_t now = 1; n < A_GATEWAY; now++)
		n += round_go(t, 1);
	t->wrong += kit_books(&t->g) != 0 || reasm_held(t->host) || dp_held(t->g.peer) || dp_held(t->g.dp);
	for (unsigned d = 1; d < DROP_COUNT; d++)
		t->wrong += kit_drops(&t->g, (enum drop)d) != 0;
	kit_gateway_stop(&t->g);
}

static void
test_random(void)
{
	static const struct reasm_limits limits = {64, 64, 16 << 20, NS_PER_SEC};
	const char *longer = getenv("ESPLAB_FRAG_PACKETS");
	unsigned packets = longer ? (unsigned)strtoul(longer, NULL, 10) : PACKETS, ended = 0;
	struct trip *t = calloc(1, sizeof(*t));
	struct rte_mempool *pool, *before;

	CU_ASSERT_FATAL(t && kit_init());
	CU_ASSERT_EQUAL_FATAL(pool_create(4096, POOL_BYTES_MAX, &pool), ST_OK);
	CU_ASSERT_EQUAL_FATAL(reasm_create(&limits, rig_end, &ended, &t->host), ST_OK);
	before = kit_pool_swap(pool);
	rng_init(&t->rng, 1, "fragments");
	while (t->got < packets && !t->wrong)
		trip_go(t);
	CU_ASSERT_EQUAL(t->wrong, 0);
	CU_ASSERT_EQUAL(ended, 0);
	CU_ASSERT(t->pieces > 2 * t->got && t->largest > packets / 8000);
	if (longer)
		printf("%u packets, %" PRIu64 " bytes, %u of 65,535 bytes, in %u pieces: %u wrong\n", t->got,
			t->bytes, t->largest, t->pieces, t->wrong);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), 4096);
	reasm_destroy(t->host);
	kit_pool_swap(before);
	pool_destroy(pool);
	free(t);
}

int
suite_frag_random(void)
{
	CU_pSuite s = CU_add_suite("frag_random", NULL, NULL);

	CU_ADD_TEST(s, test_random);
	return 0;
}
