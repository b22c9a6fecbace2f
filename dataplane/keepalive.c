/* NAT-keepalives: after a silence a single byte 0xff in UDP 4500, so that a NAT on the way remembers the pair
 * of addresses.  RFC 3948 §2.3, §4.  The only packets that a gateway makes out of nothing: they are counted
 * as created.
 *
 * A gateway without a pool sends none; where the pool is empty the next is due after another silence. */
#include "dataplane/keepalive.h"

#include <stdlib.h>

#include "dataplane/forward.h"
#include "dataplane/ipsec/ipsec.h"

/* TIME_NEVER: it is about to change. */
static uint64_t
sa_due(const struct sa *sa)
{
	return sa->cfg->natt_keepalive ? sa->last_ns + sa->cfg->natt_keepalive : TIME_NEVER;
}

uint64_t
keepalive_next_due(const struct dp *dp)
{
	uint64_t due = TIME_NEVER;

	for (unsigned i = 0; i < dp->n_keepalive; i++)
		due = time_min(due, sa_due(dp->keepalive[i]));
	return due <= dp->keepalive_end ? due : TIME_NEVER;
}

static void
keepalive_send(struct worker *w, struct sa *sa)
{
	uint32_t port = forward_route(w->dp->cfg, sa->dst);
	struct rte_mbuf *m = port == CFG_NONE ? NULL : rte_pktmbuf_alloc(w->dp->pool);
	struct pkt *pkt;

	sa->last_ns = w->now;
	if (!m)
		return;
	pkt = pkt_of(m);
	m->data_off = PKT_HEADROOM;
	m->data_len = (uint16_t)ipsec_keepalive_write(sa, rte_pktmbuf_mtod(m, uint8_t *));
	m->pkt_len = m->data_len;
	*pkt = (struct pkt){.time_ns = w->now,
		.flow = PKT_NO_FLOW,
		.wire_bytes = m->data_len,
		.out_port = (uint8_t)port,
		.dscp = ip_tos(rte_pktmbuf_mtod(m, const uint8_t *)) >> 2};
	w->stats.created++;
	worker_put(w, STAGE_qos, m);
}

bool
keepalive_run(struct worker *w)
{
	struct dp *dp = w->dp;
	unsigned sent = 0;

	for (unsigned i = 0; i < dp->n_keepalive; i++) {
		if (sa_due(dp->keepalive[i]) > time_min(w->now, dp->keepalive_end))
			continue;
		keepalive_send(w, dp->keepalive[i]);
		if (++sent % WORKER_BURST == 0) /* many SAs are due together, and inboxes are bounded */
			worker_walk(w);
	}
	if (sent)
		worker_walk(w);
	return sent != 0;
}

static void
keepalive_list(struct dp *dp)
{
	dp->n_keepalive = 0;
	for (unsigned i = 0; dp->pool && i < dp->cfg->n_sas; i++)
		if (keepalive_sends(dp->sas[i], &dp->cfg->sas[i]))
			dp->keepalive[dp->n_keepalive++] = dp->sas[i];
}

enum status
keepalive_create(struct dp *dp)
{
	dp->keepalive_end = TIME_NEVER;
	dp->keepalive = calloc(dp->cfg->n_sas + 1u, sizeof(struct sa *));
	if (!dp->keepalive)
		return ST_ERR_NOMEM;
	keepalive_list(dp);
	return ST_OK;
}
