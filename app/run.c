/* esplab run: one laboratory, or all its variants, with progress, tables and a results folder each. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "app/app.h"
#include "app/lab_show.h"
#include "base/clock.h"
#include "lab/hooks.h"
#include "lab/lab.h"
#include "dataplane/pool.h"
#include "lab/report.h"

#define MESSAGE_BYTES 8192u
#define SETS_MAX 128u
#define SHOWS_MAX 32u

struct request {
	const char *file, *out;
	struct cfg_set sets[SETS_MAX];
	unsigned n_sets;
	const char *shows[SHOWS_MAX], *debugs[SHOWS_MAX];
	unsigned n_shows, n_debugs;
	bool quiet, variants;
};

/* One run; kept until its row of the comparison is printed. */
struct run {
	struct cfg_lab *cfg;
	struct lab *lab;
	struct result *result;
	struct lab_show *show; /* NULL: nobody wants to see the gateways */
};

static const char usage_text[] = "esplab run LAB.cfg [options]\n"
				 "  --out DIR          results folder (results)\n"
				 "  --set PATH=VALUE   change a configuration value: "
				 "gateways.gwb.sas.a-b.window=1024; may be repeated\n"
				 "  --seed N           the same as --set lab.seed=N\n"
				 "  --duration TIME    the same as --set lab.duration=TIME\n"
				 "  --variants         run every variation that the file lists, each into a "
				 "folder of its own, and compare\n"
				 "  --show COMMAND     at the end, ask each gateway as its console would: "
				 "\"show crypto ipsec sa\"; may be repeated\n"
				 "  --debug WHAT       from the start, for \"show logging\": "
				 "\"crypto ipsec\"; may be repeated\n"
				 "  --quiet            no progress, no warnings and no table\n";

static double
wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t
cycles_now(void)
{
	return rte_rdtsc();
}

struct progress_line {
	const char *name;
	double last; /* wall time of the last print */
};

static void
progress_print(void *ctx, const struct lab_progress *p)
{
	struct progress_line *line = ctx;
	double now = wall_now();

	if (now - line->last < 0.2)
		return;
	line->last = now;
	fprintf(stderr, "\r%s: %.2f of %.2f virtual seconds, %llu packets, %llu dropped \033[K", line->name,
		(double)p->now / NS_PER_SEC, (double)p->end / NS_PER_SEC, (unsigned long long)p->created,
		(unsigned long long)p->dropped);
}

static bool
set_add(struct request *request, const char *path, const char *value)
{
	if (request->n_sets == SETS_MAX) {
		fprintf(stderr, "esplab run: at most %u values can be set\n", SETS_MAX);
		return false;
	}
	request->sets[request->n_sets++] = (struct cfg_set){path, value};
	return true;
}

/* A command of consoles, checked before anything runs. */
static bool
show_add(struct request *request, const char *line, bool debug)
{
	unsigned *n = debug ? &request->n_debugs : &request->n_shows;
	char whole[1024];

	if (*n == SHOWS_MAX) {
		fprintf(stderr, "esplab run: at most %u commands\n", SHOWS_MAX);
		return false;
	}
	snprintf(whole, sizeof(whole), "%s%s", debug ? "debug " : "", line);
	(debug ? request->debugs : request->shows)[(*n)++] = line;
	return lab_show_check(whole);
}

/* "path=value", cut at the first '='. */
static bool
set_parse(struct request *request, char *text)
{
	char *value = strchr(text, '=');

	if (!value || value == text) {
		fprintf(stderr, "esplab run: --set wants PATH=VALUE, not \"%s\"\n", text);
		return false;
	}
	*value = '\0'; /* argv is ours to cut */
	return set_add(request, text, value + 1);
}

static int
request_parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {{"out", 1, NULL, 'o'}, {"set", 1, NULL, 's'},
		{"seed", 1, NULL, 'e'}, {"duration", 1, NULL, 'd'}, {"variants", 0, NULL, 'v'},
		{"show", 1, NULL, 'w'}, {"debug", 1, NULL, 'b'}, {"quiet", 0, NULL, 'q'},
		{"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	bool good = true;
	int c;

	while (good && (c = getopt_long(argc, argv, "o:s:qvh", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			request->out = optarg;
			break;
		case 's':
			good = set_parse(request, optarg);
			break;
		case 'e':
			good = set_add(request, "lab.seed", optarg);
			break;
		case 'd':
			good = set_add(request, "lab.duration", optarg);
			break;
		case 'v':
			request->variants = true;
			break;
		case 'w':
		case 'b':
			good = show_add(request, optarg, c == 'b');
			break;
		case 'q':
			request->quiet = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return APP_OK;
		default:
			good = false;
		}
	}
	if (good && optind + 1 == argc) {
		request->file = argv[optind];
		return -1; /* go on */
	}
	if (good)
		fprintf(stderr, "esplab run: %s\n",
			optind == argc ? "which laboratory? a LAB.cfg is missing" : "one LAB.cfg at a time");
	fputs(usage_text, stderr);
	return APP_USAGE;
}

static void
run_free(struct run *run)
{
	lab_show_destroy(run->show);
	lab_destroy(run->lab);
	cfg_free(run->cfg);
}

/* From the first packet to the last file. */
static enum status
turn_lab(struct run *run, struct recorder *recorder, const char *folder, char *message, size_t bytes)
{
	double start = wall_now();
	enum status status = ST_OK;

	lab_record(run->lab, recorder);
	lab_run(run->lab);
	run->result = lab_result(run->lab);
	if (run->result) {
		run->result->wall_seconds = wall_now() - start;
	} else {
		status = ST_ERR_NOMEM;
		snprintf(message, bytes, "%s", status_text(status));
	}
	/* the first fault is the one to tell */
	if (status)
		recorder_close(recorder, 0, NULL, 0);
	else
		status = recorder_close(recorder, run->result->end_ns, message, bytes);
	return status ? status : report_write(run->result, folder, message, bytes);
}

/* What no run may show, whatever its configuration. */
static int
fault_tell(const struct result *result)
{
	const char *what = !result->balanced_packets ? "packets do not balance"
			   : !result->balanced_mbufs ? "mbufs do not balance"
			   : result->corrupt	     ? "packets arrived with other bytes than were sent"
			   : result->events_lost     ? "drops are missing in drops.ndjson"
						     : NULL;

	if (!what)
		return APP_OK;
	fprintf(stderr, "esplab run: a fault of esplab: %s\n", what);
	return APP_FAULT;
}

/* Runs a loaded configuration into a folder.  Sources are read before anything is written, so what they name
 * may be a capture of an earlier run in the same folder. */
static int
run_lab(const struct request *request, struct run *run, const char *name, const char *folder)
{
	bool show_progress = !request->quiet && isatty(STDERR_FILENO);
	struct progress_line line = {.name = name};
	struct lab_options options = {
		.cycles = cycles_now, .progress = show_progress ? progress_print : NULL, .ctx = &line};
	struct recorder *recorder;
	char message[MESSAGE_BYTES];
	enum status status = lab_create(run->cfg, &options, &run->lab, message, sizeof(message));

	if (status) {
		fprintf(stderr, "esplab run: %s: %s\n", run->cfg->file, message);
		return status == ST_ERR_NOMEM ? APP_FAULT : APP_USAGE;
	}
	if (request->n_shows &&
		lab_show_create(run->cfg, run->lab, request->debugs, request->n_debugs, &run->show)) {
		fprintf(stderr, "esplab run: %s\n", status_text(ST_ERR_NOMEM));
		return APP_FAULT;
	}
	status = recorder_open(run->cfg, folder, &recorder, message, sizeof(message));
	if (!status) {
		status = turn_lab(run, recorder, folder, message, sizeof(message));
		if (show_progress)
			fprintf(stderr, "\r\033[K");
	}
	if (status) {
		fprintf(stderr, "esplab run: %s\n", message);
		return APP_FAULT;
	}
	return fault_tell(run->result);
}

/* Loads the file with the request's sets; with those of the variant too where there is one.  What is set and
 * not meant for the variants need not make sense with them. */
static enum status
load(const struct request *request, const struct cfg_variant *variant, struct cfg_lab **cfg)
{
	char message[MESSAGE_BYTES];
	bool alone = variant || (request->n_sets && !request->variants);
	enum status status = alone ? cfg_load_variant(request->file, request->sets, request->n_sets, variant,
					     lab_hooks(), cfg, message, sizeof(message))
				   : cfg_load(request->file, request->sets, request->n_sets, lab_hooks(), cfg,
					     message, sizeof(message));

	if (status)
		fprintf(stderr, "%s\n", message);
	return status;
}

/* How fast the laboratory itself was: for the terminal only, as it differs from run to run. */
static void
speed_print(const struct result *result)
{
	double packets = result->created ? (double)result->created : 1;
	const char *between = " (";

	printf("\nSpeed: %.2f virtual seconds a wall second, %.0f cycles for each packet sent",
		(double)result->end_ns / NS_PER_SEC / result->wall_seconds,
		(double)result->wall_cycles / packets);
	for (unsigned i = 0; i < result->n_nodes; i++) {
		if (result->nodes[i].kind == RESULT_LINK)
			continue;
		printf("%s%s %.0f", between, result->nodes[i].name,
			(double)result->nodes[i].cycles / packets);
		between = ", ";
	}
	printf("); by stage: timings.json\n");
}

static int
run_one(const struct request *request, struct run *run)
{
	int code = run_lab(request, run, "running", request->out);

	if (run->result && !request->quiet) {
		report_table(run->result, stdout);
		speed_print(run->result);
		printf("Results: %s\n", request->out);
	}
	if (run->result && run->show && lab_show_print(run->show, request->shows, request->n_shows, stdout))
		code = APP_FAULT;
	return code;
}

/* "window 1024" -> OUT/window-1024 */
static void
variant_folder(const char *out, const char *name, char *folder, size_t bytes)
{
	size_t at = (size_t)snprintf(folder, bytes, "%s/", out);

	for (; *name && at + 1 < bytes; name++)
		folder[at++] = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
					       (*name >= '0' && *name <= '9')
				       ? *name
				       : '-';
	folder[at < bytes ? at : bytes - 1] = '\0';
}

/* Two names that differ in punctuation only would share a folder. */
static bool
folders_differ(const struct request *request, const struct cfg_lab *base)
{
	char one[4096], other[4096];

	for (unsigned i = 0; i < base->n_variants; i++)
		for (unsigned k = 0; k < i; k++) {
			variant_folder(request->out, base->variants[i].name, one, sizeof(one));
			variant_folder(request->out, base->variants[k].name, other, sizeof(other));
			if (strcmp(one, other))
				continue;
			fprintf(stderr, "%s: variants \"%s\" and \"%s\" would both write into %s\n",
				request->file, base->variants[k].name, base->variants[i].name, one);
			return false;
		}
	return true;
}

static int
run_variants(const struct request *request, const struct cfg_lab *base)
{
	struct run *runs = calloc(base->n_variants, sizeof(*runs));
	struct report_variant *rows = calloc(base->n_variants, sizeof(*rows));
	char folder[4096], message[MESSAGE_BYTES];
	unsigned n = 0;
	int code = runs && rows ? APP_OK : APP_FAULT;

	for (; runs && rows && n < base->n_variants && code == APP_OK; n++) {
		const char *name = base->variants[n].name;

		variant_folder(request->out, name, folder, sizeof(folder));
		code = load(request, &base->variants[n], &runs[n].cfg)
			       ? APP_USAGE
			       : run_lab(request, &runs[n], name, folder);
		rows[n] = (struct report_variant){name, runs[n].result};
	}
	if (code == APP_OK && report_compare(rows, n, request->out, request->quiet ? NULL : stdout, message,
				      sizeof(message))) {
		fprintf(stderr, "esplab run: %s\n", message);
		code = APP_FAULT;
	}
	if (code == APP_OK && !request->quiet)
		printf("\nResults: %s\n", request->out);
	for (unsigned i = 0; i < n; i++) {
		if (code == APP_OK && runs[i].show) {
			printf("\nVariant \"%s\"\n", rows[i].name);
			lab_show_print(runs[i].show, request->shows, request->n_shows, stdout);
		}
		run_free(&runs[i]);
	}
	free(rows);
	free(runs);
	return code;
}

int
command_run(int argc, char **argv)
{
	struct request request = {.out = "results"};
	struct run run = {0};
	int code = request_parse(argc, argv, &request);

	if (code >= 0)
		return code;
	if (load(&request, NULL, &run.cfg))
		return APP_USAGE;
	if (run.cfg->warnings && !request.quiet)
		fprintf(stderr, "%s\n", run.cfg->warnings);
	if (request.variants && !run.cfg->n_variants) {
		fprintf(stderr, "%s: variants: the file lists none\n", request.file);
		code = APP_USAGE;
	} else if (request.variants && !folders_differ(&request, run.cfg)) {
		code = APP_USAGE;
	} else if (pool_eal_init_for("esplab", run.cfg->engines, run.cfg->n_engines)) {
		fprintf(stderr, "esplab run: DPDK's EAL does not start here\n");
		code = APP_FAULT;
	} else {
		code = request.variants ? run_variants(&request, run.cfg) : run_one(&request, &run);
	}
	run_free(&run);
	return code;
}
