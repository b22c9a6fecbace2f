/* Traffic source of voice: calls, each a flow of packets of one size at a fixed interval (RFC 3551: G.711
 * and G.729 in frames of 20 ms).  Calls began at chance moments, so each has a phase within the interval,
 * uniformly drawn; flow i is the call with the i-th smallest phase.  As all calls share the interval, their
 * order never changes and going round in a circle is going in order of time: no heap. IPv6 adds 20 bytes to
 * each packet.  No silence suppression, no RTP header (the host fills the payload), no RTCP. */
#include <stdlib.h>
#include <string.h>

#include "lab/traffic_priv.h"

struct codec {
	const char *name;
	uint32_t bytes; /* IPv4 + UDP + RTP = 40, and the voice */
	uint32_t interval_ns;
};

static const struct codec codecs[] = {
	{"g711", 200, 20000000},
	{"g729", 60, 20000000},
};

struct voice {
	struct traffic base;
	const struct codec *codec;
	uint32_t *phases;  /* ns, ascending, one a call */
	uint64_t interval; /* start of the current interval */
	uint64_t num;
	uint32_t call;
	uint32_t bytes; /* IP packet */
};

static unsigned
voice_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	struct voice *v = (struct voice *)traffic;
	const uint64_t until = traffic_until(traffic, now);
	uint64_t time = traffic->due;
	unsigned n = 0;

	while (n < max && time < until) {
		out[n++] = (struct traffic_packet){time, v->num, v->call, v->bytes, NULL};
		if (++v->call == traffic->flow_count) {
			v->call = 0;
			v->num++;
			v->interval += v->codec->interval_ns;
		}
		time = v->interval + v->phases[v->call];
	}
	traffic_due_set(traffic, time);
	return n;
}

static void
voice_fini(struct traffic *traffic)
{
	free(((struct voice *)traffic)->phases);
}

static const struct traffic_ops voice_ops = {.get = voice_get, .fini = voice_fini};

static int
phase_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static const struct codec *
codec_find(const char *name)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (name && !strcmp(codecs[i].name, name))
			return &codecs[i];
	return NULL;
}

enum status
traffic_voice_create(const struct traffic_args *args, struct traffic **traffic)
{
	const struct codec *codec = codec_find(args->cfg->codec);
	if (!codec)
		return traffic_refuse(args, ST_ERR_NOT_FOUND, "codec = %s; allowed: g711, g729",
			args->cfg->codec ? args->cfg->codec : "(none)");
	enum status status = traffic_flows_check(args, "calls", args->cfg->calls);
	if (status != ST_OK)
		return status;

	struct voice *v = traffic_alloc(args, &voice_ops, sizeof(*v), args->cfg->calls);
	if (!v)
		return ST_ERR_NOMEM;
	v->phases = calloc(args->cfg->calls, sizeof(*v->phases));
	if (!v->phases) {
		traffic_destroy(&v->base);
		return ST_ERR_NOMEM;
	}
	for (uint32_t i = 0; i < args->cfg->calls; i++)
		v->phases[i] = (uint32_t)rng_below(&v->base.rng, codec->interval_ns);
	qsort(v->phases, args->cfg->calls, sizeof(*v->phases), phase_compare);
	v->codec = codec;
	v->bytes = codec->bytes + (traffic_is_v6(&v->base) ? TRAFFIC_V6_BYTES : 0);
	v->interval = v->base.start;
	traffic_due_set(&v->base, v->interval + v->phases[0]);
	*traffic = &v->base;
	return ST_OK;
}
