/* What is measured of each flow: on arrival in ESP at the decrypting gateway, at the receiver, and when it
 * ends. */
#include <stdlib.h>

#include "dataplane/ipsec/sa.h"
#include "lab/lab_priv.h"

/* Flows that together have more packets under way than there are identifications repeat them, as hosts do
 * (RFC 4963). */
#define ID_STEP_MAX 4097u

static enum status
flow_create(struct lab *lab, struct flow *flow, uint32_t traffic, uint32_t index, uint32_t total)
{
	unsigned depth = lab->cfg->reorder_depth;
	enum status status;

	flow->traffic = traffic;
	flow->index = index;
	flow->id_first = (uint16_t)(flow - lab->flows);
	flow->id_step = (uint16_t)(total < ID_STEP_MAX ? total : ID_STEP_MAX);
	traffic_flow_get(lab->traffic[traffic], index, &flow->id);
	flow->class_name = lab->cfg->traffic[traffic].class_name;
	flow->is_tcp = lab->cfg->traffic[traffic].kind == CFG_TRAFFIC_TCP;
	flow->is_ping = lab->cfg->traffic[traffic].kind == CFG_TRAFFIC_PING;
	if ((flow->is_tcp || flow->is_ping) && index >= lab->cfg->traffic[traffic].flows)
		flow->class_name = lab->cfg->traffic[traffic].class_back;
	if (lab->cfg->traffic[traffic].kind != CFG_TRAFFIC_PCAP)
		packet_template(flow);
	if (!delay_init(&flow->delay) || !delay_init(&flow->ipdv))
		return ST_ERR_NOMEM;
	status = reorder_create(depth, &flow->at_gateway);
	return status ? status : reorder_create(depth, &flow->at_receiver);
}

enum status
flows_create(struct lab *lab)
{
	unsigned total = 0, at = 0;

	for (unsigned t = 0; t < lab->cfg->n_traffic; t++)
		total += traffic_flow_count(lab->traffic[t]);
	lab->flows = calloc(total + 1u, sizeof(*lab->flows));
	if (!lab->flows)
		return ST_ERR_NOMEM;
	for (unsigned t = 0; t < lab->cfg->n_traffic; t++) {
		unsigned n = traffic_flow_count(lab->traffic[t]);

		for (unsigned i = 0; i < n; i++) {
			enum status status = flow_create(lab, &lab->flows[at++], t, i, total);

			lab->n_flows = at;
			if (status)
				return status;
		}
	}
	return ST_OK;
}

void
flows_destroy(struct lab *lab)
{
	for (unsigned i = 0; i < lab->n_flows; i++) {
		struct flow *flow = &lab->flows[i];

		delay_fini(&flow->delay);
		delay_fini(&flow->ipdv);
		fate_fini(&flow->fate);
		reorder_destroy(flow->at_gateway);
		reorder_destroy(flow->at_receiver);
	}
	free(lab->flows);
}

/* pkt->sa is still the sender's SA, but where another gateway has passed the packet on. */
void
flow_at_gateway(struct lab *lab, struct pkt *pkt)
{
	if (pkt->sa && pkt->sa->observer)
		reorder_arrive(pkt->sa->observer, pkt->seq - pkt->sa->cfg->first_seq, pkt->time_ns);
	if (pkt->flow != PKT_NO_FLOW && !(pkt->flags & PKT_MET)) /* a hub's second tunnel does not count */
		reorder_arrive(lab->flows[pkt->flow].at_gateway, pkt->num, pkt->time_ns);
	pkt->flags |= PKT_MET;
}

void
flow_joined(void *lab, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);

	/* the gateway has forgotten the sender's SA */
	if (pkt->flags & PKT_FRAGMENT)
		pkt->sa = pkt->over;
	flow_at_gateway(lab, pkt);
	pkt->sa = NULL;
}

bool
flow_delivered(struct lab *lab, struct rte_mbuf *m)
{
	const struct pkt *pkt = pkt_of(m);
	struct flow *flow = &lab->flows[pkt->flow];
	const struct reorder_stats *seen = reorder_stats(flow->at_receiver);
	uint64_t copies = seen->duplicates, delay = pkt->time_ns - pkt->sent_ns;
	bool intact = packet_intact(lab, m);

	reorder_arrive(flow->at_receiver, pkt->num, pkt->time_ns);
	if (unlikely(pkt->flags & PKT_CUT))
		fate_deliver(&flow->fate, pkt->num);
	else
		flow->originals += !(pkt->flags & PKT_CLONE);
	if (unlikely(!intact))
		flow->corrupt++;
	if (unlikely(seen->duplicates != copies)) {
		flow->duplicates++;
		return intact;
	}
	if (flow->delivered)
		delay_record(&flow->ipdv,
			delay > flow->last_delay ? delay - flow->last_delay : flow->last_delay - delay);
	flow->last_delay = delay;
	flow->delivered++;
	flow->delivered_bytes += rte_pktmbuf_data_len(m);
	delay_record(&flow->delay, delay);
	return intact;
}

void
flow_echoed(void *ctx, struct rte_mbuf *question, struct pkt *answer)
{
	const struct pkt *pkt = pkt_of(question);
	struct lab *lab = ctx;
	struct flow *back;

	if (pkt->flow == PKT_NO_FLOW || !flow_delivered(lab, question) || !lab->flows[pkt->flow].is_ping)
		return;
	back = &lab->flows[pkt->flow + 1];
	back->sent++;
	back->sent_bytes += rte_pktmbuf_data_len(question);
	lab->answers++;
	answer->flow = pkt->flow + 1;
	answer->num = pkt->num;
	answer->sent_bytes = rte_pktmbuf_data_len(question);
}

void
flow_dropped(struct lab *lab, unsigned node, const struct drop_event *event)
{
	struct flow *flow = event->flow != PKT_NO_FLOW ? &lab->flows[event->flow] : NULL;

	if (flow && event->is_clone)
		flow->clone_drops++;
	else if (flow && event->is_piece)
		fate_drop(&flow->fate, event->num, (enum drop)event->reason);
	else if (flow)
		flow->drops[event->reason]++;
	if (lab->recorder && lab->cfg->events)
		recorder_drop(lab->recorder, node, event,
			flow ? flow->class_name : NULL);
}

void
flow_dropped_packet(struct lab *lab, unsigned node, struct rte_mbuf *m, enum drop reason, uint64_t now)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct pkt *pkt = pkt_of(m);
	struct drop_event event = {.time_ns = now,
		.reason = (uint8_t)reason,
		.flow = pkt->flow,
		.num = pkt->num,
		.is_clone = (pkt->flags & PKT_CLONE) != 0,
		.is_piece = (pkt->flags & PKT_CUT) != 0,
		.bytes = rte_pktmbuf_data_len(m)};

	drop_event_read(&event, ip, rte_pktmbuf_data_len(m));
	if (pkt->flags & PKT_ENCRYPTED && pkt->sa) {
		event.sa = pkt->sa;
		event.spi = pkt->sa->spi;
		event.seq = pkt->seq;
	}
	flow_dropped(lab, node, &event);
	rte_pktmbuf_free(m);
}
