/* What tests of changes share: a gateway and its peer as they are to be, and the steps of a change. */
#ifndef TESTS_DATAPLANE_CHANGE_RIG_H
#define TESTS_DATAPLANE_CHANGE_RIG_H

#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "dataplane/dp_sas.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/sa.h"
#include "tests/kit/kit.h"

#define US UINT64_C(1000)
#define IDLE (1000 * US)

/* The gateway and its peer as they are to be, beside as they are. */
struct next {
	struct cfg_sa sas[4];
	struct cfg_policy policies[2], peer_policies[2];
	struct cfg_gateway cfg, peer_cfg;
};

static inline void
next_init(struct next *next, const struct kit_gateway *g)
{
	memcpy(next->sas, g->sas, sizeof(next->sas));
	memcpy(next->policies, g->policies, sizeof(next->policies));
	memcpy(next->peer_policies, g->peer_policies, sizeof(next->peer_policies));
	next->cfg = g->cfg;
	next->peer_cfg = g->peer_cfg;
	next->cfg.sas = next->peer_cfg.sas = next->sas;
	next->cfg.policies = next->policies;
	next->peer_cfg.policies = next->peer_policies;
}

static inline void
rekeyed(struct cfg_sa *sa, uint32_t spi)
{
	sa->spi = spi;
	for (unsigned i = 0; i < sa->key_len; i++)
		sa->key[i] ^= (uint8_t)spi;
}

static inline enum status
change(struct dp *dp, const struct cfg_gateway *cfg, uint64_t now, bool commit)
{
	struct dp_change *change;
	char message[512];
	bool done = false;
	enum status status = dp_change_create(dp, cfg, &change, message, sizeof(message));

	if (status)
		return status;
	while (!done && !status)
		status = dp_change_make(dp, change, 1, &done, message, sizeof(message));
	if (status || !commit)
		dp_change_abort(dp, change);
	else
		dp_change_commit(dp, change, now);
	for (done = status || !commit; !done;)
		dp_change_settle(dp, change, now, 1, &done);
	dp_change_destroy(change);
	return status;
}

/* A round of one SA at a time; how many are left. */
static inline unsigned
age(struct dp *dp, uint64_t now, uint64_t idle)
{
	unsigned left = 0;

	for (bool done = false; !done;)
		left = dp_sas_age(dp, now, idle, 1, &done);
	return left;
}

static inline struct rte_mbuf *
protect(struct kit_gateway *g, uint64_t now)
{
	kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), now);
	CU_ASSERT_EQUAL_FATAL(g->port[1].n_out, 1);
	g->port[1].n_out = 0;
	return g->port[1].out[0];
}

static inline uint32_t
spi_of(struct rte_mbuf *m)
{
	return load_be32(rte_pktmbuf_mtod(m, uint8_t *) + IPV4_MIN_BYTES);
}

static inline uint32_t
seq_of(struct rte_mbuf *m)
{
	return load_be32(rte_pktmbuf_mtod(m, uint8_t *) + IPV4_MIN_BYTES + 4);
}

/* Whether the peer takes it. */
static inline bool
taken(struct kit_gateway *g, struct rte_mbuf *m, uint64_t now)
{
	bool came;

	kit_send(g, 1, m, now);
	came = g->port[0].n_out == 1;
	kit_port_empty(&g->port[0]);
	return came;
}

static inline void
start(struct kit_gateway *g, struct next *next)
{
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(g, "esp-gcm 128");
	CU_ASSERT_FATAL(kit_gateway_start(g));
	next_init(next, g);
}

static inline void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

#endif
