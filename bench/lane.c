/* One worker of a measurement: see lane.h. */
#include "bench/lane.h"

#include <stdlib.h>
#include <string.h>

#include <rte_prefetch.h>

#include "base/clock.h"
#include "bench/seal.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/pkt.h"
#include "dataplane/pool.h"

#define WARM 64u	   /* packets of a batch that are not timed, where it has enough */
#define TURN_PACKETS 1024u /* that a gateway takes in one turn */
#define EVENTS 256u
#define AT_HAND 2048u

static const struct {
	uint16_t bytes;
	uint8_t weight;
} imix[] = {{46, 7}, {576, 4}, {1500, 1}}; /* Ethernet frames of 64, 594 and 1518 */

enum status
packets_create(struct packets *packets, const struct bench_esp_request *request, uint32_t size)
{
	/* what is replayed exists twice; and threads keep some at hand */
	unsigned n = request->slots * (request->replayed ? 2 : 1) + AT_HAND;
	enum status status = pool_create(n, size ? size : 1500, &packets->pool);

	packets->size = size;
	packets->slot = calloc(request->slots, sizeof(struct rte_mbuf *));
	if (!status && !packets->slot)
		status = ST_ERR_NOMEM;
	while (!status && packets->n < request->slots) {
		packets->slot[packets->n] = rte_pktmbuf_alloc(packets->pool);
		if (packets->slot[packets->n])
			packets->n++;
		else
			status = ST_ERR_NOMEM;
	}
	if (status)
		packets_destroy(packets);
	return status;
}

bool
packets_destroy(struct packets *packets)
{
	bool all;

	for (unsigned i = 0; i < packets->n; i++)
		rte_pktmbuf_free(packets->slot[i]);
	all = !packets->pool || rte_mempool_in_use_count(packets->pool) == 0;
	free(packets->slot);
	pool_destroy(packets->pool);
	memset(packets, 0, sizeof(*packets));
	return all;
}

enum status
lane_create(struct lane *lane, const struct bench_esp_request *request, uint64_t seed, char *message,
	size_t bytes)
{
	enum status status;

	memset(lane, 0, sizeof(*lane));
	lane->request = request;
	rng_init(&lane->rng, seed, "packets");
	lane->index = calloc(request->slots, sizeof(*lane->index));
	lane->bytes = calloc(request->slots, sizeof(*lane->bytes));
	lane->ops = calloc(request->slots, sizeof(*lane->ops));
	for (unsigned p = 0; p < RIG_PORTS; p++)
		lane->out[p] = calloc(request->slots, sizeof(struct rte_mbuf *));
	status = lane->index && lane->bytes && lane->ops && lane->out[0] && lane->out[1] ? ST_OK
											 : ST_ERR_NOMEM;
	if (!status)
		status = zipf_init(&lane->zipf, request->order, request->sas, seed);
	if (!status)
		status = rig_create(&lane->rig, request, lane->out, message, bytes);
	if (!status && request->direction != BENCH_OUT)
		status = seal_create(&lane->rig.peer, request->sas, &lane->seal, message, bytes);
	if (!status)
		status = raw_create(&lane->raw, request->engine, &lane->rig.peer);
	if (status)
		lane_destroy(lane);
	return status;
}

void
lane_flush(struct lane *lane)
{
	dp_flush(lane->rig.dp);
	for (unsigned p = 0; p < RIG_PORTS; p++) {
		rte_pktmbuf_free_bulk(lane->out[p], lane->rig.port[p].n_out);
		lane->rig.port[p].n_out = 0;
	}
}

void
lane_destroy(struct lane *lane)
{
	raw_destroy(&lane->raw);
	seal_destroy(lane->seal);
	rig_destroy(&lane->rig);
	zipf_fini(&lane->zipf);
	for (unsigned p = 0; p < RIG_PORTS; p++)
		free(lane->out[p]);
	free(lane->ops);
	free(lane->bytes);
	free(lane->index);
	memset(lane, 0, sizeof(*lane));
}

static uint16_t
size_next(struct lane *lane, const struct packets *packets)
{
	unsigned draw, i = 0;

	if (packets->size != BENCH_IMIX)
		return (uint16_t)packets->size;
	for (draw = (unsigned)rng_below(&lane->rng, 12); draw >= imix[i].weight; i++)
		draw -= imix[i].weight;
	return imix[i].bytes;
}

/* An inner packet: UDP from or to the host of that SA.  What stands behind the ports does not matter. */
static void
packet_write(struct rte_mbuf *m, uint32_t sa, uint16_t bytes, bool outward, uint8_t tos)
{
	uint32_t remote = RIG_REMOTE_HOST + sa;
	uint8_t *ip;

	m->data_off = PKT_HEADROOM;
	m->data_len = bytes;
	m->pkt_len = bytes;
	ip = rte_pktmbuf_mtod(m, uint8_t *);
	memset(ip, 0, IPV4_MIN_BYTES);
	ip[0] = 0x45;
	ip[IPV4_TOS] = tos;
	store_be16(ip + IPV4_LENGTH, bytes);
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTO] = IPV4_PROTO_UDP;
	store_be32(ip + IPV4_SRC, outward ? RIG_LAN_HOST : remote);
	store_be32(ip + IPV4_DST, outward ? remote : RIG_LAN_HOST);
	ipv4_checksum_set(ip, IPV4_MIN_BYTES);
	store_be32(ip + IPV4_MIN_BYTES, UINT32_C(4000) << 16 | 4001);
	memset(pkt_of(m), 0, offsetof(struct pkt, op));
	pkt_of(m)->flow = PKT_NO_FLOW;
}

/* Of ten packets two are voice and five are data, where there are queues to tell them apart. */
static uint8_t
tos_of(const struct lane *lane, unsigned i)
{
	if (!lane->request->qos)
		return 0;
	return i % 10 < 2 ? 46 << 2 : i % 10 < 7 ? 18 << 2 : 0;
}

/* Packets that come from the LAN, the rest from the WAN. */
static unsigned
lane_outward(const struct lane *lane, unsigned n)
{
	return lane->request->direction == BENCH_OUT ? n : lane->request->direction == BENCH_IN ? 0 : n / 2;
}

static enum status
batch_prepare(struct lane *lane, struct packets *packets)
{
	unsigned outward = lane_outward(lane, packets->n);

	for (unsigned i = 0; i < packets->n; i++) {
		lane->index[i] = zipf_next(&lane->zipf);
		lane->bytes[i] = size_next(lane, packets);
		packet_write(packets->slot[i], lane->index[i], lane->bytes[i], i < outward, tos_of(lane, i));
	}
	if (outward < packets->n &&
		!seal_run(lane->seal, packets->slot + outward, lane->index + outward, packets->n - outward))
		return ST_ERR_UNSUPPORTED;
	return ST_OK;
}

static void
events_take(struct lane *lane)
{
	struct drop_event events[EVENTS];
	unsigned n;

	while ((n = dp_events(lane->rig.dp, events, EVENTS)))
		lane->events += n;
}

/* Until all that the ports have is through. */
static enum status
turns_run(struct lane *lane, uint64_t step)
{
	struct dp *dp = lane->rig.dp;
	const struct port_memory *lan = &lane->rig.port[RIG_LAN], *wan = &lane->rig.port[RIG_WAN];

	do {
		bool moved = dp_turn(dp, lane->now);
		uint64_t due;

		if (lane->request->events)
			events_take(lane);
		lane->now += step;
		if (moved)
			continue;
		due = dp_next_due(dp);
		if (due == TIME_NEVER && dp_held(dp))
			return ST_ERR_UNSUPPORTED; /* it would wait for ever */
		if (due != TIME_NEVER && due > lane->now)
			lane->now = due;
	} while (lan->at < lan->n_in || wan->at < wan->n_in || dp_held(dp));
	return ST_OK;
}

/* Packets [from, to) of those that come from the LAN, and as many of the others; how many. */
static unsigned
ports_feed(struct lane *lane, struct packets *packets, unsigned from, unsigned to)
{
	unsigned outward = lane_outward(lane, packets->n), inward = packets->n - outward;
	struct port_memory *lan = &lane->rig.port[RIG_LAN], *wan = &lane->rig.port[RIG_WAN];

	port_memory_feed(lan, packets->slot, from < outward ? from : outward, to < outward ? to : outward);
	port_memory_feed(
		wan, packets->slot + outward, from < inward ? from : inward, to < inward ? to : inward);
	return lan->n_in - lan->at + wan->n_in - wan->at;
}

static unsigned
warm_of(unsigned n)
{
	return n >= 2 * WARM ? WARM : 0;
}

/* The line sends in the time of a turn what can come in one. */
static uint64_t
step_of(const struct lane *lane, const struct packets *packets)
{
	uint32_t bytes = packets->size ? packets->size : 400;

	return lane->request->qos ? time_of_bytes((bytes + 80ull) * TURN_PACKETS, RIG_QOS_RATE) : 1000;
}

static enum status
path_run(struct lane *lane, struct packets *packets, struct sample *sample)
{
	uint64_t step = step_of(lane, packets), start;
	unsigned warm = sample ? warm_of(packets->n) : 0, n = ports_feed(lane, packets, 0, warm);
	enum status status = ST_OK;

	lane->fed += n;
	if (n)
		status = turns_run(lane, step);
	if (status)
		return status;
	n = ports_feed(lane, packets, warm, packets->n);
	lane->fed += n;
	start = lane->request->cycles();
	status = turns_run(lane, step);
	if (sample) {
		sample->total.cycles += lane->request->cycles() - start;
		sample->total.packets += n;
	}
	return status;
}

/* The stages, without a warm burst: one turn in 16 is timed, and it must not be always that one. */
static enum status
stages_run(struct lane *lane, struct packets *packets)
{
	enum status status;

	dp_stage_time(lane->rig.dp, lane->request->cycles);
	status = path_run(lane, packets, NULL);
	dp_stage_time(lane->rig.dp, NULL);
	return status;
}

/* What came out is to be used again, and what did not is made up for. */
static enum status
packets_collect(struct lane *lane, struct packets *packets)
{
	unsigned n = 0;

	for (unsigned p = 0; p < RIG_PORTS; p++) {
		struct port_memory *port = &lane->rig.port[p];

		memcpy(packets->slot + n, port->out, port->n_out * sizeof(struct rte_mbuf *));
		n += port->n_out;
		lane->back += port->n_out;
		port->n_out = 0;
	}
	for (packets->n = n; packets->n < lane->request->slots; packets->n++) {
		packets->slot[packets->n] = rte_pktmbuf_alloc(packets->pool);
		if (!packets->slot[packets->n])
			return ST_ERR_NOMEM;
	}
	return ST_OK;
}

/* What went out by port was encrypted, or decrypted. */
static enum status
raw_port(struct lane *lane, enum rig_port p, enum crypto_direction direction, struct sample *sample)
{
	const struct port_memory *port = &lane->rig.port[p];
	unsigned n = port->n_out, warm = warm_of(n);
	uint64_t start;

	if (!n)
		return ST_OK;
	for (unsigned i = 0; i < n; i++)
		lane->ops[i] = &pkt_of(port->out[i])->op;
	if (!raw_run(&lane->raw, direction, lane->ops, warm))
		return ST_ERR_UNSUPPORTED;
	start = lane->request->cycles();
	if (!raw_run(&lane->raw, direction, lane->ops + warm, n - warm))
		return ST_ERR_UNSUPPORTED;
	sample->raw.cycles += lane->request->cycles() - start;
	sample->raw.packets += n - warm;
	return ST_OK;
}

/* What rx, tx and the loop round them cost. */
static void
ports_loop(struct lane *lane)
{
	struct port *lan = &lane->rig.port[RIG_LAN].port, *wan = &lane->rig.port[RIG_WAN].port;
	struct rte_mbuf *burst[WARM];
	unsigned n, m;

	do {
		n = lan->ops->rx(lan, burst, WARM, lane->now);
		for (unsigned i = 0; i < n; i++)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
		if (n)
			wan->ops->tx(wan, burst, n);
		m = wan->ops->rx(wan, burst, WARM, lane->now);
		for (unsigned i = 0; i < m; i++)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
		if (m)
			lan->ops->tx(lan, burst, m);
	} while (n + m);
}

static void
ports_run(struct lane *lane, struct packets *packets, struct sample *sample)
{
	unsigned warm = warm_of(packets->n);
	uint64_t start;

	ports_feed(lane, packets, 0, warm);
	ports_loop(lane);
	sample->port.packets += ports_feed(lane, packets, warm, packets->n);
	start = lane->request->cycles();
	ports_loop(lane);
	sample->port.cycles += lane->request->cycles() - start;
	for (unsigned p = 0; p < RIG_PORTS; p++)
		lane->rig.port[p].n_out = 0;
}

/* The same packets, before they are all accepted once; the copies are what remains in the slots. */
static enum status
originals_run(struct lane *lane, struct packets *packets)
{
	unsigned n = packets->n, made = 0;
	struct rte_mbuf **copy = calloc(n, sizeof(*copy));
	enum status status = copy ? ST_OK : ST_ERR_NOMEM;

	for (; !status && made < n; made++) {
		struct rte_mbuf *m = packets->slot[made];

		copy[made] = rte_pktmbuf_alloc(packets->pool);
		if (!copy[made])
			break;
		copy[made]->data_off = m->data_off;
		copy[made]->data_len = m->data_len;
		copy[made]->pkt_len = m->pkt_len;
		memcpy(rte_pktmbuf_mtod(copy[made], void *), rte_pktmbuf_mtod(m, void *), m->data_len);
		*pkt_of(copy[made]) = *pkt_of(m);
	}
	if (!status && made == n) {
		status = path_run(lane, packets, NULL);
		for (unsigned p = 0; p < RIG_PORTS; p++) {
			struct port_memory *port = &lane->rig.port[p];

			rte_pktmbuf_free_bulk(port->out, port->n_out);
			lane->back += port->n_out;
			port->n_out = 0;
		}
		memcpy(packets->slot, copy, n * sizeof(*copy));
	} else {
		rte_pktmbuf_free_bulk(copy, made);
		status = ST_ERR_NOMEM;
	}
	free(copy);
	return status;
}

enum status
lane_batch(struct lane *lane, struct packets *packets, struct sample *sample, bool stages)
{
	enum status status = batch_prepare(lane, packets);

	if (!status && lane->request->replayed)
		status = originals_run(lane, packets);
	if (status)
		return status;
	for (unsigned i = 0; sample && i < packets->n; i++)
		sample->bytes += lane->bytes[i];
	if (sample)
		sample->slots += packets->n;
	status = stages ? stages_run(lane, packets) : path_run(lane, packets, sample);
	packets->n = 0; /* the gateway has them, or the ports */
	if (!status && sample && lane->raw.name && !lane->request->replayed) {
		status = raw_port(lane, RIG_WAN, CRYPTO_ENCRYPT, sample);
		if (!status)
			status = raw_port(lane, RIG_LAN, CRYPTO_DECRYPT, sample);
	}
	if (!status)
		status = packets_collect(lane, packets);
	if (!status && sample)
		ports_run(lane, packets, sample);
	return status;
}

enum status
lane_meet(struct lane *lane, struct packets *packets)
{
	enum bench_order order = lane->zipf.order;
	enum status status = ST_OK;

	lane->zipf.order = BENCH_ROUND_ROBIN;
	for (uint64_t met = 0; met < 2 * (uint64_t)lane->request->sas && !status; met += packets->n)
		status = lane_batch(lane, packets, NULL, false);
	lane->zipf.order = order;
	lane->met = true;
	return status;
}
