/* Frame by frame: find AH or ESP, find the key, open, judge the number, look inside again.
 *
 * A window belongs to an SPI and destination, not to a row of keys, as a row may be for many.  What has no
 * good ICV moves no window.
 *
 * ESN: where the inferred number gives a bad ICV, the number one subspace below is tried, so that a packet
 * behind the window is called that; and until an SA has shown a good packet, the first ESN_GUESSES subspaces
 * are, as a capture may begin anywhere. */
#include "capture/decrypt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/link_layer.h"
#include "capture/capture_file.h"
#include "capture/open_packet.h"
#include "crypto/engine.h"
#include "dataplane/ipsec/esn.h"
#include "dataplane/replay/replay.h"

#define WINDOW_DEFAULT 64u
#define PACKET_MAX (65535u + 40u)
#define BUFFER_BYTES (OPEN_PACKET_BEFORE + PACKET_MAX + OPEN_PACKET_BEHIND)
#define BUCKETS 1024u
#define SAS_FIRST 16u
#define SAS_MAX 65536u
#define ESN_GUESSES 16u
#define NO_SA UINT32_MAX

struct live {
	void *window;  /* NULL: no replay check */
	uint64_t edge; /* highest number with a good ICV; before that the one below the first expected */
	uint32_t next; /* in the bucket; NO_SA: the last */
	bool esn, seen;
};

struct decrypt {
	struct key_set *keys;
	struct decrypt_options options;
	struct engine *engine;
	struct cfg_engine engine_cfg;
	const struct replay_ops *replay;
	struct open_sa **open; /* keys->n; NULL where it cannot be opened */
	struct decrypt_sa *sas;
	struct live *live; /* of sas, n and room the same */
	unsigned n_sas, sas_room;
	uint32_t bucket[BUCKETS];
	struct decrypt_totals totals;
	uint8_t *buffer; /* DECRYPT_DEPTH of them */
};

/* What is the same for all layers of a frame. */
struct walk {
	const struct decrypt_sink *sink;
	uint64_t number, time_ns;
	const uint8_t *innermost;
	uint32_t innermost_len;
	enum status status;
};

/* ---- making and ending ---- */

static enum status
rows_open(struct decrypt *d)
{
	char message[KEY_WHY_BYTES];

	d->open = calloc(d->keys->n ? d->keys->n : 1, sizeof(struct open_sa *));
	if (!d->open)
		return ST_ERR_NOMEM;
	for (unsigned i = 0; i < d->keys->n; i++) {
		struct key_sa *key = &d->keys->sas[i];
		enum status status;

		key->esn |= d->options.esn;
		if (key->cannot[0])
			continue;
		status = open_sa_create(key, d->engine, &d->open[i], message, sizeof(message));
		if (status == ST_ERR_NOMEM)
			return status;
		if (status != ST_OK)
			snprintf(key->cannot, sizeof(key->cannot), "%s", message);
	}
	return ST_OK;
}

enum status
decrypt_create(struct key_set *keys, const struct decrypt_options *options, struct decrypt **out,
	char *message, size_t bytes)
{
	struct decrypt *d = calloc(1, sizeof(*d));
	enum status status = ST_ERR_NOMEM;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	if (!d)
		return status;
	d->keys = keys;
	d->options = *options;
	d->engine_cfg = (struct cfg_engine){.name = "ipsec_mb", .kind = "ipsec_mb"};
	d->replay = replay_find("bitmap");
	d->buffer = malloc((size_t)DECRYPT_DEPTH * BUFFER_BYTES);
	for (unsigned i = 0; i < BUCKETS; i++)
		d->bucket[i] = NO_SA;
	if (d->buffer)
		status = engine_create(&d->engine_cfg, &d->engine, message, bytes);
	if (status == ST_OK)
		status = rows_open(d);
	if (status != ST_OK) {
		decrypt_destroy(d);
		return status;
	}
	message[0] = '\0';
	*out = d;
	return ST_OK;
}

void
decrypt_destroy(struct decrypt *d)
{
	if (!d)
		return;
	for (unsigned i = 0; d->open && i < d->keys->n; i++)
		open_sa_destroy(d->open[i], d->engine);
	for (unsigned i = 0; i < d->n_sas; i++)
		free(d->live[i].window);
	engine_destroy(d->engine);
	free(d->open);
	free(d->live);
	free(d->sas);
	free(d->buffer);
	free(d);
}

const struct decrypt_totals *
decrypt_totals(const struct decrypt *d)
{
	return &d->totals;
}

const struct decrypt_sa *
decrypt_sas(const struct decrypt *d, unsigned *n)
{
	*n = d->n_sas;
	return d->sas;
}

/* ---- SAs that packets come for ---- */

static bool
sas_grow(struct decrypt *d)
{
	unsigned room = d->sas_room ? 2 * d->sas_room : SAS_FIRST;
	struct decrypt_sa *sas = realloc(d->sas, room * sizeof(*sas));

	if (!sas)
		return false;
	d->sas = sas;
	struct live *live = realloc(d->live, room * sizeof(*live));
	if (!live)
		return false;
	d->live = live;
	d->sas_room = room;
	return true;
}

static uint32_t
window_of(const struct decrypt *d, const struct key_sa *key)
{
	uint32_t window = d->options.window != KEY_WINDOW_UNKNOWN ? d->options.window : key->window;

	return window == KEY_WINDOW_UNKNOWN ? WINDOW_DEFAULT : window;
}

/* A new one; NO_SA where memory or room is short. */
static uint32_t
sa_add(struct decrypt *d, const struct key_sa *key, const struct ip_found *found, uint32_t bucket)
{
	uint32_t window = window_of(d, key);
	struct live live = {.edge = key->first_seq - 1, .next = d->bucket[bucket], .esn = key->esn};

	if (d->n_sas == SAS_MAX || (d->n_sas == d->sas_room && !sas_grow(d)))
		return NO_SA;
	if (window && key->transform[0]) {
		live.window = aligned_alloc(64, d->replay->bytes(window));
		if (!live.window)
			return NO_SA;
		d->replay->init(live.window, window, live.edge);
	}
	d->live[d->n_sas] = live;
	d->sas[d->n_sas] = (struct decrypt_sa){.key = key,
		.proto = (enum alg_proto)found->proto,
		.src = found->src,
		.dst = found->dst,
		.spi = found->spi,
		.window = live.window ? window : 0};
	d->bucket[bucket] = d->n_sas;
	return d->n_sas++;
}

static uint32_t
sa_find(struct decrypt *d, const struct key_sa *key, const struct ip_found *found)
{
	uint64_t hash = (found->dst.hi ^ found->dst.lo ^ (uint64_t)found->spi << 20 ^ found->proto) *
			UINT64_C(0x9e3779b97f4a7c15);
	uint32_t bucket = (uint32_t)(hash >> 32) % BUCKETS, i = d->bucket[bucket];

	for (; i != NO_SA; i = d->live[i].next)
		if (d->sas[i].key == key && d->sas[i].spi == found->spi &&
			ip_equal(d->sas[i].dst, found->dst))
			return i;
	return sa_add(d, key, found, bucket);
}

/* ---- one packet ---- */

/* The number as the receiver takes it (RFC 4303 A2.2); without a window the nearer meaning. */
static uint64_t
seq_infer(const struct live *live, uint32_t window, uint32_t seq)
{
	return live->esn ? esn_infer(live->edge, window ? window : UINT32_C(1) << 31, seq) : seq;
}

/* Opens a copy of the packet, which stays in the buffer of that depth. */
static enum capture_kind
packet_try(struct decrypt *d, unsigned row, const uint8_t *ip, const struct ip_found *found, unsigned depth,
	uint64_t seq, struct decrypt_event *event)
{
	uint8_t *packet = d->buffer + (size_t)depth * BUFFER_BYTES + OPEN_PACKET_BEFORE;
	struct open_inner inner = {0};

	memcpy(packet, ip, found->len);
	event->seq = seq;
	event->kind = open_packet(d->open[row], d->engine, packet, found, seq, &event->icv, &inner);
	if (event->kind == CAPTURE_OPENED) {
		event->inner = inner.data;
		event->inner_len = inner.len;
	}
	return event->kind;
}

/* With ESN a bad ICV may mean another upper half. */
static void
packet_open(struct decrypt *d, unsigned row, const uint8_t *ip, const struct live *live, uint32_t window,
	struct decrypt_event *event)
{
	const struct ip_found *found = &event->found;
	uint64_t seq = seq_infer(live, window, found->seq), one = UINT64_C(1) << 32;

	if (packet_try(d, row, ip, found, event->depth, seq, event) != CAPTURE_ICV_BAD || !live->esn)
		return;
	if (live->seen && seq >= one) {
		packet_try(d, row, ip, found, event->depth, seq - one, event);
	} else if (!live->seen) {
		for (uint64_t high = 0; high < ESN_GUESSES && event->kind == CAPTURE_ICV_BAD; high++)
			packet_try(d, row, ip, found, event->depth, high << 32 | found->seq, event);
	}
	if (event->kind == CAPTURE_ICV_BAD)
		event->seq = seq;
}

/* Only a packet with a good ICV is judged, and only it moves the window (RFC 4303 §3.4.3). */
static void
number_judge(struct decrypt *d, struct live *live, struct decrypt_sa *sa, struct decrypt_event *event)
{
	uint64_t seq = event->seq;

	if (event->icv != VERDICT_ICV_GOOD)
		return;
	if (live->esn && !live->seen && seq >> 32 && live->window && seq > live->edge) {
		/* the capture begins in another subspace than was expected */
		d->replay->init(live->window, sa->window, seq - 1);
		live->edge = seq - 1;
	}
	live->seen = true;
	if (live->window) {
		enum drop drop = d->replay->commit(live->window, seq);

		event->lag = (int64_t)(live->edge - seq);
		event->window = sa->window;
		event->replay = drop == DROP_NONE	  ? VERDICT_REPLAY_ACCEPTED
				: drop == DROP_REPLAY_DUP ? VERDICT_REPLAY_DUPLICATE
							  : VERDICT_REPLAY_OLD;
		if (drop != DROP_REPLAY_DUP && event->lag > 0 && (uint64_t)event->lag > sa->lag_max)
			sa->lag_max = (uint64_t)event->lag;
	}
	if ((int64_t)(seq - live->edge) > 0)
		live->edge = seq;
}

static void
sa_use(struct decrypt *d, struct walk *walk, const uint8_t *ip, struct decrypt_event *event)
{
	unsigned row = (unsigned)(event->key - d->keys->sas);
	uint32_t index;

	if (!d->open[row]) {
		event->kind = CAPTURE_CANNOT;
		return;
	}
	index = sa_find(d, event->key, &event->found);
	if (index == NO_SA) {
		event->kind = CAPTURE_CANNOT;
		walk->status = ST_ERR_NOMEM;
		return;
	}
	struct decrypt_sa *sa = &d->sas[index];
	struct live *live = &d->live[index];

	packet_open(d, row, ip, live, sa->window, event);
	number_judge(d, live, sa, event);
	sa->packets++;
	sa->icv[event->icv]++;
	sa->replay[event->replay]++;
}

static void
event_tell(struct decrypt *d, const struct walk *walk, const struct decrypt_event *event)
{
	if (event->depth)
		d->totals.nested[event->kind]++;
	else
		d->totals.kinds[event->kind]++;
	d->totals.icv[event->icv]++;
	d->totals.replay[event->replay]++;
	if (walk->sink->event)
		walk->sink->event(walk->sink->ctx, event);
}

/* One layer after the other.  What stands inside is told only where it is AH or ESP again. */
static void
layers_walk(struct decrypt *d, struct walk *walk, const uint8_t *ip, uint32_t captured)
{
	for (unsigned depth = 0; depth < DECRYPT_DEPTH && ip; depth++) {
		struct decrypt_event event = {
			.number = walk->number, .time_ns = walk->time_ns, .depth = depth};

		event.kind = ip_find(ip, captured, &d->options.ports, &event.found);
		if (depth && event.kind != CAPTURE_OPENED)
			return;
		event.seq = event.found.seq;
		if (event.kind == CAPTURE_OPENED) {
			event.key = key_set_find(d->keys, (enum alg_proto)event.found.proto, event.found.src,
				event.found.dst, event.found.spi);
			event.kind = CAPTURE_NO_SA;
			if (event.key)
				sa_use(d, walk, ip, &event);
		}
		event_tell(d, walk, &event);
		if (event.inner) {
			walk->innermost = event.inner;
			walk->innermost_len = event.inner_len;
		}
		ip = event.inner;
		captured = event.inner_len;
	}
}

enum status
decrypt_frame(
	struct decrypt *d, int link_type, const struct capture_frame *frame, const struct decrypt_sink *sink)
{
	uint32_t skip = link_layer_bytes(link_type, LINK_IPV4 | LINK_IPV6, frame->data, frame->captured);
	struct walk walk = {.sink = sink, .number = ++d->totals.frames, .time_ns = frame->time_ns};

	if (skip > frame->captured) {
		struct decrypt_event event = {
			.number = walk.number, .time_ns = walk.time_ns, .kind = CAPTURE_NO_IP};

		event_tell(d, &walk, &event);
		return ST_OK;
	}
	layers_walk(d, &walk, frame->data + skip, frame->captured - skip);
	if (walk.innermost && sink->inner)
		sink->inner(sink->ctx, walk.time_ns, walk.innermost, walk.innermost_len);
	return walk.status;
}
