/* Several workers in one thread: a gateway with some SAs, and its peer, each of one worker or more.  SA i
 * leads to 10.2.i.0/24.  For tests/dataplane/test_hand*.c only. */
#ifndef TESTS_DATAPLANE_HAND_RIG_H
#define TESTS_DATAPLANE_HAND_RIG_H

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "dataplane/dp_sas.h"
#include "dataplane/hand.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

#define RIG_SAS 4u
#define RIG_WORKERS 4u
#define US UINT64_C(1000)

struct rig_cfg {
	struct kit_gateway kit; /* ports and the rest of cfg */
	struct cfg_sa sas[2 * RIG_SAS]; /* out and in by turns */
	struct cfg_policy policies[2 * RIG_SAS], in[RIG_SAS];
	struct cfg_gateway cfg, peer; /* the peer has inbound policies only */
};

struct team {
	struct hand_team *hand;
	unsigned n;
	struct dp *dp[RIG_WORKERS];
	struct kit_port port[RIG_WORKERS][2];
};

static inline uint32_t
rig_site(unsigned i)
{
	return (KIT_LAN_DST & 0xffff0000u) | i << 8;
}

static inline void
rig_sa_init(struct rig_cfg *r, unsigned i)
{
	static const char *const names[RIG_SAS] = {"s0", "s1", "s2", "s3"};
	enum cfg_direction direction = i & 1 ? CFG_IN : CFG_OUT;
	struct cfg_sa *sa = &r->sas[i];
	struct cfg_policy *policy = &r->policies[i];

	*sa = r->kit.sas[i & 1];
	sa->name = names[i / 2];
	sa->spi = KIT_SPI + i / 2;
	for (unsigned k = 0; k < sa->key_len; k++)
		sa->key[k] ^= (uint8_t)(i / 2 * 41);
	*policy = r->kit.policies[0];
	policy->direction = direction;
	policy->name = policy->sa = sa->name;
	policy->sa_index = i;
	policy->dst = CFG_PREFIX_V4(rig_site(i / 2), 24);
	if (i & 1)
		r->in[i / 2] = *policy;
}

static inline void
rig_cfg_init(struct rig_cfg *r, const char *transform)
{
	CU_ASSERT_FATAL(kit_init());
	memset(r, 0, sizeof(*r));
	kit_gateway_init(&r->kit, transform);
	for (unsigned i = 0; i < 2 * RIG_SAS; i++)
		rig_sa_init(r, i);
	r->kit.cfg.sas = r->sas;
	r->kit.cfg.n_sas = 2 * RIG_SAS;
	r->kit.cfg.policies = r->policies;
	r->kit.cfg.n_policies = 2 * RIG_SAS;
	r->cfg = r->peer = r->kit.cfg;
	r->peer.policies = r->in;
	r->peer.n_policies = RIG_SAS;
}

static inline struct team *
team_start_ring(const struct cfg_gateway *cfg, unsigned workers, bool process, unsigned ring)
{
	struct team *team = calloc(1, sizeof(*team));
	char message[512] = "";

	CU_ASSERT_FATAL(team != NULL);
	CU_ASSERT_EQUAL_FATAL(hand_team_create(workers, process, ring, &team->hand), ST_OK);
	team->n = workers + process;
	for (unsigned w = 0; w < team->n; w++) {
		struct port *ports[2] = {&team->port[w][0].port, &team->port[w][1].port};

		kit_port_init(&team->port[w][0]);
		kit_port_init(&team->port[w][1]);
		CU_ASSERT_EQUAL_FATAL(dp_create_worker(cfg, ports, kit_pool(), NULL, team->hand, w,
					      &team->dp[w], message, sizeof(message)),
			ST_OK);
	}
	return team;
}

static inline struct team *
team_start(const struct cfg_gateway *cfg, unsigned workers)
{
	return team_start_ring(cfg, workers, false, HAND_RING);
}

/* All of them until none has anything to do. */
static inline void
team_turn(struct team *team, uint64_t now)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (unsigned w = 0; w < team->n; w++)
			moved |= dp_turn(team->dp[w], now);
	}
}

static inline void
team_send(struct team *team, unsigned worker, unsigned port, struct rte_mbuf *m, uint64_t now)
{
	struct kit_port *p = &team->port[worker][port];

	p->in[p->n_in++] = m;
	p->due = now;
	team_turn(team, now);
}

static inline uint64_t
team_sum(const struct team *team, uint64_t (*of)(const struct dp *dp))
{
	uint64_t sum = 0;

	for (unsigned w = 0; w < team->n; w++)
		sum += of(team->dp[w]);
	return sum;
}

static inline uint64_t
team_drops(const struct team *team, enum drop reason)
{
	uint64_t sum = 0;

	for (unsigned w = 0; w < team->n; w++)
		sum += dp_stats(team->dp[w])->drops[reason];
	return sum;
}

/* What has gone out at a port, by whichever worker; the ports are empty then. */
static inline unsigned
team_take(struct team *team, unsigned port, struct rte_mbuf **out)
{
	unsigned n = 0;

	for (unsigned w = 0; w < team->n && w < RIG_WORKERS; w++) { /* gcc sees one worker more at -O3 */
		struct kit_port *p = &team->port[w][port];

		for (unsigned i = 0; i < p->n_out; i++)
			out[n++] = p->out[i];
		p->n_out = 0;
	}
	return n;
}

/* Each worker's books, and those of all. */
static inline void
team_check(const struct team *team)
{
	uint64_t in = 0, out = 0, handed = 0, taken = 0, waiting = 0;

	for (unsigned w = 0; w < team->n; w++) {
		const struct dp_stats *s = dp_stats(team->dp[w]);
		uint64_t rings = hand_team_waiting(team->hand, w), drops = 0;

		for (unsigned d = 0; d < DROP_COUNT; d++)
			drops += s->drops[d];
		CU_ASSERT_EQUAL(s->rx + s->created + s->taken,
			s->tx + s->consumed + s->handed + dp_held(team->dp[w]) + drops);
		in += s->rx + s->created;
		out += s->tx + s->consumed + dp_held(team->dp[w]) + drops;
		handed += s->handed;
		taken += s->taken;
		waiting += rings;
	}
	CU_ASSERT_EQUAL(in, out + waiting);
	CU_ASSERT_EQUAL(handed, taken + waiting);
}

static inline void
team_stop(struct team *team)
{
	team_check(team);
	for (unsigned w = 0; w < team->n; w++) {
		dp_flush(team->dp[w]);
		dp_destroy(team->dp[w]);
		kit_port_empty(&team->port[w][0]);
		kit_port_empty(&team->port[w][1]);
	}
	hand_team_destroy(team->hand);
	free(team);
}

/* A packet for the site of SA i. */
static inline struct rte_mbuf *
rig_packet(unsigned i, uint32_t bytes, uint8_t tos)
{
	return kit_udp(KIT_LAN_SRC, rig_site(i) + 10, bytes, tos);
}

static inline uint32_t
rig_spi(const struct rte_mbuf *m)
{
	return load_be32(rte_pktmbuf_mtod(m, const uint8_t *) + IPV4_MIN_BYTES);
}

static inline uint32_t
rig_seq(const struct rte_mbuf *m)
{
	return load_be32(rte_pktmbuf_mtod(m, const uint8_t *) + IPV4_MIN_BYTES + 4);
}

/* One change in all workers: each is ready before the first changes. */
static inline enum status
team_change(struct team *team, const struct cfg_gateway *cfg, uint64_t now)
{
	struct dp_change *change[RIG_WORKERS];
	enum status status = ST_OK;
	char message[512];

	for (unsigned w = 0; w < team->n; w++) {
		bool done = false;

		CU_ASSERT_EQUAL_FATAL(
			dp_change_create(team->dp[w], cfg, &change[w], message, sizeof(message)), ST_OK);
		while (!done && !status)
			status = dp_change_make(team->dp[w], change[w], 1, &done, message, sizeof(message));
	}
	for (unsigned w = 0; w < team->n; w++) {
		if (status)
			dp_change_abort(team->dp[w], change[w]);
		else
			dp_change_commit(team->dp[w], change[w], now);
	}
	for (unsigned w = 0; w < team->n; w++) {
		for (bool done = status != ST_OK; !done;)
			dp_change_settle(team->dp[w], change[w], now, 1, &done);
		dp_change_destroy(change[w]);
	}
	return status;
}

#endif
