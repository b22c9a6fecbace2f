/* Traffic source from a user's own capture, pcap or pcapng, read by libpcap.
 *
 * The whole file is read once, at creation: its packets of the hosts' family are mapped to the hosts of the
 * laboratory and kept in memory with their times, so playing is a walk over an array.  EVERY packet goes
 * from host `from` to host `to`, whichever way it went when captured.  Times count from the first usable
 * packet; one that is earlier than the packet before it is moved up to that one.  Flows are the 5-tuples of
 * the capture, in order of appearance; after 4096 of them, new ones share those by hash.  A later fragment
 * has no ports and counts as a flow of its own. DSCP, ECN and DF stay as captured: the keys dscp, ecn and
 * df are for the other kinds. A loop begins again one mean gap after its last packet; a capture that takes
 * no time is repeated each second. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/link_layer.h"
#include "dataplane/flow_cache.h"
#include "lab/traffic_capture.h"
#include "lab/traffic_priv.h"

#define DATA_MAX (UINT64_C(256) << 20)
#define PCAP_FLOWS 4096u
#define SLOTS (2 * PCAP_FLOWS) /* of the hash table, so at most half are taken */
#define SECONDS_MAX 4000000000 /* of a time stamp, above which the file is nonsense: year 2096 */

struct item {
	uint64_t time_ns; /* after the first; at the speed of the source once all are read */
	uint64_t offset;  /* in data */
	uint16_t bytes, flow;
};

struct pcap_flow {
	struct capture_key key;
	struct traffic_flow flow;
	uint64_t num; /* of its next packet */
};

struct pcap_source {
	struct traffic base;
	uint8_t *data;
	size_t data_len, data_size;
	struct item *items;
	size_t n_items, items_size, next;
	struct pcap_flow *flows; /* base.flow_count of PCAP_FLOWS */
	uint16_t *slots;	 /* flow + 1, 0: free */
	uint64_t round;		 /* start of this round */
	uint64_t period;	 /* of a round; 0: no loop */
};

/* ---- playing ---- */

static unsigned
pcap_source_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	struct pcap_source *p = (struct pcap_source *)traffic;
	const struct item *item = &p->items[p->next];

	(void)now; /* traffic_get() saw that one is due */
	(void)max; /* and that it has room */
	*out = (struct traffic_packet){
		traffic->due, p->flows[item->flow].num++, item->flow, item->bytes, p->data + item->offset};
	if (++p->next == p->n_items && p->period) {
		p->next = 0;
		p->round += p->period;
	}
	traffic_due_set(traffic, p->next < p->n_items ? p->round + p->items[p->next].time_ns : TIME_NEVER);
	return 1;
}

static void
pcap_source_flow_get(const struct traffic *traffic, unsigned flow, struct traffic_flow *out)
{
	*out = ((const struct pcap_source *)traffic)->flows[flow].flow;
}

static void
pcap_source_fini(struct traffic *traffic)
{
	struct pcap_source *p = (struct pcap_source *)traffic;

	free(p->data);
	free(p->items);
	free(p->flows);
	free(p->slots);
}

static const struct traffic_ops pcap_source_ops = {
	.get = pcap_source_get,
	.flow_get = pcap_source_flow_get,
	.fini = pcap_source_fini,
};

/* ---- loading ---- */

static uint32_t
key_hash(const struct capture_key *key)
{
	uint64_t h = (uint64_t)ip_v4_of(key->src) << 32 | ip_v4_of(key->dst);

	if (!ip_is_v4(key->src))
		h ^= flow_mix(flow_mix(key->src.hi, key->src.lo), flow_mix(key->dst.hi, key->dst.lo) + 1);
	h *= UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 32;
	h += (uint64_t)key->sport << 24 | (uint64_t)key->dport << 8 | key->proto;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32);
}

static bool
key_equal(const struct capture_key *a, const struct capture_key *b)
{
	return ip_equal(a->src, b->src) && ip_equal(a->dst, b->dst) && a->sport == b->sport &&
	       a->dport == b->dport && a->proto == b->proto;
}

/* What the flow is in the laboratory: all of the first packet but the addresses. */
static void
flow_add(struct pcap_source *p, const struct capture_key *key, const uint8_t *ip)
{
	struct pcap_flow *new = &p->flows[p->base.flow_count++];

	new->key = *key;
	new->flow = p->base.flow;
	new->flow.sport = key->sport;
	new->flow.dport = key->dport;
	new->flow.proto = key->proto;
	new->flow.dscp = ip_tos(ip) >> 2;
	new->flow.ecn = ip_tos(ip) & 3;
	new->flow.df = ip_head_is_v4(ip) && ip[6] >> 6 & 1;
}

/* The flow of a packet as it was captured. */
static uint16_t
flow_of(struct pcap_source *p, const uint8_t *ip, uint32_t bytes)
{
	struct capture_key key;
	capture_key_get(ip, bytes, &key);
	uint32_t hash = key_hash(&key), slot = hash % SLOTS;

	for (; p->slots[slot]; slot = (slot + 1) % SLOTS)
		if (key_equal(&p->flows[p->slots[slot] - 1].key, &key))
			return (uint16_t)(p->slots[slot] - 1);
	if (p->base.flow_count == PCAP_FLOWS)
		return (uint16_t)(hash % PCAP_FLOWS);
	flow_add(p, &key, ip);
	p->slots[slot] = (uint16_t)p->base.flow_count;
	return (uint16_t)(p->base.flow_count - 1);
}

/* Room for `need` elements of `unit` bytes. */
static bool
room_make(void **memory, size_t *size, size_t need, size_t unit)
{
	if (need <= *size)
		return true;
	size_t more = need > *size * 2 ? need : *size * 2;
	void *new = realloc(*memory, more * unit);
	if (!new)
		return false;
	*memory = new;
	*size = more;
	return true;
}

static enum status
packet_add(const struct traffic_args *args, struct pcap_source *p, const uint8_t *ip, uint32_t bytes,
	uint64_t time)
{
	void *data = p->data, *items = p->items;

	if (p->data_len + bytes > DATA_MAX)
		return traffic_refuse(
			args, ST_ERR_IO, "%s: more than 256 MB of packets; cut the capture", args->cfg->file);
	bool ok = room_make(&data, &p->data_size, p->data_len + bytes, 1);
	p->data = data;
	ok = ok && room_make(&items, &p->items_size, p->n_items + 1, sizeof(*p->items));
	p->items = items;
	if (!ok)
		return ST_ERR_NOMEM;

	struct item *item = &p->items[p->n_items];
	*item = (struct item){time, p->data_len, (uint16_t)bytes, flow_of(p, ip, bytes)};
	if (p->n_items && item->time_ns < item[-1].time_ns)
		item->time_ns = item[-1].time_ns;
	memcpy(p->data + p->data_len, ip, bytes);
	capture_map(p->data + p->data_len, bytes, p->base.flow.src, p->base.flow.dst);
	p->data_len += bytes;
	if (bytes > p->base.bytes_max)
		p->base.bytes_max = bytes;
	p->n_items++;
	return ST_OK;
}

/* Absolute time; nonsense in a damaged file must not overflow. */
static uint64_t
stamp_ns(const struct pcap_pkthdr *header)
{
	int64_t seconds = header->ts.tv_sec, ns = header->ts.tv_usec; /* opened with ns precision */

	seconds = seconds < 0 ? 0 : seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
	return (uint64_t)seconds * NS_PER_SEC + (ns < 0 ? 0 : (uint64_t)ns % NS_PER_SEC);
}

static enum status
packets_read(const struct traffic_args *args, struct pcap_source *p, pcap_t *file)
{
	int link_type = pcap_datalink(file), got;
	struct pcap_pkthdr *header;
	const uint8_t *frame;
	bool v6 = traffic_is_v6(&p->base);

	if (!link_layer_known(link_type)) {
		const char *name = pcap_datalink_val_to_name(link_type);
		return traffic_refuse(args, ST_ERR_IO, "%s: link type %s (%d) is not supported",
			args->cfg->file, name ? name : "unknown", link_type);
	}
	while ((got = pcap_next_ex(file, &header, &frame)) == 1) {
		uint32_t bytes;
		const uint8_t *ip = capture_ip(link_type, v6, frame, header->caplen, &bytes);
		if (!ip) {
			p->base.skipped++;
			continue;
		}
		enum status status = packet_add(args, p, ip, bytes, stamp_ns(header));
		if (status != ST_OK)
			return status;
	}
	if (got != PCAP_ERROR_BREAK) /* which is the end of the file */
		return traffic_refuse(args, ST_ERR_IO, "%s: %s", args->cfg->file, pcap_geterr(file));
	if (!p->n_items)
		return traffic_refuse(args, ST_ERR_IO, "%s: no whole %s packet in it (%lu others)",
			args->cfg->file, v6 ? "IPv6" : "IPv4", (unsigned long)p->base.skipped);
	return ST_OK;
}

static uint64_t
time_scale(uint64_t ns, double speed)
{
	double scaled = (double)ns / speed;

	if (speed == 1.0)
		return ns;
	return scaled < (double)TRAFFIC_TIME_MAX ? (uint64_t)scaled : TRAFFIC_TIME_MAX;
}

/* From absolute times of the capture to times within a round. */
static void
times_set(struct pcap_source *p, const struct cfg_traffic *cfg)
{
	uint64_t first = p->items[0].time_ns, span = p->items[p->n_items - 1].time_ns - first;
	uint64_t period = span ? span + span / (p->n_items - 1) : NS_PER_SEC;

	for (size_t i = 0; i < p->n_items; i++)
		p->items[i].time_ns = time_scale(p->items[i].time_ns - first, cfg->speed);
	if (cfg->loop) /* never 0, which would be packets without end at one time */
		p->period = time_scale(period, cfg->speed) + (time_scale(period, cfg->speed) == 0);
}

/* cfg->file is relative to the directory of the configuration file. */
static FILE *
file_open(const struct traffic_args *args)
{
	const char *file = args->cfg->file, *lab = args->lab->file;
	const char *slash = lab && file[0] != '/' ? strrchr(lab, '/') : NULL;
	int directory = slash ? (int)(slash - lab) + 1 : 0;
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%.*s%s", directory, lab ? lab : "", file) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return fopen(path, "rb");
}

static enum status
capture_load(const struct traffic_args *args, struct pcap_source *p)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	FILE *stream = file_open(args);
	if (!stream)
		return traffic_refuse(args, ST_ERR_IO, "%s: %s", args->cfg->file, strerror(errno));
	pcap_t *file = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!file) {
		fclose(stream);
		return traffic_refuse(args, ST_ERR_IO, "%s: %s", args->cfg->file, error);
	}
	enum status status = packets_read(args, p, file);
	pcap_close(file); /* and the stream */
	return status;
}

enum status
traffic_pcap_create(const struct traffic_args *args, struct traffic **traffic)
{
	const struct cfg_traffic *cfg = args->cfg;
	if (!(cfg->speed >= 1e-9 && cfg->speed <= 1e9))
		return traffic_refuse(args, ST_ERR_RANGE, "speed = %g; allowed: 1e-9 to 1e9", cfg->speed);
	if (!cfg->file)
		return traffic_refuse(args, ST_ERR_RANGE, "file is missing");

	struct pcap_source *p = traffic_alloc(args, &pcap_source_ops, sizeof(*p), 0);
	if (!p)
		return ST_ERR_NOMEM;
	p->flows = calloc(PCAP_FLOWS, sizeof(*p->flows));
	p->slots = calloc(SLOTS, sizeof(*p->slots));
	enum status status = p->flows && p->slots ? capture_load(args, p) : ST_ERR_NOMEM;
	if (status != ST_OK) {
		traffic_destroy(&p->base);
		return status;
	}
	times_set(p, cfg);
	p->round = p->base.start;
	*traffic = &p->base;
	return ST_OK;
}
