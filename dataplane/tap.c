/* A tap's ring of bytes: records of a header and a packet's first bytes, each in one piece.
 *
 * head and tail count up and are taken modulo the size.  A record that does not fit before the end of the
 * memory stands at its beginning, and a mark says so where there is room for one. */
#include "dataplane/tap.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/ipsec/ipsec.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/worker.h"

#define SKIP UINT32_MAX /* in place of `captured`: the next one stands at the beginning */
#define ALIGN 8u

struct tap {
	struct tap_spec spec;
	struct tap *next; /* at its worker */
	uint8_t *ring;
	uint64_t copied, missed;		    /* the worker's */
	uint64_t head;				    /* the worker's: bytes ever written */
	uint64_t tail __attribute__((aligned(64))); /* the reader's: bytes ever taken */
};

_Static_assert(sizeof(struct tap_packet) % ALIGN == 0, "records are aligned");

enum status
tap_create(const struct tap_spec *spec, struct tap **out)
{
	struct tap *tap = aligned_alloc(64, sizeof(*tap));

	*out = NULL;
	if (!tap)
		return ST_ERR_NOMEM;
	*tap = (struct tap){.spec = *spec, .ring = malloc(TAP_RING_BYTES)};
	if (!tap->ring) {
		free(tap);
		return ST_ERR_NOMEM;
	}
	memset(tap->ring, 0, TAP_RING_BYTES); /* page faults are ours, not the worker's */
	*out = tap;
	return ST_OK;
}

void
tap_destroy(struct tap *tap)
{
	if (!tap)
		return;
	free(tap->ring);
	free(tap);
}

void
dp_tap_add(struct dp *dp, struct tap *tap)
{
	tap->next = dp->worker->taps;
	dp->worker->taps = tap;
}

void
dp_tap_remove(struct dp *dp, struct tap *tap)
{
	struct tap **at = &dp->worker->taps;

	while (*at && *at != tap)
		at = &(*at)->next;
	if (*at)
		*at = tap->next;
}

/* ---- the worker's side ---- */

static bool
is_here(const struct tap_spec *spec, enum stage stage, uint32_t port)
{
	if (spec->port == TAP_NO_PORT)
		return spec->stage == stage;
	if (stage == STAGE_rx)
		return spec->port == port && spec->way != TAP_OUT;
	return stage == STAGE_tx && spec->way != TAP_IN;
}

/* A router leaves alone by which SA a packet is protected. */
static const struct sa *
sa_of(const struct worker *w, struct rte_mbuf *m)
{
	return w->engine ? pkt_of(m)->sa : NULL;
}

static bool
head_matches(const struct tap_spec *spec, const uint8_t *ip, uint32_t len)
{
	struct drop_event head = {.src = ip_v4(0)};

	if (!ip_head_is_whole(ip, len))
		return false;
	drop_event_read(&head, ip, len);
	return !(((spec->match & TAP_SRC) && !ip_equal(spec->src, head.src)) ||
		 ((spec->match & TAP_DST) && !ip_equal(spec->dst, head.dst)) ||
		 ((spec->match & TAP_HOST) && !ip_equal(spec->host, head.src) &&
			 !ip_equal(spec->host, head.dst)) ||
		 ((spec->match & TAP_PROTO) && spec->proto != head.proto));
}

static bool
spi_matches(uint32_t spi, const struct sa *sa, const uint8_t *ip, uint32_t len)
{
	struct ipsec_peek peek = {0};

	if (sa && sa->spi == spi)
		return true;
	return ip_head_is_whole(ip, len) && ipsec_peek(ip, len, &peek) == DROP_NONE && peek.spi == spi;
}

static bool
matches(const struct worker *w, const struct tap_spec *spec, enum stage stage, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct sa *sa = sa_of(w, m);
	uint32_t len = rte_pktmbuf_data_len(m);

	if (spec->port != TAP_NO_PORT) {
		if (stage == STAGE_tx && pkt_of(m)->out_port != spec->port)
			return false;
	} else if (spec->way != TAP_ANY_WAY &&
		   (!sa || sa->direction != (spec->way == TAP_IN ? CFG_IN : CFG_OUT))) {
		return false;
	}
	if ((spec->match & TAP_SPI) && !spi_matches(spec->spi, sa, ip, len))
		return false;
	return !(spec->match & ~(unsigned)TAP_SPI) || head_matches(spec, ip, len);
}

/* Where a record of so many bytes goes, and *head behind it; NULL: the ring is full. */
static struct tap_packet *
room_take(struct tap *tap, uint32_t bytes, uint64_t *head)
{
	uint32_t at = (uint32_t)(tap->head % TAP_RING_BYTES), left = TAP_RING_BYTES - at;
	uint32_t skip = left < bytes ? left : 0;

	*head = tap->head + skip + bytes;
	if (*head - __atomic_load_n(&tap->tail, __ATOMIC_ACQUIRE) > TAP_RING_BYTES)
		return NULL;
	if (skip >= sizeof(struct tap_packet))
		((struct tap_packet *)(tap->ring + at))->captured = SKIP;
	return (struct tap_packet *)(tap->ring + (skip ? 0 : at));
}

static void
copy(struct tap *tap, uint64_t now, enum tap_way way, struct rte_mbuf *m)
{
	uint32_t len = rte_pktmbuf_data_len(m), captured = len < tap->spec.snap ? len : tap->spec.snap;
	uint32_t bytes = ((uint32_t)sizeof(struct tap_packet) + captured + ALIGN - 1) & ~(ALIGN - 1);
	uint64_t head;
	struct tap_packet *to = room_take(tap, bytes, &head);

	if (!to) {
		__atomic_store_n(&tap->missed, tap->missed + 1, __ATOMIC_RELAXED);
		return;
	}
	*to = (struct tap_packet){.time_ns = now, .captured = captured, .bytes = len, .way = way};
	memcpy(to->data, rte_pktmbuf_mtod(m, const void *), captured);
	tap->copied++;
	__atomic_store_n(&tap->head, head, __ATOMIC_RELEASE);
}

void
tap_see(struct worker *w, enum stage stage, uint32_t port, struct rte_mbuf **pkts, unsigned n)
{
	enum tap_way way = stage == STAGE_rx ? TAP_IN : stage == STAGE_tx ? TAP_OUT : TAP_ANY_WAY;

	for (struct tap *tap = w->taps; tap; tap = tap->next) {
		if (!is_here(&tap->spec, stage, port))
			continue;
		for (unsigned i = 0; i < n; i++)
			if ((!tap->spec.limit || tap->copied < tap->spec.limit) &&
				matches(w, &tap->spec, stage, pkts[i]))
				copy(tap, w->now, way, pkts[i]);
	}
}

/* ---- the reader's ---- */

const struct tap_packet *
tap_first(struct tap *tap)
{
	uint64_t head = __atomic_load_n(&tap->head, __ATOMIC_ACQUIRE);

	while (tap->tail != head) {
		uint32_t at = (uint32_t)(tap->tail % TAP_RING_BYTES), left = TAP_RING_BYTES - at;
		const struct tap_packet *packet = (const struct tap_packet *)(tap->ring + at);

		if (left >= sizeof(*packet) && packet->captured != SKIP)
			return packet;
		__atomic_store_n(&tap->tail, tap->tail + left, __ATOMIC_RELEASE);
	}
	return NULL;
}

void
tap_next(struct tap *tap)
{
	const struct tap_packet *packet = tap_first(tap);
	uint32_t bytes;

	if (!packet)
		return;
	bytes = ((uint32_t)sizeof(*packet) + packet->captured + ALIGN - 1) & ~(ALIGN - 1);
	__atomic_store_n(&tap->tail, tap->tail + bytes, __ATOMIC_RELEASE);
}

uint64_t
tap_missed(const struct tap *tap)
{
	return __atomic_load_n(&tap->missed, __ATOMIC_RELAXED);
}
