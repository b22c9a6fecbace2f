/* Packets, ports and gateways for tests; see kit.h. */
#include "tests/kit/kit.h"

#include <string.h>

#include <rte_mbuf.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/alg.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/pkt.h"
#include "dataplane/pool.h"

static struct rte_mempool *the_pool; /* EAL is one a process, and so is this */

int
kit_init(void)
{
	if (the_pool)
		return 1;
	return !pool_eal_init("esplab-test") && !pool_create(4096, 9216, &the_pool);
}

struct rte_mempool *
kit_pool(void)
{
	return the_pool;
}

struct rte_mempool *
kit_pool_swap(struct rte_mempool *pool)
{
	struct rte_mempool *before = the_pool;

	the_pool = pool;
	return before;
}

static unsigned
port_rx(struct port *port, struct rte_mbuf **pkts, unsigned max, uint64_t now)
{
	struct kit_port *p = (struct kit_port *)port;
	unsigned n = p->due > now ? 0 : p->n_in < max ? p->n_in : max;

	memcpy(pkts, p->in, n * sizeof(*pkts));
	memmove(p->in, p->in + n, (p->n_in - n) * sizeof(*pkts));
	p->n_in -= n;
	for (unsigned i = 0; i < n; i++)
		pkt_of(pkts[i])->time_ns = p->due;
	return n;
}

static void
port_tx(struct port *port, struct rte_mbuf **pkts, unsigned n)
{
	struct kit_port *p = (struct kit_port *)port;

	for (unsigned i = 0; i < n; i++) {
		if (p->n_out == KIT_PORT_MAX)
			rte_pktmbuf_free(pkts[i]);
		else
			p->out[p->n_out++] = pkts[i];
	}
}

static uint64_t
port_next_due(const struct port *port)
{
	const struct kit_port *p = (const struct kit_port *)port;

	return p->n_in ? p->due : TIME_NEVER;
}

static const struct port_ops port_ops = {.rx = port_rx, .tx = port_tx, .next_due = port_next_due};

void
kit_port_init(struct kit_port *port)
{
	memset(port, 0, sizeof(*port));
	port->port.ops = &port_ops;
}

void
kit_port_empty(struct kit_port *port)
{
	rte_pktmbuf_free_bulk(port->in, port->n_in);
	rte_pktmbuf_free_bulk(port->out, port->n_out);
	port->n_in = 0;
	port->n_out = 0;
}

static void
sa_init(struct cfg_sa *sa, enum cfg_direction direction, const char *transform)
{
	unsigned key_len = 0, auth_key_len = 0;
	char message[256];

	transform_key_lengths(transform, &key_len, &auth_key_len, message, sizeof(message));
	*sa = (struct cfg_sa){.name = "self",
		.direction = direction,
		.spi = KIT_SPI,
		.src = IP_V4(KIT_WAN_ADDR),
		.dst = IP_V4(KIT_WAN_ADDR),
		.transform = transform,
		.key_len = key_len,
		.auth_key_len = auth_key_len,
		.window = 64,
		.replay = "bitmap",
		.first_seq = 1,
		.df = CFG_DF_COPY,
		.dscp = -1,
		.ttl = 64};
	for (unsigned i = 0; i < key_len; i++)
		sa->key[i] = (uint8_t)(i * 11 + 1);
	for (unsigned i = 0; i < auth_key_len; i++)
		sa->auth_key[i] = (uint8_t)(i * 13 + 5);
}

static void
policy_init(struct cfg_policy *policy, enum cfg_direction direction, uint32_t sa)
{
	*policy = (struct cfg_policy){.name = "site",
		.action = CFG_PROTECT,
		.direction = direction,
		.src = CFG_PREFIX_V4(KIT_LAN_SRC & 0xffff0000u, 16),
		.dst = CFG_PREFIX_V4(KIT_LAN_DST & 0xffff0000u, 16),
		.proto = 256,
		.sport = {0, UINT16_MAX},
		.dport = {0, UINT16_MAX},
		.sa = "self",
		.sa_index = sa};
}

void
kit_gateway_init(struct kit_gateway *g, const char *transform)
{
	memset(g, 0, sizeof(*g));
	for (unsigned p = 0; p < 2; p++) {
		g->ports[p] = (struct cfg_port){.name = p ? "wan" : "lan",
			.mtu = 1500,
			.address = CFG_PREFIX_V4(p ? KIT_WAN_ADDR : 0x0a010001u, p ? 24 : 16),
			.qos = {.kind = CFG_QOS_FIFO, .queue_limit = 1000, .unit = CFG_UNIT_PACKETS}};
		kit_port_init(&g->port[p]);
	}
	g->routes[0] = (struct cfg_route){
		.to = CFG_PREFIX_V4(KIT_LAN_DST & 0xffff0000u, 16), .via = IP_V4(0x0a010002u), .port = 0};
	sa_init(&g->sas[0], CFG_OUT, transform);
	sa_init(&g->sas[1], CFG_IN, transform);
	policy_init(&g->policies[0], CFG_OUT, 0);
	policy_init(&g->policies[1], CFG_IN, 1);
	g->cfg = (struct cfg_gateway){.name = "gw",
		.platform = CFG_PLATFORM_IOS,
		.poll_interval = 1,
		.sequence = CFG_SEQ_BEFORE_QUEUE,
		.engine = "ipsec_mb",
		.ports = g->ports,
		.n_ports = 2,
		.routes = g->routes,
		.n_routes = 1,
		.sas = g->sas,
		.n_sas = 2,
		.policies = g->policies,
		.n_policies = 2};
}

void
kit_gateway_bundle(struct kit_gateway *g, const char *ah)
{
	for (unsigned i = 0; i < 2; i++) {
		struct cfg_sa *sa = &g->sas[2 + i];

		sa_init(sa, i ? CFG_IN : CFG_OUT, ah);
		sa->name = "ah";
		sa->spi = KIT_AH_SPI;
		sa->align4 = true;
		sa->over = "self";
		sa->over_index = i;
		g->policies[i].sa_index = 2 + i;
	}
	g->cfg.n_sas = 4;
}

int
kit_gateway_start(struct kit_gateway *g)
{
	struct port *ports[2] = {&g->port[0].port, &g->port[1].port};
	char message[256];

	g->peer_cfg = g->cfg;
	g->peer_cfg.policies = g->peer_policies;
	if (g->peer_engine)
		g->peer_cfg.engine_cfg = g->peer_engine;
	g->peer_cfg.n_policies = 0;
	for (unsigned i = 0; i < g->cfg.n_policies; i++)
		if (g->cfg.policies[i].direction == CFG_IN)
			g->peer_policies[g->peer_cfg.n_policies++] = g->cfg.policies[i];
	return !dp_create(&g->cfg, ports, kit_pool(), NULL, &g->dp, message, sizeof(message)) &&
	       !dp_create(&g->peer_cfg, ports, kit_pool(), NULL, &g->peer, message, sizeof(message));
}

static void
dp_end(struct dp *dp)
{
	if (!dp)
		return;
	dp_flush(dp);
	dp_destroy(dp);
}

void
kit_gateway_stop(struct kit_gateway *g)
{
	dp_end(g->dp);
	dp_end(g->peer);
	kit_port_empty(&g->port[0]);
	kit_port_empty(&g->port[1]);
}

struct rte_mbuf *
kit_bytes(const uint8_t *data, uint32_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(the_pool);

	if (!m)
		return NULL;
	m->data_len = (uint16_t)bytes; /* rte_pktmbuf_append() does not know of PKT_ROOM_LONG */
	m->pkt_len = bytes;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), data, bytes);
	memset(pkt_of(m), 0, sizeof(struct pkt));
	pkt_of(m)->flow = PKT_NO_FLOW;
	return m;
}

struct rte_mbuf *
kit_udp(uint32_t src, uint32_t dst, uint32_t bytes, uint8_t tos)
{
	uint8_t ip[9216] = {0x45, tos};

	store_be16(ip + IPV4_LENGTH, (uint16_t)bytes);
	store_be16(ip + IPV4_ID, 7);
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTO] = IPV4_PROTO_UDP;
	store_be32(ip + IPV4_SRC, src);
	store_be32(ip + IPV4_DST, dst);
	ipv4_checksum_set(ip, IPV4_MIN_BYTES);
	store_be16(ip + 20, 1000);
	store_be16(ip + 22, 2000);
	store_be16(ip + 24, (uint16_t)(bytes - IPV4_MIN_BYTES));
	for (uint32_t i = 28; i < bytes; i++)
		ip[i] = (uint8_t)i;
	return kit_bytes(ip, bytes);
}

struct rte_mbuf *
kit_df(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	store_be16(ip + IPV4_FRAGMENT, IPV4_DF);
	ipv4_checksum_set(ip, ipv4_header_len(ip));
	return m;
}

struct rte_mbuf *
kit_udp6(struct ip_addr src, struct ip_addr dst, uint32_t bytes, uint8_t tos)
{
	uint8_t ip[9216] = {(uint8_t)(0x60 | tos >> 4), (uint8_t)(tos << 4)};

	store_be16(ip + IPV6_LENGTH, (uint16_t)(bytes - IPV6_MIN_BYTES));
	ip[IPV6_NEXT] = IPV4_PROTO_UDP;
	ip[IPV6_HOPS] = 64;
	ip_store6(ip + IPV6_SRC, src);
	ip_store6(ip + IPV6_DST, dst);
	store_be16(ip + 40, 1000);
	store_be16(ip + 42, 2000);
	store_be16(ip + 44, (uint16_t)(bytes - IPV6_MIN_BYTES));
	for (uint32_t i = 48; i < bytes; i++)
		ip[i] = (uint8_t)i;
	return kit_bytes(ip, bytes);
}

void
kit_send(struct kit_gateway *g, unsigned port, struct rte_mbuf *m, uint64_t now)
{
	g->port[port].in[g->port[port].n_in++] = m;
	g->port[port].due = now;
	while (dp_turn(port ? g->peer : g->dp, now))
		;
}

static uint64_t
books_of(const struct dp *dp)
{
	const struct dp_stats *s = dp_stats(dp);
	uint64_t out = s->tx + s->consumed + dp_held(dp);

	for (unsigned d = 0; d < DROP_COUNT; d++)
		out += s->drops[d];
	return s->rx + s->created - out;
}

uint64_t
kit_books(const struct kit_gateway *g)
{
	return books_of(g->dp) | books_of(g->peer);
}

uint64_t
kit_drops(const struct kit_gateway *g, enum drop reason)
{
	return dp_stats(g->dp)->drops[reason] + dp_stats(g->peer)->drops[reason];
}

enum drop
kit_drop(struct kit_gateway *g, struct drop_event *event)
{
	struct drop_event oldest;

	do { /* the end of an SA is no drop */
		oldest = (struct drop_event){.reason = DROP_NONE};
		if (!dp_events(g->dp, &oldest, 1))
			dp_events(g->peer, &oldest, 1);
	} while (oldest.life);
	if (event)
		*event = oldest;
	return (enum drop)oldest.reason;
}
