/* "Changing the MTU size on either router tears down all tunnels that terminate on that interface" (Cisco's
 * document on IPsec debugging, workarounds of "ESP sequence fail").
 *
 * While an SA is down, what a policy wants protected by it ends as tunnel_down (RFC 4301 §5.1 lets a gateway
 * discard until there is an SA), and what comes in by it as no_sa: the peer was not told.  Both are decided
 * off the packet path: the flow cache forgets, and the SAD does not know the SPI.
 *
 * Nobody negotiates here: the SA comes back with its keys and SPI, so its numbers must go on where they were,
 * and its window too.  What was learnt of the path is forgotten.  Packets that are under way in an engine or
 * queue at the instant go on. */
#include "dataplane/tunnel.h"

#include "config/cfg_net.h"
#include "dataplane/dp_sas.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/process.h"
#include "dataplane/worker.h"

void
tunnel_port_mtu(struct dp *dp, unsigned port, uint32_t mtu)
{
	dp->ports[port].mtu = mtu;
	flow_cache_clear(dp->worker->cache); /* entries hold the MTU */
}

static bool
ends_at(const struct sa *sa, const struct cfg_port *port)
{
	return cfg_port_has(port, sa->direction == CFG_OUT ? sa->src : sa->dst);
}

static void
sa_switch(struct dp *dp, struct sa *sa, bool down)
{
	if (sa->down == down)
		return;
	sa->down = down;
	sa->path_mtu = 0;
	if (!dp_sa_stands(sa) || sa->ended) /* these do not stand in the SAD */
		return;
	if (down)
		sad_del(dp->sad, sa->spi, sa->dst, (uint8_t)sa->transform.proto);
	else /* it had a place before, and the SAD does not shrink */
		sad_add(dp->sad, sa->spi, sa->dst, (uint8_t)sa->transform.proto, sa);
}

static void
port_switch(struct dp *dp, unsigned port, bool down)
{
	for (unsigned i = 0; i < dp->cfg->n_sas; i++)
		if (ends_at(dp->sas[i], &dp->cfg->ports[port]))
			sa_switch(dp, dp->sas[i], down);
	flow_cache_clear(dp->worker->cache);
	process_forget(dp->worker->process); /* IOS flushes it as an interface goes down */
}

void
tunnel_port_down(struct dp *dp, unsigned port)
{
	port_switch(dp, port, true);
}

void
tunnel_port_up(struct dp *dp, unsigned port)
{
	port_switch(dp, port, false);
}
