/* One worker of a measurement: a gateway, what makes its packets, and the cryptography alone.  A lane is
 * worked by one thread at a time. */
#ifndef BENCH_LANE_H
#define BENCH_LANE_H

#include "bench/raw.h"
#include "bench/rig.h"
#include "bench/zipf.h"

struct seal;

/* The buffers of one row. */
struct packets {
	struct rte_mempool *pool;
	struct rte_mbuf **slot;
	unsigned n;
	uint32_t size; /* or BENCH_IMIX */
};

struct timed {
	uint64_t cycles, packets;
};

/* What one batch took. */
struct sample {
	struct timed total, raw, port;
	uint64_t bytes, slots; /* of inner packets, timed or not */
};

struct lane {
	const struct bench_esp_request *request;
	struct rig rig;
	struct seal *seal; /* NULL: nothing comes in */
	struct raw raw;
	struct zipf zipf;
	struct rng rng;
	uint64_t now, fed, back, events;
	bool met;			  /* all SAs have had packets */
	uint32_t *index;		  /* of each slot: its SA */
	uint16_t *bytes;		  /* and its inner packet */
	struct rte_mbuf **out[RIG_PORTS]; /* what came out of the gateway */
	struct crypto_op **ops;
};

enum status lane_create(struct lane *lane, const struct bench_esp_request *request, uint64_t seed,
	char *message, size_t bytes);
/* After an error: gives up the packets that are inside. */
void lane_flush(struct lane *lane);
void lane_destroy(struct lane *lane);

enum status packets_create(struct packets *packets, const struct bench_esp_request *request, uint32_t size);
/* False where some are not back. */
bool packets_destroy(struct packets *packets);

/* A packet of each SA, so that the gateway knows their flows. */
enum status lane_meet(struct lane *lane, struct packets *packets);
/* One batch through the gateway.  sample: it, the cryptography and the ports are timed, and added to that;
 * NULL: they are not.  stages: the gateway times its stages.  An error is a fault of esplab. */
enum status lane_batch(struct lane *lane, struct packets *packets, struct sample *sample, bool stages);

#endif
