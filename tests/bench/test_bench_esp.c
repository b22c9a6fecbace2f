/* Measurements of few packets: the books balance, all goes through, and what is timed is what is said.  The
 * counter counts questions, not time. */
#include "bench/esp.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "bench/target.h"
#include "tests/kit/kit.h"

int suite_bench_esp(void);

#define SLOTS 192u
#define TIMED (SLOTS - 64u) /* the first burst is not */
#define TICK 1000u

static const struct cfg_engine software = {.name = "ipsec_mb", .kind = "ipsec_mb"};

static uint64_t
ticks(void)
{
	static atomic_uint_fast64_t asked;

	return atomic_fetch_add(&asked, TICK);
}

static struct bench_esp_request
request_make(enum bench_direction direction, const char *transform)
{
	return (struct bench_esp_request){.direction = direction,
		.transform = transform,
		.engine = &software,
		.window = 1024,
		.replay = "bitmap",
		.sas = 1,
		.order = BENCH_ZIPF,
		.slots = SLOTS,
		.burst = 64,
		.rounds = 2,
		.pairs = 3,
		.seed = 1,
		.cycles = ticks};
}

/* The caller frees it. */
static struct bench_esp_result *
measure(const struct bench_esp_request *request, const struct bench_row_request *rows, unsigned n)
{
	struct bench_esp_result *result = calloc(1, sizeof(*result));
	unsigned cpus[2] = {(unsigned)sched_getcpu(), (unsigned)sched_getcpu()}, workers = 1;
	struct bench_esp *bench;
	char message[2000] = "";

	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_PTR_NOT_NULL_FATAL(result);
	for (unsigned i = 0; i < n; i++)
		workers = rows[i].workers > workers ? rows[i].workers : workers;
	CU_ASSERT_EQUAL_FATAL(bench_esp_create(request, workers, &bench, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL_FATAL(bench_esp_run(bench, rows, n, cpus, result, message, sizeof(message)), ST_OK);
	bench_esp_destroy(bench);
	CU_ASSERT_EQUAL(result->n_rows, n);
	for (unsigned i = 0; i < result->n_rows; i++) {
		CU_ASSERT(result->row[i].balanced);
		CU_ASSERT_EQUAL(result->row[i].held, 0);
	}
	return result;
}

static void
check_no_drops(const struct bench_row *row)
{
	for (unsigned d = 0; d < DROP_COUNT; d++)
		CU_ASSERT_EQUAL(row->drops[d], 0);
	CU_ASSERT(row->rx > 0);
	CU_ASSERT_EQUAL(row->tx, row->rx);
}

/* Every way that keys, nonces, trailers and engines differ in. */
static void
test_transforms(void)
{
	static const char *const transforms[] = {"esp-gcm 128", "esp-gcm-8 256", "esp-gmac 128",
		"esp-ccm 192", "esp-chacha20-poly1305", "esp-aes 128 esp-sha-hmac",
		"esp-aes-ctr 256 esp-sha512-hmac", "esp-3des esp-md5-hmac", "esp-null esp-aes-cmac",
		"ah-sha256-hmac"};
	const struct bench_row_request rows[] = {{28, 1}, {1420, 1}};

	for (unsigned t = 0; t < sizeof(transforms) / sizeof(*transforms); t++)
		for (unsigned d = 0; d < BENCH_DIRECTION_COUNT; d++) {
			struct bench_esp_request request = request_make(
				(enum bench_direction)d, transforms[t]);
			struct bench_esp_result *result;

			request.esn = t & 1;
			result = measure(&request, rows, 2);
			CU_ASSERT_PTR_NOT_NULL(result->raw);
			check_no_drops(&result->row[0]);
			check_no_drops(&result->row[1]);
			free(result);
		}
}

/* One interval of the counter for each batch, divided by the packets that were timed. */
static void
test_timed(void)
{
	const struct bench_row_request rows[] = {{64, 1}, {BENCH_IMIX, 1}};
	struct bench_esp_request request = request_make(BENCH_OUT, "esp-gcm 128");
	struct bench_esp_result *result = measure(&request, rows, 2);

	CU_ASSERT_STRING_EQUAL(result->raw, "intel-ipsec-mb");
	for (unsigned i = 0; i < 2; i++) {
		const struct bench_row *row = &result->row[i];

		CU_ASSERT_EQUAL(row->packets, 2 * 3 * TIMED);
		CU_ASSERT_EQUAL(row->total.n, 2);
		CU_ASSERT_DOUBLE_EQUAL(row->total.median, (double)TICK / TIMED, 1e-9);
		CU_ASSERT_DOUBLE_EQUAL(row->raw.min, (double)TICK / TIMED, 1e-9);
		CU_ASSERT_DOUBLE_EQUAL(row->port.max, (double)TICK / TIMED, 1e-9);
		CU_ASSERT_DOUBLE_EQUAL(row->ratio.median, 0, 1e-9); /* total less ports */
		CU_ASSERT(row->stage[STAGE_rx].burst > 0);
		CU_ASSERT_EQUAL(row->stage[STAGE_sa_in].burst, 0);
	}
	CU_ASSERT_DOUBLE_EQUAL(result->row[0].bytes, 64, 1e-9);
	CU_ASSERT(result->row[1].bytes > 250 && result->row[1].bytes < 450);
	free(result);
}

static void
test_both(void)
{
	const struct bench_row_request row = {64, 1};
	struct bench_esp_request request = request_make(BENCH_BOTH, "esp-gcm 128");
	struct bench_esp_result *result;

	request.slots = 2 * SLOTS;
	result = measure(&request, &row, 1);
	CU_ASSERT_EQUAL(result->row[0].packets, 2 * 3 * 2 * TIMED);
	/* the cryptography of each direction is an interval of its own */
	CU_ASSERT_DOUBLE_EQUAL(result->row[0].raw.median, (double)TICK / TIMED, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(result->row[0].total.median, (double)TICK / (2 * TIMED), 1e-9);
	free(result);
}

/* Each packet comes twice; the second one ends, and is an event where somebody takes them. */
static void
test_replayed(void)
{
	const struct bench_row_request row = {64, 1};

	for (unsigned events = 0; events < 2; events++) {
		struct bench_esp_request request = request_make(BENCH_IN, "esp-gcm 128");
		struct bench_esp_result *result;
		const struct bench_row *r;

		request.replayed = true;
		request.events = events;
		result = measure(&request, &row, 1);
		r = &result->row[0];
		CU_ASSERT_PTR_NULL(result->raw);
		CU_ASSERT_EQUAL(r->raw.n, 0);
		CU_ASSERT_EQUAL(r->drops[DROP_REPLAY_DUP], r->tx);
		CU_ASSERT_EQUAL(r->rx, 2 * r->tx);
		CU_ASSERT_EQUAL(r->events, events ? r->tx : 0);
		CU_ASSERT_EQUAL(r->events_lost, 0);
		free(result);
	}
}

/* Classes share the line, and nothing is too much for it. */
static void
test_qos(void)
{
	const struct bench_row_request rows[] = {{BENCH_IMIX, 1}, {64, 1}, {9000, 1}};

	for (unsigned d = 0; d < BENCH_DIRECTION_COUNT; d++) {
		struct bench_esp_request request = request_make((enum bench_direction)d, "esp-gcm 128");
		struct bench_esp_result *result;

		request.qos = true;
		request.slots = 3000; /* more than one turn */
		request.pairs = 1;
		result = measure(&request, rows, 3);
		for (unsigned i = 0; i < 3; i++)
			check_no_drops(&result->row[i]);
		free(result);
	}
}

/* More SAs than an index in the flow cache's key has bits for, and a packet of each. */
static void
test_many_sas(void)
{
	const struct bench_row_request row = {64, 1};
	struct bench_esp_request request = request_make(BENCH_IN, "esp-gcm 128");
	struct bench_esp_result *result;

	request.sas = 70000;
	request.slots = 4096;
	request.rounds = request.pairs = 1;
	result = measure(&request, &row, 1);
	check_no_drops(&result->row[0]);
	free(result);
}

static void
test_workers(void)
{
	const struct bench_row_request rows[] = {{64, 1}, {64, 2}};
	struct bench_esp_request request = request_make(BENCH_BOTH, "esp-aes 128 esp-sha-hmac");
	struct bench_esp_result *result;

	request.sas = 50;
	request.order = BENCH_RANDOM;
	result = measure(&request, rows, 2);
	CU_ASSERT_EQUAL(result->row[1].packets, 2 * result->row[0].packets);
	check_no_drops(&result->row[0]);
	check_no_drops(&result->row[1]);
	free(result);
}

/* Fewer packets than a burst: all of them are timed. */
static void
test_few(void)
{
	const struct bench_row_request row = {100, 1};
	struct bench_esp_request request = request_make(BENCH_BOTH, "esp-gcm 128");
	struct bench_esp_result *result;

	request.slots = 3;
	request.burst = 1;
	request.rounds = request.pairs = 1;
	result = measure(&request, &row, 1);
	CU_ASSERT_EQUAL(result->row[0].packets, 3);
	check_no_drops(&result->row[0]);
	free(result);
}

static void
test_refused(void)
{
	static const struct cfg_engine no_device = {
		.name = "cryptodev", .kind = "cryptodev", .device = "crypto_nonsense"};
	struct bench_esp_request request = request_make(BENCH_OUT, "esp-gcm 128");
	struct bench_esp *bench;
	char message[2000] = "";

	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_EQUAL(bench_esp_create(&request, 0, &bench, message, sizeof(message)), ST_ERR_RANGE);
	request.engine = &no_device;
	CU_ASSERT_NOT_EQUAL(bench_esp_create(&request, 1, &bench, message, sizeof(message)), ST_OK);
	CU_ASSERT_PTR_NULL(bench);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "crypto_nonsense"));
	request = request_make(BENCH_IN, "esp-gcm 128");
	request.replay = "nonsense";
	CU_ASSERT_NOT_EQUAL(bench_esp_create(&request, 1, &bench, message, sizeof(message)), ST_OK);
}

static void
test_targets(void)
{
	struct bench_esp_request request = request_make(BENCH_OUT, "AES_128_GCM");
	struct bench_row_request row = {64, 1};

	CU_ASSERT_EQUAL(bench_target_of(&request, &row).cycles, 140);
	request.direction = BENCH_IN;
	CU_ASSERT_EQUAL(bench_target_of(&request, &row).cycles, 160);
	request.replayed = true;
	row.size = 65;
	CU_ASSERT_EQUAL(bench_target_of(&request, &row).cycles, 80);
	request.replayed = false;
	CU_ASSERT_EQUAL(bench_target_of(&request, &row).cycles, 0);
	row.size = 64;
	request.window = 64;
	CU_ASSERT_EQUAL(bench_target_of(&request, &row).cycles, 0);
	request.window = 1024;
	row.workers = 2;
	CU_ASSERT_EQUAL(bench_target_of(&request, &row).cycles, 0);
	request = request_make(BENCH_OUT, "esp-aes esp-sha-hmac");
	row = (struct bench_row_request){1420, 1};
	CU_ASSERT_DOUBLE_EQUAL(bench_target_of(&request, &row).ratio, 1.15, 1e-9);
}

int
suite_bench_esp(void)
{
	CU_pSuite s = CU_add_suite("bench_esp", NULL, NULL);

	CU_ADD_TEST(s, test_transforms);
	CU_ADD_TEST(s, test_timed);
	CU_ADD_TEST(s, test_both);
	CU_ADD_TEST(s, test_replayed);
	CU_ADD_TEST(s, test_qos);
	CU_ADD_TEST(s, test_many_sas);
	CU_ADD_TEST(s, test_workers);
	CU_ADD_TEST(s, test_few);
	CU_ADD_TEST(s, test_refused);
	CU_ADD_TEST(s, test_targets);
	return 0;
}
