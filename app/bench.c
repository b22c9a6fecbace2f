/* esplab bench esp: a gateway between ports in memory, in cycles a packet, beside the cryptography alone. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "app/app.h"
#include "app/bench_machine.h"
#include "app/bench_print.h"
#include "app/engine_arg.h"
#include "app/words.h"
#include "crypto/alg.h"
#include "dataplane/pool.h"
#include "dataplane/replay/replay.h"

#define COMMAND "esplab bench esp"
#define MESSAGE_BYTES 8192u
#define LIST_MAX 16u

struct request {
	struct bench_esp_request esp;
	const char *engine, *json;
	uint32_t sas[LIST_MAX], workers[LIST_MAX];
	unsigned n_sas, n_workers;
	enum bench_direction direction[BENCH_DIRECTION_COUNT];
	unsigned n_directions;
	uint32_t size[LIST_MAX];
	unsigned n_sizes;
	char replay[64];
};

static const char usage_text[] =
	"esplab bench esp [options]\n"
	"  --direction LIST    of out, in, both (out,in)\n"
	"  --transform WORDS   of one SA: \"esp-gcm 256\", \"esp-aes 128 esp-sha-hmac\" (esp-gcm 128)\n"
	"  --engine ENGINE     ipsec_mb, cryptodev:DEVICE, card[:PROFILE], or FILE.cfg:NAME (ipsec_mb)\n"
	"  --sizes LIST        bytes of inner IP packets, and imix (64,512,1420)\n"
	"  --window N[:DESIGN] replay window of what comes in, 0: none (1024:bitmap)\n"
	"  --esn               64-bit sequence numbers\n"
	"  --sas LIST          how many SAs, each with a policy of its own (1)\n"
	"  --order ORDER       whose packet is next: round-robin, random, zipf (zipf)\n"
	"  --workers LIST      threads, each with a gateway and SAs of its own, on a CPU of its own (1)\n"
	"  --replayed          all that comes in was accepted before\n"
	"  --qos               three classes of a CBWFQ on lines of 10 Gb/s\n"
	"  --events            drop events are taken after each turn\n"
	"  --buffers N         packets of a batch (512)\n"
	"  --burst N           packets that a port hands out at once, 1 to 64 (64)\n"
	"  --rounds N          samples, of which the median is shown (21)\n"
	"  --pairs N           batches of a sample, each followed by the cryptography alone (16)\n"
	"  --seed N            of keys and order (1)\n"
	"  --json FILE         write all of it as JSON; - is standard output, and no tables\n"
	"Exit status: 0 done; 1 packets do not balance, or the output cannot be written; 2 the arguments "
	"are\n"
	"wrong.\n";

static uint64_t
cycles_now(void)
{
	return rte_rdtsc();
}

static bool
directions_take(struct request *request, char *list)
{
	request->n_directions = 0;
	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		int at = word_choose(
			COMMAND, "--direction", word, bench_direction_names, BENCH_DIRECTION_COUNT);

		if (at < 0)
			return false;
		if (request->n_directions == BENCH_DIRECTION_COUNT) {
			fprintf(stderr, COMMAND ": --direction takes each once\n");
			return false;
		}
		request->direction[request->n_directions++] = (enum bench_direction)at;
	}
	if (!request->n_directions)
		word_choose(COMMAND, "--direction", "", bench_direction_names, BENCH_DIRECTION_COUNT);
	return request->n_directions != 0;
}

static bool
sizes_take(struct request *request, char *list)
{
	request->n_sizes = 0;
	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		uint32_t *size = &request->size[request->n_sizes];

		if (request->n_sizes == LIST_MAX) {
			fprintf(stderr, COMMAND ": --sizes takes at most %u sizes\n", LIST_MAX);
			return false;
		}
		*size = BENCH_IMIX;
		if (strcmp(word, "imix") && !number_read(COMMAND, "--sizes (or imix)", word, BENCH_SIZE_MIN,
						    BENCH_SIZE_MAX, size))
			return false;
		request->n_sizes++;
	}
	if (!request->n_sizes)
		fprintf(stderr, COMMAND ": --sizes wants at least one\n");
	return request->n_sizes != 0;
}

/* "1024:bitmap" */
static bool
window_take(struct request *request, const char *text)
{
	struct word_nearest nearest = {request->replay, "", UINT_MAX};
	const char *colon = strchr(text, ':');
	size_t digits = strcspn(text, ":");
	char number[24];

	snprintf(number, sizeof(number), "%.*s", digits < 20 ? (int)digits : 20, text);
	if (!number_read(COMMAND, "--window", number, 0, REPLAY_WINDOW_MAX, &request->esp.window))
		return false;
	if (!colon)
		return true;
	snprintf(request->replay, sizeof(request->replay), "%s", colon + 1);
	request->esp.replay = request->replay;
	if (replay_find(request->replay))
		return true;
	fprintf(stderr, COMMAND ": there is no window design \"%s\"; allowed:", request->replay);
	for (unsigned i = 0; i < replay_design_count; i++) {
		word_offer(&nearest, replay_designs[i]->name);
		fprintf(stderr, "%s %s", i ? "," : "", replay_designs[i]->name);
	}
	fprintf(stderr, "; did you mean \"%s\"?\n", nearest.name);
	return false;
}

static bool
transform_take(struct request *request, const char *words)
{
	struct transform transform;
	char message[512];

	request->esp.transform = words;
	if (transform_parse(words, &transform, message, sizeof(message)) == ST_OK)
		return true;
	fprintf(stderr, COMMAND ": --transform: %s\n", message);
	return false;
}

static bool
list_take(const char *option, uint32_t most, uint32_t *values, unsigned *n)
{
	*n = 0;
	return numbers_read(COMMAND, option, optarg, 1, most, values, n, LIST_MAX);
}

static bool
number_take(const char *option, uint32_t lo, uint32_t hi, unsigned *value)
{
	uint32_t number;

	if (!number_read(COMMAND, option, optarg, lo, hi, &number))
		return false;
	*value = number;
	return true;
}

static bool
seed_take(struct request *request)
{
	uint32_t seed;

	if (!number_read(COMMAND, "--seed", optarg, 0, UINT32_MAX, &seed))
		return false;
	request->esp.seed = seed;
	return true;
}

static bool
order_take(struct request *request)
{
	int at = word_choose(COMMAND, "--order", optarg, bench_order_names, BENCH_ORDER_COUNT);

	request->esp.order = (enum bench_order)at;
	return at >= 0;
}

static bool
option_take(void *ctx, int option)
{
	struct request *request = ctx;
	struct bench_esp_request *esp = &request->esp;

	switch (option) {
	case 'd':
		return directions_take(request, optarg);
	case 't':
		return transform_take(request, optarg);
	case 'e':
		request->engine = optarg;
		return true;
	case 's':
		return sizes_take(request, optarg);
	case 'w':
		return window_take(request, optarg);
	case 'E':
		return esp->esn = true;
	case 'n':
		return list_take("--sas", BENCH_SAS_MAX, request->sas, &request->n_sas);
	case 'o':
		return order_take(request);
	case 'W':
		return list_take("--workers", BENCH_WORKERS_MAX, request->workers, &request->n_workers);
	case 'r':
		return esp->replayed = true;
	case 'q':
		return esp->qos = true;
	case 'v':
		return esp->events = true;
	case 'b':
		return number_take("--buffers", 1, BENCH_SLOTS_MAX, &esp->slots);
	case 'B':
		return number_take("--burst", 1, 64, &esp->burst);
	case 'R':
		return number_take("--rounds", 1, 1000000, &esp->rounds);
	case 'p':
		return number_take("--pairs", 1, 1000000, &esp->pairs);
	case 'S':
		return seed_take(request);
	default:
		request->json = optarg;
		return true;
	}
}

/* What the options say together. */
static bool
request_check(const struct request *request)
{
	bool out = false;

	for (unsigned i = 0; i < request->n_directions; i++)
		out |= request->direction[i] != BENCH_IN;
	if (request->esp.replayed && out) {
		fprintf(stderr, COMMAND ": --replayed wants --direction in\n");
		return false;
	}
	if (request->esp.replayed && !request->esp.window) {
		fprintf(stderr, COMMAND ": --replayed wants a --window\n");
		return false;
	}
	if (request->n_sizes * request->n_workers > BENCH_ROWS_MAX) {
		fprintf(stderr, COMMAND ": at most %u pairs of --sizes and --workers\n", BENCH_ROWS_MAX);
		return false;
	}
	return true;
}

static int
request_parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {{"direction", 1, NULL, 'd'}, {"transform", 1, NULL, 't'},
		{"engine", 1, NULL, 'e'}, {"sizes", 1, NULL, 's'}, {"window", 1, NULL, 'w'},
		{"esn", 0, NULL, 'E'}, {"sas", 1, NULL, 'n'}, {"order", 1, NULL, 'o'},
		{"workers", 1, NULL, 'W'}, {"replayed", 0, NULL, 'r'}, {"qos", 0, NULL, 'q'},
		{"events", 0, NULL, 'v'}, {"buffers", 1, NULL, 'b'}, {"burst", 1, NULL, 'B'},
		{"rounds", 1, NULL, 'R'}, {"pairs", 1, NULL, 'p'}, {"seed", 1, NULL, 'S'},
		{"json", 1, NULL, 'j'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int code = options_take(argc, argv, "h", options, usage_text, option_take, request);

	if (code >= 0)
		return code;
	if (optind < argc) {
		fprintf(stderr, COMMAND ": \"%s\" is no option\n%s", argv[optind], usage_text);
		return APP_USAGE;
	}
	return request_check(request) ? -1 : APP_USAGE;
}

struct bench {
	struct request *request;
	struct bench_machine machine;
	struct bench_row_request rows[BENCH_ROWS_MAX];
	unsigned n_rows, workers;
	unsigned cpus[BENCH_WORKERS_MAX];
	struct json_out json;
};

static bool
result_balanced(const struct bench_esp_result *result)
{
	for (unsigned i = 0; i < result->n_rows; i++)
		if (!result->row[i].balanced)
			return false;
	return true;
}

/* One direction and number of SAs. */
static int
one_run(struct bench *bench, const struct bench_esp_request *esp)
{
	struct bench_esp_result *result = calloc(1, sizeof(*result));
	struct bench_esp *made = NULL;
	char message[MESSAGE_BYTES];
	enum status status = result ? bench_esp_create(esp, bench->workers, &made, message, sizeof(message))
				    : ST_ERR_NOMEM;
	int code = APP_OK;

	if (status) {
		fprintf(stderr, COMMAND ": %s\n", result ? message : status_text(status));
		code = status == ST_ERR_NOMEM ? APP_FAULT : APP_USAGE;
	} else if (bench_esp_run(
			   made, bench->rows, bench->n_rows, bench->cpus, result, message, sizeof(message))) {
		fprintf(stderr, COMMAND ": %s\n", message);
		code = APP_FAULT;
	} else {
		if (bench->json.out)
			bench_print_json(&bench->json, &bench->machine, esp, result);
		if (bench->json.out != stdout)
			bench_print_text(&bench->machine, esp, result);
		if (!result_balanced(result)) {
			fprintf(stderr, COMMAND ": a fault of esplab: packets do not balance\n");
			code = APP_FAULT;
		}
	}
	bench_esp_destroy(made);
	free(result);
	return code;
}

static int
all_run(struct bench *bench)
{
	struct bench_esp_request *esp = &bench->request->esp;
	int code = APP_OK;

	if (bench->json.out != stdout)
		bench_print_head(&bench->machine);
	if (bench->json.out)
		bench_print_json_begin(&bench->json, &bench->machine);
	for (unsigned d = 0; d < bench->request->n_directions && code == APP_OK; d++)
		for (unsigned n = 0; n < bench->request->n_sas && code == APP_OK; n++) {
			esp->direction = bench->request->direction[d];
			esp->sas = bench->request->sas[n];
			code = one_run(bench, esp);
		}
	if (bench->json.out)
		bench_print_json_end(&bench->json);
	return code;
}

/* Writes what was asked for. */
static int
output_run(struct bench *bench)
{
	const char *name = bench->request->json;
	FILE *out = !name ? NULL : !strcmp(name, "-") ? stdout : fopen(name, "w");
	bool good;
	int code;

	if (name && !out) {
		fprintf(stderr, COMMAND ": --json: %s cannot be written\n", name);
		return APP_USAGE;
	}
	bench->json.out = out;
	code = all_run(bench);
	good = !fflush(stdout) && !ferror(stdout);
	if (out && out != stdout)
		good &= !fclose(out);
	if (good)
		return code;
	fprintf(stderr, COMMAND ": the output cannot be written\n");
	return APP_FAULT;
}

static int
esp_run(struct request *request)
{
	struct bench bench = {.request = request};
	unsigned found;

	for (unsigned i = 0; i < request->n_workers; i++)
		bench.workers = request->workers[i] > bench.workers ? request->workers[i] : bench.workers;
	for (unsigned s = 0; s < request->n_sizes; s++)
		for (unsigned w = 0; w < request->n_workers; w++)
			bench.rows[bench.n_rows++] = (struct bench_row_request){
				request->size[s], request->workers[w]};
	found = cpus_find(bench.cpus, bench.workers);
	if (found < bench.workers) {
		fprintf(stderr, COMMAND ": --workers: %u are more than the %u CPUs here\n", bench.workers,
			found);
		return APP_USAGE;
	}
	if (pool_eal_init_for("esplab", request->esp.engine, 1)) {
		fprintf(stderr, COMMAND ": DPDK's EAL does not start here\n");
		return APP_FAULT;
	}
	machine_read(&bench.machine);
	return output_run(&bench);
}

int
command_bench(int argc, char **argv)
{
	static const char *const no_subjects[] = {NULL};
	struct request request = {.esp = {.transform = "esp-gcm 128",
					  .window = 1024,
					  .replay = "bitmap",
					  .order = BENCH_ZIPF,
					  .slots = 512,
					  .burst = 64,
					  .rounds = 21,
					  .pairs = 16,
					  .seed = 1,
					  .cycles = cycles_now,
					  .memory = memory_now},
		.engine = "ipsec_mb",
		.sas = {1},
		.n_sas = 1,
		.workers = {1},
		.n_workers = 1,
		.direction = {BENCH_OUT, BENCH_IN},
		.n_directions = 2,
		.size = {64, 512, 1420},
		.n_sizes = 3};
	struct engine_arg arg = {0};
	char message[MESSAGE_BYTES];
	int code;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage_text, stdout);
		return APP_OK;
	}
	if (argc < 2 || strcmp(argv[1], "esp")) {
		fprintf(stderr, "esplab bench: what? there is: esp\n%s", usage_text);
		return APP_USAGE;
	}
	code = request_parse(argc - 1, argv + 1, &request);
	if (code >= 0)
		return code;
	if (engine_arg_parse(&arg, request.engine, no_subjects, message, sizeof(message))) {
		request.esp.engine = arg.cfg;
		code = esp_run(&request);
	} else {
		fprintf(stderr, COMMAND ": %s\n", message);
		code = APP_USAGE;
	}
	engine_arg_free(&arg);
	return code;
}
