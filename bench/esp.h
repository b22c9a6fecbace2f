/* `esplab bench esp`: a gateway between ports in memory, measured beside the cryptography alone.
 *
 * A slot is a packet of a batch.  A batch is prepared, which is not timed: headers are written, and what is
 * to be decrypted is encrypted with the next number of its SA.  Then the gateway takes it in, the same
 * cryptography is done once more by the library alone on the same buffers, and the ports are worked without a
 * gateway; these three are timed, apart.  The first burst of each is not, so that code is in the cache as in
 * a gateway under load.
 *
 * Reads no clock (the caller's cycle counter does), prints nothing. */
#ifndef BENCH_ESP_H
#define BENCH_ESP_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/zipf.h"
#include "config/cfg.h"
#include "dataplane/dp.h"

enum bench_direction { BENCH_OUT, BENCH_IN, BENCH_BOTH, BENCH_DIRECTION_COUNT };

#define BENCH_IMIX 0u /* as a size: 46, 576 and 1500 bytes, 7:4:1 */
#define BENCH_SIZE_MAX 9000u
#define BENCH_SIZE_MIN 28u
#define BENCH_SLOTS_MAX 65536u
#define BENCH_SAS_MAX 1000000u
#define BENCH_ROWS_MAX 64u
#define BENCH_WORKERS_MAX 16u

struct bench_esp_request {
	enum bench_direction direction;
	const char *transform;		 /* IOS words of one SA */
	const struct cfg_engine *engine; /* of the gateway */
	uint32_t window;
	const char *replay; /* row of replay.def */
	bool esn;
	bool replayed; /* in: packets that were all accepted before */
	bool qos;      /* CBWFQ with three classes on a line of 10 Gb/s */
	bool events;   /* drop events are taken after each turn */
	uint32_t sas;  /* of each direction and worker */
	enum bench_order order;
	unsigned slots;		/* packets of a batch, hence distinct buffers */
	unsigned burst;		/* packets that a port hands out at once, at most 64 */
	unsigned rounds, pairs; /* samples; batches of each */
	uint64_t seed;
	uint64_t (*cycles)(void);
	double (*memory)(void); /* bytes that the process has; NULL: nobody knows */
};

/* A line of the table: one size, so many workers. */
struct bench_row_request {
	uint32_t size; /* bytes of the inner IP packet, or BENCH_IMIX */
	unsigned workers;
};

/* Over rounds, of each the median of its batches; n is 0 where there is nothing to say. */
struct bench_span {
	double median, min, max;
	unsigned n;
};

struct bench_stage {
	double cycles; /* each packet of the row, whether it comes by or not */
	double burst;  /* packets a call */
};

struct bench_row {
	struct bench_row_request request;
	uint64_t packets;	 /* timed, of all workers */
	double bytes;		 /* of an inner packet, mean */
	struct bench_span total; /* cycles of a worker for each of its packets, ports included */
	struct bench_span port, raw;
	struct bench_span ratio; /* of total less ports to raw, in the same round */
	struct bench_stage stage[STAGE_COUNT];
	uint64_t drops[DROP_COUNT]; /* of all packets, timed or not */
	uint64_t rx, created, tx, consumed, held;
	uint64_t events, events_lost;
	bool balanced;
};

struct bench_esp_result {
	const char *raw; /* what did the cryptography alone; NULL: nothing could */
	double memory;	 /* bytes that the gateways took when they were made */
	struct bench_row row[BENCH_ROWS_MAX];
	unsigned n_rows;
};

struct bench_esp;

/* Gateways and packets.  The request and what it points to must live on.  ERR_CONFIG, ERR_UNSUPPORTED,
 * ERR_RANGE, ERR_NOT_FOUND: message says what is wrong. */
enum status bench_esp_create(const struct bench_esp_request *request, unsigned workers,
	struct bench_esp **bench, char *message, size_t bytes);
/* Measures n rows, interleaved.  cpus: where worker i is to run. */
enum status bench_esp_run(struct bench_esp *bench, const struct bench_row_request *rows, unsigned n,
	const unsigned *cpus, struct bench_esp_result *result, char *message, size_t bytes);
void bench_esp_destroy(struct bench_esp *bench);

#endif
