/* esplab gateway: one gateway on real ports, in the foreground, until a signal ends it.
 *
 * This is the control thread: it starts the workers, takes their drop events, and at the end prints totals.
 * SIGTERM and SIGINT drain and end, SIGHUP reads the file again. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "app/app.h"
#include "app/gateway_ctrl.h"
#include "app/words.h"
#include "base/clock.h"
#include "live/confine.h"
#include "live/live.h"
#include "live/reserve.h"
#include "live/start.h"

#define MESSAGE_BYTES 8192u
#define SETS_MAX 128u
#define PATH_BYTES 4096u
#define TICK_NS 20000000L	 /* how often the control thread looks */
#define TICK_CAPTURE_NS 1000000L /* while packets are captured: 4 MiB of a worker are full sooner */
#define DRAIN_NS 2000000000u

/* What runs. */
struct gateway {
	struct live *live;
	struct gateway_ctrl *control;
	struct reserve *reserve; /* NULL: keys are fresh */
	bool reserve_failed;	 /* and it was told */
	sigset_t signals;
};

struct request {
	const char *file;
	struct cfg_set sets[SETS_MAX];
	unsigned n_sets;
	bool check, quiet;
};

static const char usage_text[] =
	"esplab gateway SITE.cfg [options] [-- EAL arguments]\n"
	"  --set PATH=VALUE   change a configuration value; may be repeated\n"
	"  --check            read and check the file, and do no more\n"
	"  --quiet            no totals at the end\n"
	"EAL arguments replace those by which EAL starts without hugepages and floats "
	"over all CPUs: docs/gateway.md\n";

static bool
request_take(void *ctx, int option)
{
	struct request *request = ctx;
	char *value;

	switch (option) {
	case 's':
		value = strchr(optarg, '=');
		if (!value || value == optarg || request->n_sets == SETS_MAX) {
			fprintf(stderr,
				"esplab gateway: --set wants PATH=VALUE, at most %u times, not \"%s\"\n",
				SETS_MAX, optarg);
			return false;
		}
		*value = '\0'; /* argv is ours to cut */
		request->sets[request->n_sets++] = (struct cfg_set){optarg, value + 1};
		return true;
	case 'c':
		request->check = true;
		return true;
	default:
		request->quiet = true;
		return true;
	}
}

/* The arguments behind "--" are EAL's; getopt must not see them. */
static int
own_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return argc;
}

static int
request_parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {{"set", 1, NULL, 's'}, {"check", 0, NULL, 'c'},
		{"quiet", 0, NULL, 'q'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int code = options_take(argc, argv, "s:qh", options, usage_text, request_take, request);

	if (code >= 0)
		return code;
	if (optind + 1 == argc) {
		request->file = argv[optind];
		return -1; /* go on */
	}
	fprintf(stderr, "esplab gateway: %s\n",
		optind == argc ? "which gateway? a SITE.cfg is missing" : "one SITE.cfg at a time");
	fputs(usage_text, stderr);
	return APP_USAGE;
}

/* ---- the clock that live/ is given ---- */

static uint64_t
now(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static void
rest(void *ctx, uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC)};

	(void)ctx;
	nanosleep(&t, NULL);
}

static uint64_t
cycles(void)
{
	return rte_rdtsc();
}

static const struct live_clock hardware_clock = {.now = now, .rest = rest, .cycles = cycles};

/* ---- while it runs ---- */

/* Blocked in every thread before any is started: the control thread asks for them. */
static void
signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigprocmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN); /* net_virtio_user writes to a vhost that may have gone */
}

/* More numbers in time; a disk that is full is told once, and SAs end where their reservation does. */
static void
numbers_reserve(struct gateway *gateway)
{
	char message[MESSAGE_BYTES];
	bool good = !gateway->reserve ||
		    !reserve_turn(gateway->reserve, gateway->live, message, sizeof(message));

	if (!good && !gateway->reserve_failed)
		fprintf(stderr, "esplab gateway: %s\n", message);
	gateway->reserve_failed = !good;
}

/* Until a signal says that it is enough. */
static void
serve(struct gateway *gateway)
{
	struct timespec tick = {.tv_nsec = TICK_NS};
	long waited = 0; /* since numbers were looked after, which asks all SAs */
	int number;

	do {
		number = sigtimedwait(&gateway->signals, NULL, &tick);
		if (number == SIGHUP)
			gateway_ctrl_reload(gateway->control);
		waited += tick.tv_nsec;
		if (waited >= TICK_NS) {
			numbers_reserve(gateway);
			waited = 0;
		}
		tick.tv_nsec = gateway_ctrl_turn(gateway->control) ? TICK_CAPTURE_NS : TICK_NS;
	} while (number != SIGTERM && number != SIGINT);
}

static void
totals_print(const struct live_totals *totals)
{
	printf("rx %llu + created %llu = tx %llu + consumed %llu + held %llu", (unsigned long long)totals->rx,
		(unsigned long long)totals->created, (unsigned long long)totals->tx,
		(unsigned long long)totals->consumed, (unsigned long long)totals->held);
	for (unsigned d = 0; d < DROP_COUNT; d++)
		if (totals->drops[d])
			printf(" + %s %llu", drop_info[d].text, (unsigned long long)totals->drops[d]);
	printf("\n");
}

static void
ports_print(const struct live *live)
{
	const struct cfg_gateway *cfg = live_cfg(live);

	for (unsigned p = 0; p < cfg->n_ports; p++) {
		struct live_port_info info;

		live_port_info(live, p, &info);
		fprintf(stderr, "%s: %s is %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s\n", cfg->name,
			cfg->ports[p].name, info.device, info.mac.bytes[0], info.mac.bytes[1],
			info.mac.bytes[2], info.mac.bytes[3], info.mac.bytes[4], info.mac.bytes[5],
			info.up ? "up" : "down");
	}
}

static int
run(struct gateway *gateway, const struct request *request)
{
	struct live *live = gateway->live;
	struct live_totals totals;

	if (!request->quiet)
		ports_print(live);
	numbers_reserve(gateway);
	if (gateway->reserve_failed)
		return APP_FAULT;
	if (live_run(live)) {
		fprintf(stderr, "esplab gateway: the workers do not start\n");
		return APP_FAULT;
	}
	fprintf(stderr, "%s: running, %u worker%s\n", live_cfg(live)->name, live_workers(live),
		live_workers(live) == 1 ? "" : "s");
	serve(gateway);
	live_stop(live, DRAIN_NS);
	gateway_ctrl_turn(gateway->control);
	live_totals(live, &totals);
	if (!request->quiet)
		totals_print(&totals);
	if (totals.balanced)
		return APP_OK;
	fprintf(stderr, "esplab gateway: a fault of esplab: packets do not balance\n");
	return APP_FAULT;
}

/* Before the SAs are made, as it says where they begin. */
static enum status
state_open(struct gateway *gateway, struct cfg_lab *cfg, char *message, size_t bytes)
{
	char path[PATH_BYTES];
	enum status status;

	if (!cfg->gateways[0].n_sas || (cfg->live.state && !*cfg->live.state))
		return ST_OK;
	snprintf(path, sizeof(path), cfg->live.state ? "%s" : "%s.state",
		cfg->live.state ? cfg->live.state : cfg->file);
	status = reserve_open(path, &gateway->reserve, message, bytes);
	return status ? status : reserve_begin(gateway->reserve, &cfg->gateways[0], message, bytes);
}

/* Ports are open: what was root is somebody else from here on, in every thread, and stays it. */
static enum status
user_become(const char *name, char *message, size_t bytes)
{
	const struct passwd *user;

	if (!name || geteuid() != 0)
		return ST_OK;
	user = getpwnam(name);
	if (!user) {
		snprintf(message, bytes, "live.user: there is no user \"%s\"", name);
		return ST_ERR_NOT_FOUND;
	}
	if (!setgroups(0, NULL) && !setgid(user->pw_gid) && !setuid(user->pw_uid))
		return ST_OK;
	snprintf(message, bytes, "live.user: cannot become \"%s\": %s", name, strerror(errno));
	return ST_ERR_UNSUPPORTED;
}

/* All is open, and nobody comes back from here. */
static enum status
confine(struct gateway *gateway, const struct cfg_lab *cfg, char *message, size_t bytes)
{
	enum status status = live_confine(cfg, &hardware_clock, message, bytes);
	char text[256];

	live_confined_text(cfg->live.seccomp, text, sizeof(text));
	gateway_ctrl_confined(gateway->control, text);
	return status;
}

static enum status
parts_create(struct gateway *gateway, struct cfg_lab *cfg, const struct request *request,
	const struct gateway_file *file, char **args, int n_args, char *message, size_t bytes)
{
	enum status status = state_open(gateway, cfg, message, bytes);

	if (!status)
		status = live_eal_start("esplab", cfg, args, (unsigned)n_args, message, bytes);
	if (!status)
		status = live_create(cfg, &hardware_clock, &gateway->live, message, bytes);
	if (!status)
		status = user_become(cfg->live.user, message, bytes);
	if (!status)
		status = gateway_ctrl_create(gateway->live, &cfg->live, gateway->reserve, file,
			request->quiet, &gateway->control, message, bytes);
	return status ? status : confine(gateway, cfg, message, bytes);
}

static int
start(struct cfg_lab *cfg, const struct request *request, const struct gateway_file *file, char **args,
	int n_args)
{
	struct gateway gateway = {.live = NULL};
	char message[MESSAGE_BYTES];
	enum status status;
	int code;

	mallopt(M_TRIM_THRESHOLD,
		INT_MAX); /* giving memory back stops a worker for 20 ms, when many SAs go */
	signals_block(&gateway.signals);
	status = parts_create(&gateway, cfg, request, file, args, n_args, message, sizeof(message));
	if (status)
		fprintf(stderr, "esplab gateway: %s: %s\n", cfg->file, message);
	code = !status ? run(&gateway, request) : status == ST_ERR_NOMEM ? APP_FAULT : APP_USAGE;
	if (!status && gateway.reserve &&
		reserve_end(gateway.reserve, gateway.live, message, sizeof(message))) {
		fprintf(stderr, "esplab gateway: %s\n", message);
		code = APP_FAULT;
	}
	live_destroy(gateway.live);
	gateway_ctrl_destroy(gateway.control);
	reserve_close(gateway.reserve);
	return code;
}

int
command_gateway(int argc, char **argv)
{
	struct request request = {.file = NULL};
	char message[MESSAGE_BYTES];
	int own = own_arguments(argc, argv), code = request_parse(own, argv, &request);
	int eal = own < argc ? own + 1 : argc;
	struct gateway_file file;
	struct cfg_lab *cfg;

	if (code >= 0)
		return code;
	file = (struct gateway_file){request.file, request.sets, request.n_sets};
	if (gateway_file_load(&file, &cfg, message, sizeof(message))) {
		fprintf(stderr, "%s\n", message);
		return APP_USAGE;
	}
	if (cfg->warnings && !request.quiet)
		fprintf(stderr, "%s\n", cfg->warnings);
	code = request.check ? APP_OK : start(cfg, &request, &file, argv + eal, argc - eal);
	cfg_free(cfg);
	return code;
}
