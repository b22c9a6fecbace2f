/* An SA takes over the parameters of another that was made for it, and goes on with its own numbers. */
#include "dataplane/ipsec/sa.h"

/* What the old window does not know counts as seen: it may have come (RFC 4303 §3.4.3). */
static void
window_carry(const struct sa *was, struct sa *fresh)
{
	uint64_t edge = was->replay ? was->replay->right_edge(was->window) : was->ahead;

	if (!fresh->replay)
		return;
	fresh->replay->init(fresh->window, fresh->window_size, edge);
	for (uint32_t i = fresh->window_size; i-- > 1;)
		if (i <= edge && (!was->replay || was->replay->check(was->window, edge - i) != DROP_NONE))
			fresh->replay->commit(fresh->window, edge - i);
}

void
sa_alter(struct sa *sa, struct sa *fresh)
{
	struct sa was = *sa;
	struct crypto_session *spare = fresh->session;
	struct in_order *order = fresh->order;
	struct lag lag = fresh->lag;

	window_carry(&was, fresh);
	*sa = *fresh;
	*fresh = was;
	fresh->session = spare;
	fresh->order = order;
	fresh->lag = lag;
	sa->session = was.session; /* of the same keys, and packets under way name it */
	sa->order = was.order;
	sa->lag = was.lag;
	sa->seq = was.seq;
	sa->seq_max = was.seq_max;
	sa->ahead = was.ahead;
	sa->ip_id = was.ip_id;
	sa->last_ns = was.last_ns;
	sa->next = was.next;
	sa->first = was.first;
	sa->packets = was.packets;
	sa->bytes = was.bytes;
	sa->errors = was.errors;
	sa->replays = was.replays;
	sa->tfc_packets = was.tfc_packets;
	sa->dummies = was.dummies;
	sa->duplicates = was.duplicates;
	sa->path_mtu = was.path_mtu;
	sa->path_mtu_until = was.path_mtu_until;
	sa->observer = was.observer;
	sa->ended = was.ended;
	sa->seq_told = was.seq_told;
}
