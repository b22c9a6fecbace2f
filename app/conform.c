/* esplab conform: published vectors and behaviour cases against an engine, one line a case. */
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "app/engine_arg.h"
#include "app/words.h"
#include "conform/conform.h"
#include "dataplane/replay/replay.h"
#include "lab/json_out.h"
#include "dataplane/pool.h"

#define MESSAGE_BYTES 8192u

struct request {
	const char *engine, *transform, *replay;
	bool json;
};

/* Who prints the lines. */
struct printer {
	struct json_out *json; /* NULL: text */
};

static const char usage_text[] =
	"esplab conform --engine ENGINE [options]\n"
	"esplab conform --replay DESIGN [--json]\n"
	"  --engine ENGINE       ipsec_mb, cryptodev:DEVICE, card[:PROFILE], FILE.cfg:NAME for an engine\n"
	"                        of a configuration file, or rte_ipsec[:DEVICE], DPDK's own ESP\n"
	"  --transform WORDS     this transform only: \"esp-gcm 256\", \"esp-aes 128 esp-sha-hmac\"\n"
	"  --replay DESIGN       the row table of replay windows against this window design alone\n"
	"  --json                print JSON\n"
	"Each line: verdict, case, transform, what is expected, what was found, and who asks for it.\n"
	"Exit status: 0 nothing differs; 1 something does; 2 the arguments are wrong.\n";

static void
line_text(const struct conform_line *line)
{
	printf("%s  %-14s  %-32s  %s | %s | %s\n", conform_verdict_texts[line->verdict], line->name,
		line->transform, line->expected, line->found, line->rfc);
}

static void
line_json(struct json_out *json, const struct conform_line *line)
{
	jout_object(json, NULL);
	jout_text(json, "verdict", conform_verdict_texts[line->verdict]);
	jout_text(json, "case", line->name);
	jout_text(json, "transform", line->transform);
	jout_text(json, "expected", line->expected);
	jout_text(json, "found", line->found);
	jout_text(json, "rfc", line->rfc);
	jout_object_end(json);
}

static void
line_print(void *ctx, const struct conform_line *line)
{
	const struct printer *printer = ctx;

	if (printer->json)
		line_json(printer->json, line);
	else
		line_text(line);
}

static void
sum_print(const struct printer *printer, const struct conform_sum *sum)
{
	if (!printer->json) {
		printf("%u passed, %u failed, %u skipped\n", sum->lines[CONFORM_PASS],
			sum->lines[CONFORM_FAIL], sum->lines[CONFORM_SKIP]);
		return;
	}
	jout_array_end(printer->json);
	jout_object(printer->json, "summary");
	jout_u64(printer->json, "passed", sum->lines[CONFORM_PASS]);
	jout_u64(printer->json, "failed", sum->lines[CONFORM_FAIL]);
	jout_u64(printer->json, "skipped", sum->lines[CONFORM_SKIP]);
	jout_object_end(printer->json);
	jout_object_end(printer->json);
}

static bool
option_take(void *ctx, int option)
{
	struct request *request = ctx;

	switch (option) {
	case 'e':
		request->engine = optarg;
		return true;
	case 't':
		request->transform = optarg;
		return true;
	case 'r':
		request->replay = optarg;
		return true;
	case 'j':
		return request->json = true;
	default:
		return false;
	}
}

static int
request_parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {{"engine", 1, NULL, 'e'}, {"transform", 1, NULL, 't'},
		{"replay", 1, NULL, 'r'}, {"json", 0, NULL, 'j'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int code = options_take(argc, argv, "e:t:r:jh", options, usage_text, option_take, request);

	if (code >= 0)
		return code;
	if (optind == argc && !request->engine != !request->replay &&
		!(request->replay && request->transform))
		return -1; /* go on */
	if (optind < argc)
		fprintf(stderr, "esplab conform: \"%s\" is no option\n", argv[optind]);
	else
		fprintf(stderr, "esplab conform: either --engine, or --replay without --transform\n");
	fputs(usage_text, stderr);
	return APP_USAGE;
}

/* The cases, and what they printed as exit status.  design: NULL: those of the subject. */
static int
cases_run(const struct request *request, const struct transform *only, const struct conform_subject *subject,
	const struct replay_ops *design)
{
	struct json_out json = {.out = stdout};
	struct printer printer = {request->json ? &json : NULL};
	struct conform_sink sink = {line_print, &printer};
	struct conform_sum sum;
	enum status status;

	if (request->json) {
		jout_object(&json, NULL);
		jout_text(&json, design ? "replay" : "engine", design ? design->name : request->engine);
		jout_array(&json, "cases");
	}
	status = design ? conform_replay(design, &sink, &sum) : conform_run(subject, only, &sink, &sum);
	sum_print(&printer, &sum);
	if (status) {
		fprintf(stderr, "esplab conform: %s\n", status_text(status));
		return APP_FAULT;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "esplab conform: the output cannot be written\n");
		return APP_FAULT;
	}
	return sum.lines[CONFORM_FAIL] ? APP_FAULT : APP_OK;
}

static int
replay_run(const struct request *request)
{
	const struct replay_ops *design = replay_find(request->replay);
	struct word_nearest nearest = {request->replay, "", UINT_MAX};

	if (design)
		return cases_run(request, NULL, NULL, design);
	for (unsigned i = 0; i < replay_design_count; i++)
		word_offer(&nearest, replay_designs[i]->name);
	fprintf(stderr, "esplab conform: there is no window design \"%s\"; the nearest is \"%s\"; allowed:",
		request->replay, nearest.name);
	for (unsigned i = 0; i < replay_design_count; i++)
		fprintf(stderr, "%s %s", i ? "," : "", replay_designs[i]->name);
	fprintf(stderr, "\n");
	return APP_USAGE;
}

/* The engine that the others are compared with, and that makes the packets of a subject. */
static enum status
reference_open(struct conform_subject *subject, char *message, size_t bytes)
{
	static const struct cfg_engine reference = {.name = "ipsec_mb", .kind = "ipsec_mb"};

	if (subject->engine && !strcmp(subject->engine->ops->name, reference.kind))
		return ST_OK;
	return engine_create(&reference, &subject->reference, message, bytes);
}

static int
engine_run(const struct request *request, const struct transform *only, const struct engine_arg *arg)
{
	struct conform_subject subject = {
		.esp = arg->subject ? &esp_subject_ops_rte_ipsec : NULL, .esp_engine = arg->cfg};
	char message[MESSAGE_BYTES];
	int code = APP_USAGE;

	if (pool_eal_init("esplab")) {
		fprintf(stderr, "esplab conform: DPDK's EAL does not start here\n");
		return APP_FAULT;
	}
	if (!arg->subject && engine_create(arg->cfg, &subject.engine, message, sizeof(message))) {
		fprintf(stderr, "esplab conform: %s\n", message);
	} else if (reference_open(&subject, message, sizeof(message))) {
		fprintf(stderr, "esplab conform: %s\n", message);
		code = APP_FAULT;
	} else {
		code = cases_run(request, only, &subject, NULL);
	}
	engine_destroy(subject.reference);
	engine_destroy(subject.engine);
	return code;
}

int
command_conform(int argc, char **argv)
{
	static const char *const subjects[] = {"rte_ipsec", NULL};
	struct request request = {0};
	struct transform transform;
	struct engine_arg arg = {0};
	char message[MESSAGE_BYTES];
	int code = request_parse(argc, argv, &request);

	if (code >= 0)
		return code;
	if (request.replay)
		return replay_run(&request);
	code = APP_USAGE;
	if ((request.transform &&
		    transform_parse(request.transform, &transform, message, sizeof(message)) != ST_OK) ||
		!engine_arg_parse(&arg, request.engine, subjects, message, sizeof(message)))
		fprintf(stderr, "esplab conform: %s\n", message);
	else
		code = engine_run(&request, request.transform ? &transform : NULL, &arg);
	engine_arg_free(&arg);
	return code;
}
