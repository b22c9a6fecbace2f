/* Gateways of every kind for the corpus, packets that are really protected with their keys, and buffers that
 * end where memory does. */
#include "tests/dataplane/malformed/rig.h"

#include <string.h>
#include <sys/mman.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"
#include "tests/dataplane/frag/frag_rig.h"

const struct mal_variant mal_variants[] = {
	{"esp-gcm 128", IN4 | OUT4 | ESP | TUNNEL},
	{"esp-aes 128 esp-sha-hmac", IN4 | OUT4 | ESP | TUNNEL},
	{"esp-gcm 256", IN6 | OUT4 | ESP | TUNNEL},
	{"esp-aes-ctr 128 esp-sha256-hmac", IN4 | OUT6 | ESP | TUNNEL},
	{"esp-chacha20-poly1305", IN6 | OUT6 | ESP | TUNNEL},
	{"esp-gcm 128", IN4 | OUT4 | ESP | TUNNEL | NATT},
	{"esp-3des esp-md5-hmac", IN6 | OUT6 | ESP | TUNNEL | NATT},
	{"ah-sha-hmac", IN4 | OUT4 | AH | TUNNEL},
	{"ah-sha256-hmac", IN6 | OUT6 | AH | TUNNEL},
	{"esp-gcm 128", IN4 | OUT4 | AH | TUNNEL | BUNDLE},
	{"esp-aes 256 esp-sha512-hmac", IN6 | OUT6 | AH | TUNNEL | BUNDLE},
	{"esp-gcm 128", IN4 | OUT4 | ESP | TRANSPORT},
	{"esp-aes 128 esp-sha-hmac", IN6 | OUT6 | ESP | TRANSPORT},
	{"esp-gcm 128", IN4 | OUT4 | ESP | TRANSPORT | NATT},
	{"ah-sha-hmac", IN4 | OUT4 | AH | TRANSPORT},
	{"ah-sha-hmac", IN6 | OUT6 | AH | TRANSPORT},
};
const unsigned mal_variant_count = sizeof(mal_variants) / sizeof(*mal_variants);

/* ---- gateways ---- */

/* The hosts' own SA: the first gateway has the outbound one, its peer, which stands before the other host,
 * the inbound one. */
static void
transport_init(struct mal *mal)
{
	struct kit_gateway *g = &mal->g;
	bool v6 = mal->traits & IN6;

	for (unsigned i = 0; i < 2; i++) {
		g->sas[i].mode = CFG_MODE_TRANSPORT;
		g->sas[i].src = v6 ? RIG_SRC6 : IP_V4(KIT_LAN_SRC);
		g->sas[i].dst = v6 ? RIG_DST6 : IP_V4(KIT_LAN_DST);
	}
	g->routes[0].port = 1;
	g->cfg.n_sas = g->cfg.n_policies = 1;
}

static void
transport_peer(struct mal *mal)
{
	struct kit_gateway *g = &mal->g;
	struct port *ports[2] = {&g->port[0].port, &g->port[1].port};
	char message[256];

	dp_destroy(g->peer);
	memcpy(mal->ports, g->ports, sizeof(mal->ports));
	mal->ports[0].address = g->routes[0].to;
	mal->ports[0].address.addr.lo ^= 0xff;
	mal->route = (struct cfg_route){.to = g->ports[0].address, .port = 1};
	mal->policy = g->policies[1];
	mal->policy.sa_index = 0;
	g->peer_cfg = g->cfg;
	g->peer_cfg.ports = mal->ports;
	g->peer_cfg.routes = &mal->route;
	g->peer_cfg.sas = &g->sas[1];
	g->peer_cfg.policies = &mal->policy;
	CU_ASSERT_EQUAL_FATAL(
		dp_create(&g->peer_cfg, ports, kit_pool(), NULL, &g->peer, message, sizeof(message)), ST_OK);
}

static void
bundle_init(struct mal *mal)
{
	struct kit_gateway *g = &mal->g;

	kit_gateway_bundle(g, "ah-sha-hmac");
	for (unsigned i = 2; i < 4; i++)
		g->sas[i].src = g->sas[i].dst = g->sas[0].src;
}

void
mal_start(struct mal *mal, const struct mal_variant *variant)
{
	struct kit_gateway *g = &mal->g;

	CU_ASSERT_FATAL(kit_init());
	memset(mal, 0, sizeof(*mal));
	mal->variant = variant;
	mal->traits = variant->traits | (variant->traits & (BUNDLE | NATT) ? 0 : ALONE);
	mal->now = NS_PER_SEC;
	rig_init(g, variant->transform, mal->traits & IN6, mal->traits & OUT6);
	g->ports[0].mtu = g->ports[1].mtu = 1500;
	g->sas[0].natt = g->sas[1].natt = mal->traits & NATT;
	g->sas[0].window = g->sas[1].window = 1024;
	g->ports[1].tcp_adjust_mss = 1200;
	if (mal->traits & TRANSPORT)
		transport_init(mal);
	if (mal->traits & BUNDLE)
		bundle_init(mal);
	CU_ASSERT_FATAL(kit_gateway_start(g));
	if (mal->traits & TRANSPORT)
		transport_peer(mal);
}

void
mal_stop(struct mal *mal)
{
	mal_wait(mal);
	CU_ASSERT_EQUAL(kit_books(&mal->g), 0);
	kit_gateway_stop(&mal->g);
}

/* ---- packets ---- */

uint32_t
mal_clear(const struct mal *mal, uint8_t *ip)
{
	struct rte_mbuf *m = mal->traits & IN6 ? kit_udp6(RIG_SRC6, RIG_DST6, MAL_CLEAR, 0)
					       : kit_udp(KIT_LAN_SRC, KIT_LAN_DST, MAL_CLEAR, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memcpy(ip, rte_pktmbuf_mtod(m, uint8_t *), MAL_CLEAR);
	store_be16(ip + mal_upper(ip) + 6, 0); /* no checksum */
	rte_pktmbuf_free(m);
	return MAL_CLEAR;
}

static void
op_run(struct engine *engine, struct crypto_op *op)
{
	struct crypto_op *ops[1] = {op};
	unsigned done = engine->ops->submit(engine, ops, 1, 0);

	CU_ASSERT_EQUAL_FATAL(done, 1);
	for (done = 0; !done;)
		done = engine->ops->poll(engine, ops, 1, 0);
	CU_ASSERT_EQUAL(op->result, CRYPTO_OK);
}

/* Protects the len bytes at packet + sa->size.front by one SA. */
static uint32_t
seal_one(struct mal *mal, struct sa *sa, uint8_t *packet, uint32_t len, mal_text_fn *change, void *ctx)
{
	const uint8_t *inner = packet + sa->size.front;
	uint32_t behind = ipsec_behind(sa, inner, len), stay = ipsec_stay(sa, inner, len), total;
	struct crypto_op op;

	if (behind == UINT32_MAX)
		return 0;
	total = sa->size.front + len + behind;
	ipsec_protect_sized(sa, packet, len, behind, ++sa->seq, &op);
	if (change)
		change(ctx, packet + sa->size.front + stay, packet + total - (sa->ah_len ? 0 : sa->icv_len));
	op_run(mal->g.dp->worker->engine, &op);
	if (sa->ah_len || sa->natt)
		ipsec_finish(sa, packet, total, &op);
	return total;
}

uint32_t
mal_seal(struct mal *mal, const uint8_t *inner, uint32_t n, mal_text_fn *change, void *ctx, uint8_t *out)
{
	uint8_t room[2 * MAL_ROOM + 512] = {0}, *packet = room + 1024;

	memcpy(packet, inner, n);
	for (struct sa *sa = mal->g.dp->sas[0]; sa && n; sa = sa->next) {
		packet -= sa->size.front;
		n = seal_one(mal, sa, packet, n, change, ctx);
		change = NULL; /* of the ESP under an AH */
	}
	CU_ASSERT_FATAL(n <= MAL_ROOM);
	memcpy(out, packet, n);
	return n;
}

struct change {
	const struct mal_row *row;
	const struct mal *mal;
};

/* Before encryption. */
static void
text_change(void *ctx, uint8_t *text, uint8_t *end)
{
	const struct change *change = ctx;
	uint32_t n = (uint32_t)(end - text);

	if (change->row->place == TRAIL)
		mal_edit(text, n, n - 2, 0, &(struct mal_row){.edit = change->row->edit == FLIP ? FLIP : LEFT,
			.at = change->row->at, .value = change->row->value});
	else
		mal_edit(text, n, change->row->place == INNER_UP ? mal_upper(text) : 0, 0, change->row);
}

uint32_t
mal_row_packet(struct mal *mal, const struct mal_row *row, uint8_t *p, bool *wire)
{
	struct change change = {row, mal};
	uint8_t clear[MAL_ROOM];
	uint32_t n;

	if ((row->traits & mal->traits) != row->traits)
		return 0;
	if ((row->place == TRAIL) > !!(mal->traits & ESP))
		return 0;
	*wire = row->place != CLEAR && row->place != CLEAR_UP;
	n = mal_clear(mal, clear);
	if (!*wire) {
		memcpy(p, clear, n);
		return mal_edit(p, n, row->place == CLEAR_UP ? mal_upper(p) : 0, 0, row);
	}
	if (row->place != OUTER && row->place != HEADER)
		return mal_seal(mal, clear, n, text_change, &change, p);
	n = mal_seal(mal, clear, n, NULL, NULL, p);
	return mal_edit(p, n, row->place == HEADER ? mal_upper(p) : 0, 0, row);
}

/* ---- what becomes of them ---- */

#define SLOTS 64u
#define SLOT_BYTES 16384u /* whole pages */
#define PAGE 4096u

/* Memory whose last page faults. */
struct slot {
	struct rte_mbuf_ext_shared_info info;
	uint8_t *map;
	bool used;
};

static void
slot_free(void *addr, void *opaque)
{
	(void)addr;
	((struct slot *)opaque)->used = false;
}

/* The slots live as long as the process: mbufs name them. */
static struct slot *
slot_find(void)
{
	static struct slot slots[SLOTS]; /* of a test that has one thread */

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *slot = &slots[i];

		if (slot->used)
			continue;
		if (!slot->map) {
			slot->map = mmap(NULL, SLOT_BYTES + PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			CU_ASSERT_FATAL(slot->map != MAP_FAILED);
			CU_ASSERT_FATAL(!mprotect(slot->map + SLOT_BYTES, PAGE, PROT_NONE));
		}
		slot->used = true;
		slot->info.free_cb = slot_free;
		slot->info.fcb_opaque = slot;
		rte_mbuf_ext_refcnt_set(&slot->info, 1);
		return slot;
	}
	return NULL;
}

struct rte_mbuf *
mal_tight(const uint8_t *p, uint32_t n, uint32_t behind)
{
	struct slot *slot = slot_find();
	struct rte_mbuf *m;
	uint8_t *buf;

	if (!slot)
		return NULL;
	m = kit_bytes(p, n ? 1 : 0);
	buf = slot->map + SLOT_BYTES - behind - n - PKT_HEADROOM;
	rte_pktmbuf_attach_extbuf(m, buf, RTE_BAD_IOVA, (uint16_t)(PKT_HEADROOM + n + behind), &slot->info);
	m->data_off = PKT_HEADROOM;
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	memcpy(buf + PKT_HEADROOM, p, n);
	return m;
}

static bool
is_legal(struct rte_mbuf *m, uint32_t mtu)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t n = rte_pktmbuf_data_len(m);

	if (m->nb_segs != 1 || n < IPV4_MIN_BYTES || n > mtu)
		return false;
	if (ip_is_v6(ip))
		return n >= IPV6_MIN_BYTES && n - IPV6_MIN_BYTES == load_be16(ip + IPV6_LENGTH);
	return ip_head_is_v4(ip) && ipv4_header_len(ip) >= IPV4_MIN_BYTES && ipv4_header_len(ip) <= n &&
	       load_be16(ip + IPV4_LENGTH) == n && ipv4_checksum_ok(ip, ipv4_header_len(ip));
}

static void
left_take(struct mal *mal, struct mal_fate *fate)
{
	for (unsigned p = 0; p < 2; p++) {
		struct kit_port *port = &mal->g.port[p];

		fate->left += port->n_out;
		for (unsigned i = 0; i < port->n_out; i++)
			fate->legal &= is_legal(port->out[i], mal->g.ports[p].mtu);
		kit_port_empty(port);
	}
}

static void
events_take(struct mal *mal)
{
	struct drop_event event;

	while (dp_events(mal->g.dp, &event, 1) || dp_events(mal->g.peer, &event, 1))
		;
}

void
mal_wait(struct mal *mal)
{
	struct mal_fate fate = {.legal = true};

	mal->now += 100 * NS_PER_SEC;
	for (unsigned i = 0; i < 2; i++)
		while (dp_turn(i ? mal->g.peer : mal->g.dp, mal->now))
			events_take(mal);
	left_take(mal, &fate); /* ICMP about what came too late */
	CU_ASSERT(fate.legal);
	CU_ASSERT_EQUAL(dp_held(mal->g.dp) + dp_held(mal->g.peer), 0);
}

static void
drops_count(const struct mal *mal, const uint64_t before[DROP_COUNT], bool wire, struct mal_fate *fate)
{
	const uint64_t *drops = dp_stats(wire ? mal->g.peer : mal->g.dp)->drops;

	for (unsigned d = 1; d < DROP_COUNT; d++)
		if (drops[d] != before[d]) {
			fate->drops += (unsigned)(drops[d] - before[d]);
			fate->drop = (enum drop)d;
		}
}

struct mal_fate
mal_send(struct mal *mal, bool wire, const uint8_t *p, uint32_t n, bool tight)
{
	struct mal_fate fate = {.legal = true};
	uint32_t behind = wire && mal->traits & AH ? IPSEC_ESN_BYTES : 0; /* that AH wants */
	struct rte_mbuf *m = tight ? mal_tight(p, n, behind) : NULL;
	uint64_t before[DROP_COUNT];

	memcpy(before, dp_stats(wire ? mal->g.peer : mal->g.dp)->drops, sizeof(before));
	if (!m)
		m = kit_bytes(p, n);
	mal->now += 1000;
	kit_send(&mal->g, wire, m, mal->now);
	drops_count(mal, before, wire, &fate);
	left_take(mal, &fate);
	CU_ASSERT_EQUAL(kit_books(&mal->g), 0);
	events_take(mal);
	return fate;
}

void
mal_check_good(struct mal *mal)
{
	uint8_t clear[MAL_ROOM], wire[MAL_ROOM];
	uint32_t n = mal_clear(mal, clear), len;
	struct kit_port *port = mal->g.port;

	mal->now += 1000;
	kit_send(&mal->g, 0, kit_bytes(clear, n), mal->now);
	CU_ASSERT_EQUAL_FATAL(port[1].n_out, 1);
	len = rte_pktmbuf_data_len(port[1].out[0]);
	memcpy(wire, rte_pktmbuf_mtod(port[1].out[0], uint8_t *), len);
	kit_port_empty(&port[1]);
	kit_send(&mal->g, 1, kit_bytes(wire, len), mal->now);
	CU_ASSERT_EQUAL_FATAL(port[0].n_out, 1);
	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(port[0].out[0]), n);
	CU_ASSERT(!memcmp(rte_pktmbuf_mtod(port[0].out[0], uint8_t *) + mal_upper(clear),
		clear + mal_upper(clear), n - mal_upper(clear)));
	kit_port_empty(&port[0]);
}
