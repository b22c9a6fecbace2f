/* reload: another file, or the same one with other values, while the gateway runs. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "ctrl/ctrl.h"
#include "ctrl/sadb.h"
#include "dataplane/ipsec/sa.h"
#include "lab/hooks.h"
#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_reload(void);

/* Of the whole process; 0 under AddressSanitizer, which tells by itself what is read after its end. */
static size_t
heap_used(void)
{
	return mallinfo2().uordblks;
}

/* A gateway of a file, and the values that are set when it is read again. */
struct site {
	struct ctrl_single single; /* first: the ctx of the target */
	const char *path;
	struct cfg_set set[2];
	unsigned n_set;
	struct cfg_lab *lab;
	struct kit_port port[2];
	struct ctrl *ctrl;
};

static enum status
site_load(void *ctx, const char *path, struct cfg_lab **lab, char *message, size_t bytes)
{
	const struct site *site = ctx;

	return cfg_load_variant(path, site->set, site->n_set, NULL, lab_hooks(), lab, message, bytes);
}

static void
site_start(struct site *site)
{
	struct port *ports[2] = {&site->port[0].port, &site->port[1].port};
	struct ctrl_target target;
	char message[4096];

	*site = (struct site){.path = ESPLAB_TESTS "/../config/lab/qos-reorder.cfg"};
	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_EQUAL_FATAL(site_load(site, site->path, &site->lab, message, sizeof(message)), ST_OK);
	kit_port_init(&site->port[0]);
	kit_port_init(&site->port[1]);
	CU_ASSERT_EQUAL_FATAL(dp_create(&site->lab->gateways[0], ports, kit_pool(), NULL, &site->single.dp,
				      message, sizeof(message)),
		ST_OK);
	ctrl_single_target(&site->single, &target);
	target.load = site_load;
	CU_ASSERT_EQUAL_FATAL(ctrl_create(&target, &site->ctrl), ST_OK);
}

static void
site_stop(struct site *site)
{
	dp_flush(site->single.dp);
	dp_destroy(site->single.dp);
	ctrl_destroy(site->ctrl);
	cfg_free(site->lab);
}

static void
site_answers(struct site *site, const char *line, enum status status, const char *text)
{
	char *answer;

	CU_ASSERT_EQUAL(ctrl_run(site->ctrl, line, &answer), status);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer, text));
	if (!strstr(answer, text))
		printf("\n%s\n", answer);
	free(answer);
}

/* Reads the file anew with one value changed; the answer holds `text`. */
static void
site_reload(struct site *site, const char *path, const char *value, enum status status, const char *text)
{
	char line[4096];

	site->set[0] = (struct cfg_set){path, value};
	site->n_set = path ? 1 : 0;
	snprintf(line, sizeof(line), "reload \"%s\"", site->path);
	site_answers(site, line, status, text);
}

static char *
site_shown(struct site *site)
{
	char *answer;

	CU_ASSERT_EQUAL(ctrl_run(site->ctrl, "show crypto ipsec sa", &answer), ST_OK);
	return answer;
}

static void
test_reload(void)
{
	struct site site;

	site_start(&site);
	site_reload(&site, NULL, NULL, ST_OK, "qos-reorder.cfg: 0 SAs made or altered, 2 in all\n");
	site_reload(&site, "gateways.gwa.sas.b-a.window", "1024", ST_OK, "1 SAs made or altered, 2 in all\n");
	CU_ASSERT_EQUAL(dp_sa(site.single.dp, 1)->window_size, 1024);
	ctrl_tick(site.ctrl);
	ctrl_tick(site.ctrl);
	site_reload(&site, "lab.seed", "2", ST_OK, "2 SAs made or altered, 2 in all\n"); /* other keys */
	CU_ASSERT_EQUAL(dp_sa(site.single.dp, 1)->window_size, 64);
	for (unsigned i = 0; i < 4; i++) {
		site.single.now += SADB_IDLE_NS;
		ctrl_tick(site.ctrl);
	}
	site_reload(&site, "lab.seed", "3", ST_OK, "2 SAs made or altered, 2 in all\n");
	site_stop(&site);
}

/* Limits, queueing and logging change, and with the next reload they are as the file says again. */
static void
test_reload_ports(void)
{
	const struct qos *before;
	struct site site;

	site_start(&site);
	before = dp_qos(site.single.dp, 1);
	site_reload(&site, "gateways.gwa.ports.wan.ip_mtu", "1300", ST_OK, "0 SAs made or altered");
	site_answers(&site, "show ip mtu", ST_OK, "wan                   1500      1300");
	CU_ASSERT_PTR_EQUAL(dp_qos(site.single.dp, 1), before);
	site_reload(&site, "gateways.gwa.ports.wan.tcp_adjust_mss", "1000", ST_OK, "");
	CU_ASSERT_EQUAL(dp_cfg(site.single.dp)->ports[1].tcp_adjust_mss, 1000);
	site_answers(&site, "show ip mtu", ST_OK, "wan                   1500      1500");
	site_reload(&site, "gateways.gwa.ports.wan.qos.shape", "9 Mb/s", ST_OK, "");
	CU_ASSERT_PTR_NOT_EQUAL(dp_qos(site.single.dp, 1), before);
	site_answers(&site, "show interface name wan", ST_OK, "shaped to 9000000 bit/s");
	site_reload(&site, "gateways.gwa.log_rate", "7", ST_OK, "");
	CU_ASSERT_EQUAL(dp_cfg(site.single.dp)->log_rate, 7);
	for (unsigned i = 0; i < 4; i++) /* configurations of before go, and nothing names them */
		ctrl_tick(site.ctrl);
	site_answers(&site, "show interface", ST_OK, "Class rest");
	site_stop(&site);
}

/* Once a second, for minutes: as many files are kept as there are SAs on their way out. */
static void
test_reload_memory(void)
{
	enum { WARM = 40, ROUNDS = 100, BYTES = 1024 };
	struct site site;
	size_t warm = 0;

	site_start(&site);
	for (unsigned i = 0; i < WARM + ROUNDS; i++) {
		char seed[16];

		if (i == WARM)
			warm = heap_used();
		snprintf(seed, sizeof(seed), "%u", i + 2);
		site_reload(&site, "lab.seed", seed, ST_OK, "2 SAs made or altered, 2 in all\n");
		site_reload(&site, "lab.seed", seed, ST_OK, "0 SAs made or altered, 2 in all\n");
		free(site_shown(&site));
		site.single.now += NS_PER_SEC;
		ctrl_tick(site.ctrl);
	}
	CU_ASSERT(heap_used() < warm + (size_t)ROUNDS * BYTES);
	if (heap_used() >= warm + (size_t)ROUNDS * BYTES)
		printf("\n%zu bytes after %d files, %zu after %d\n", warm, WARM, heap_used(), WARM + ROUNDS);
	site_stop(&site);
}

/* All of it, or nothing. */
static void
test_reload_refused(void)
{
	struct site site;

	site_start(&site);
	site_reload(&site, "gateways.gwa.sas.b-a.window", "x", ST_ERR_CONFIG, "window");
	site_reload(&site, "gateways.gwa.ports.wan.mtu", "1400", ST_ERR_CONFIG, "qos-reorder.cfg:");
	site_reload(&site, "gateways.gwa.ports.wan.mtu", "1400", ST_ERR_CONFIG,
		": mtu: cannot change while the gateway runs; allowed: as it was at the start");
	site_reload(
		&site, "gateways.gwa.ports.wan.address", "192.0.2.1/29", ST_ERR_CONFIG, ": address: cannot");
	site_reload(&site, "gateways.gwa.sequence", "after-queue", ST_ERR_CONFIG, ": sequence: cannot");
	site_reload(&site, "gateways.gwa.icmp_rate", "5", ST_ERR_CONFIG, ": icmp_rate: cannot");
	site_reload(&site, "gateways.gwa.name", "other", ST_ERR_CONFIG, "");
	CU_ASSERT_EQUAL(dp_sa(site.single.dp, 1)->window_size, 64);
	CU_ASSERT_PTR_EQUAL(dp_cfg(site.single.dp), &site.lab->gateways[0]);
	site_stop(&site);
}

int
suite_ctrl_reload(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_reload", NULL, NULL);

	return !suite || !CU_add_test(suite, "SAs", test_reload) ||
	       !CU_add_test(suite, "ports", test_reload_ports) ||
	       !CU_add_test(suite, "memory", test_reload_memory) ||
	       !CU_add_test(suite, "refused", test_reload_refused);
}
