/* Whole laboratories for tests: a text with two sites, changed by values as --set would, run to its end, and
 * the identities that hold in every run.  For tests/lab/test_lab*.c only. */
#ifndef TESTS_LAB_LAB_RIG_H
#define TESTS_LAB_LAB_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "config/cfg.h"
#include "lab/hooks.h"
#include "lab/lab.h"
#include "tests/kit/kit.h"

#ifndef ESPLAB_TESTS
#define ESPLAB_TESTS "tests"
#endif

#define RIG_SETS_MAX 32

/* a ---- gwa ======== gwb ---- b, one SA each way.  Traffic is to be put behind it. */
#define RIG_SA(name, dir, spi, src, dst)                                                                     \
	"{ name = \"" name "\"; direction = \"" dir "\"; spi = " spi "; src = \"" src "\"; dst = \"" dst     \
	"\"; transform = \"esp-aes 128 esp-sha-hmac\"; key = \"auto\"; auth_key = \"auto\"; }"
#define RIG_POLICIES(sa, own, far)                                                                           \
	"policies = ( { name = \"out\"; action = \"protect\"; sa = \"" sa "\"; src = \"" own                 \
	"\"; dst = \"" far "\"; } );"
#define RIG_TWO_SITES                                                                                        \
	"lab = { duration = 1; mbufs = 8192; };"                                                             \
	"hosts = ( { name = \"a\"; address = \"10.1.0.10\"; }, { name = \"b\"; address = \"10.2.0.10\"; } "  \
	");"                                                                                                 \
	"gateways = ( { name = \"gwa\"; ports = ( { name = \"lan\"; address = \"10.1.0.1/16\"; },"           \
	"  { name = \"wan\"; address = \"192.0.2.1/30\"; qos = { kind = \"fifo\"; classes = ("               \
	"    { name = \"voice\"; dscp = \"ef\"; priority = \"2 Mb/s\"; },"                                   \
	"    { name = \"rest\"; queue_limit = 512; } ); }; } );"                                             \
	"  routes = ( { to = \"10.2.0.0/16\"; via = \"192.0.2.2\"; } );"                                     \
	"  sas = ( " RIG_SA("a-b", "out", "0x1001", "192.0.2.1", "192.0.2.2") "," RIG_SA(                    \
		"b-a", "in", "0x2001", "192.0.2.2", "192.0.2.1") " );" RIG_POLICIES("a-b", "10.1.0.0/16",    \
		"10.2.0.0/16") " },"                                                                         \
			       "  { name = \"gwb\"; ports = ( { name = \"lan\"; address = \"10.2.0.1/16\"; " \
			       "},"                                                                          \
			       "  { name = \"wan\"; address = \"192.0.2.2/30\"; } );"                        \
			       "  routes = ( { to = \"10.1.0.0/16\"; via = \"192.0.2.1\"; } );"              \
			       "  sas = ( " RIG_SA("a-b", "in", "0x1001", "192.0.2.1",                       \
				       "192.0.2.2") "," RIG_SA("b-a", "out", "0x2001", "192.0.2.2",          \
				       "192.0.2.1") " );" RIG_POLICIES("b-a", "10.2.0.0/16",                 \
				       "10.1.0.0/16") " } );"                                                \
						      "links = ( { name = \"lan-a\"; ends = [ \"a\", "       \
						      "\"gwa.lan\" ]; rate = \"1 Gb/s\"; delay = \"5 us\"; " \
						      "},"                                                   \
						      "  { name = \"wan\"; ends = [ \"gwa.wan\", "           \
						      "\"gwb.wan\" ]; rate = \"10 Mb/s\"; delay = \"20 "     \
						      "ms\"; },"                                             \
						      "  { name = \"lan-b\"; ends = [ \"b\", \"gwb.lan\" "   \
						      "]; rate = \"1 Gb/s\"; delay = \"5 us\"; } );"

#define RIG_CBR(name, more) "{ name = \"" name "\"; kind = \"cbr\"; from = \"a\"; to = \"b\"; " more " }"

struct rig {
	struct cfg_lab *cfg;
	struct lab *lab;
	struct result *r;
};

/* sets: "path=value" texts up to NULL.  The file goes where captures of tests/vectors can be named. */
static inline void
rig_load(struct rig *rig, const char *text, const char *const *sets)
{
	struct cfg_set set[RIG_SETS_MAX];
	char words[RIG_SETS_MAX][256], file[] = "/tmp/esplab-lab-XXXXXX", message[4096] = "";
	unsigned n = 0;
	int fd = mkstemp(file);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_FATAL(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	for (; sets && sets[n]; n++) {
		char *equal;

		snprintf(words[n], sizeof(words[n]), "%s", sets[n]);
		equal = strchr(words[n], '=');
		*equal = '\0';
		set[n] = (struct cfg_set){words[n], equal + 1};
	}
	if (cfg_load(file, set, n, lab_hooks(), &rig->cfg, message, sizeof(message)))
		printf("\n%s\n", message);
	unlink(file);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->cfg);
}

static inline void
rig_run(struct rig *rig, const char *text, const char *const *sets)
{
	struct lab_options options = {.cycles = NULL};
	char message[512];

	memset(rig, 0, sizeof(*rig));
	CU_ASSERT_FATAL(kit_init());
	rig_load(rig, text, sets);
	CU_ASSERT_EQUAL_FATAL(lab_create(rig->cfg, &options, &rig->lab, message, sizeof(message)), ST_OK);
	lab_run(rig->lab);
	rig->r = lab_result(rig->lab);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->r);
}

static inline void
rig_end(struct rig *rig)
{
	lab_destroy(rig->lab);
	cfg_free(rig->cfg);
}

static inline uint64_t
rig_drops(const uint64_t *drops)
{
	uint64_t sum = 0;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		sum += drops[d];
	return sum;
}

static inline const struct result_node *
rig_node(const struct rig *rig, const char *name)
{
	for (unsigned i = 0; i < rig->r->n_nodes; i++)
		if (!strcmp(rig->r->nodes[i].name, name))
			return &rig->r->nodes[i];
	return NULL;
}

/* SA `name` as gateway `gateway` sees it. */
static inline const struct result_sa *
rig_sa(const struct rig *rig, const char *gateway, const char *name)
{
	for (unsigned i = 0; i < rig->r->n_sas; i++)
		if (!strcmp(rig->r->sas[i].gateway->name, gateway) && !strcmp(rig->r->sas[i].cfg->name, name))
			return &rig->r->sas[i];
	return NULL;
}

static inline uint64_t
rig_replays(const struct rig *rig)
{
	const uint64_t *drops = rig->r->drops;

	return drops[DROP_REPLAY_OLD] + drops[DROP_REPLAY_DUP] + drops[DROP_ICV_ESN] + drops[DROP_SEQ_ZERO];
}

/* What nodes and flows say about one run must be one story. */
struct rig_sums {
	uint64_t drops[DROP_COUNT];
	uint64_t sent, arrived, clone_drops, held;
};

static inline struct rig_sums
rig_sum(const struct result_flow *flows, unsigned n)
{
	struct rig_sums sums = {.sent = 0};

	for (unsigned i = 0; i < n; i++) {
		sums.sent += flows[i].sent;
		sums.arrived += flows[i].delivered + flows[i].duplicates;
		sums.clone_drops += flows[i].clone_drops;
		sums.held += flows[i].held;
		for (unsigned d = 0; d < DROP_COUNT; d++)
			sums.drops[d] += flows[i].drops[d];
	}
	return sums;
}

/* Holds in every run; clones: wires may duplicate. */
static inline void
rig_check(const struct rig *rig, int clones)
{
	const struct result *r = rig->r;
	struct rig_sums flows = rig_sum(r->flows, r->n_flows), classes = rig_sum(r->classes, r->n_classes);
	uint64_t created = 0, held = 0, made = 0; /* made: by gateways, ICMP and pieces */

	CU_ASSERT_TRUE(r->balanced_packets);
	CU_ASSERT_TRUE(r->balanced_mbufs);
	CU_ASSERT_EQUAL(r->corrupt, 0);
	CU_ASSERT_EQUAL(memcmp(&flows, &classes, sizeof(flows)), 0);
	for (unsigned i = 0; i < r->n_nodes; i++) {
		created += r->nodes[i].kind == RESULT_HOST ? r->nodes[i].created : 0;
		made += r->nodes[i].kind == RESULT_GATEWAY ? r->nodes[i].created : 0;
		held += r->nodes[i].held;
	}
	CU_ASSERT_EQUAL(flows.sent, created + r->answers);
	/* hosts hear ICMP too, and what was cut is put together */
	CU_ASSERT(flows.arrived == r->consumed || (flows.arrived < r->consumed && made));
	CU_ASSERT_EQUAL(rig_drops(flows.drops) + flows.clone_drops, r->dropped);
	CU_ASSERT_EQUAL(held, r->held);
	if (clones)
		return;
	CU_ASSERT_EQUAL(flows.held, held);
	CU_ASSERT_EQUAL(memcmp(flows.drops, r->drops, sizeof(flows.drops)), 0);
	for (unsigned i = 0; i < r->n_flows; i++) {
		const struct result_flow *flow = &r->flows[i];

		CU_ASSERT_EQUAL(flow->sent, flow->delivered + rig_drops(flow->drops) + flow->held);
		CU_ASSERT_EQUAL(flow->duplicates, 0);
		CU_ASSERT_EQUAL(flow->delay.count, flow->delivered);
		CU_ASSERT_EQUAL(flow->at_receiver.received, flow->delivered);
	}
}

/* Runs, checks the identities, and leaves the result to be looked at. */
static inline void
rig_run_checked(struct rig *rig, const char *text, const char *const *sets, int clones)
{
	rig_run(rig, text, sets);
	rig_check(rig, clones);
}

#define RIG_SETS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
