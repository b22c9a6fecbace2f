/* Commands over a gateway of several workers: an SA is asked of its owner, the rest is added up, and a change
 * comes to all of them. */
#include "tests/dataplane/hand_rig.h"

#include <jansson.h>
#include <stdio.h>

#include "ctrl/command.h"
#include "ctrl/ctrl.h"
#include "ctrl/target.h"
#include "dataplane/ipsec/sa.h"

int suite_ctrl_workers(void);

#define WORKERS 3u

struct desk {
	struct team *team;
	uint64_t now;
	struct ctrl *ctrl;
};

static enum status
desk_call(void *ctx, unsigned worker, ctrl_fn *fn, void *arg)
{
	struct desk *desk = ctx;

	if (worker >= desk->team->n)
		return ST_ERR_RANGE;
	fn(desk->team->dp[worker], arg, desk->now);
	return ST_OK;
}

static void
desk_start(struct desk *desk, const struct cfg_gateway *cfg)
{
	struct ctrl_single first;
	struct ctrl_target target;

	*desk = (struct desk){.team = team_start(cfg, WORKERS)};
	first = (struct ctrl_single){.dp = desk->team->dp[0]};
	ctrl_single_target(&first, &target);
	target.ctx = desk;
	target.workers = WORKERS;
	target.call = desk_call;
	target.cfg = cfg;
	CU_ASSERT_EQUAL_FATAL(ctrl_create(&target, &desk->ctrl), ST_OK);
}

static void
desk_stop(struct desk *desk)
{
	team_stop(desk->team);
	ctrl_destroy(desk->ctrl);
}

static json_t *
ask(struct desk *desk, const char *line)
{
	char *answer;
	json_t *json;

	CU_ASSERT_EQUAL(ctrl_run(desk->ctrl, line, &answer), ST_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	json = json_loads(answer, 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(json);
	free(answer);
	return json;
}

static int64_t
number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

/* n packets by SA i, come in at all workers of both gateways. */
static void
traffic(struct team *from, struct desk *to, unsigned i, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		struct rte_mbuf *out[4];
		unsigned came;

		team_send(from, k % from->n, 0, rig_packet(i, 200, 0), to->now += US);
		CU_ASSERT_EQUAL_FATAL(team_take(from, 1, out), 1);
		team_send(to->team, (k + 1) % WORKERS, 1, out[0], to->now);
		came = team_take(to->team, 0, out);
		CU_ASSERT_EQUAL(came, 1);
		rte_pktmbuf_free_bulk(out, came);
	}
}

static void
test_show(void)
{
	static struct rig_cfg r;
	struct team *from;
	struct desk desk;
	json_t *json, *row, *all;
	size_t at;
	unsigned found = 0;

	rig_cfg_init(&r, "esp-gcm 128");
	from = team_start(&r.cfg, WORKERS);
	desk_start(&desk, &r.peer);
	for (unsigned i = 0; i < RIG_SAS; i++)
		traffic(from, &desk, i, 10 + i);
	all = ask(&desk, "show crypto ipsec replay | json");
	json_array_foreach(json_object_get(all, "windows"), at, row)
	{
		CU_ASSERT_EQUAL(number(row, "right_edge"), 10 + (int64_t)at);
		CU_ASSERT_EQUAL(number(row, "packets"), 10 + (int64_t)at);
		CU_ASSERT_EQUAL(number(row, "window"), 64);
		found++;
	}
	CU_ASSERT_EQUAL(found, RIG_SAS);
	json_decref(all);
	all = ask(&desk, "show drops | json");
	json = json_object_get(all, "balance");
	CU_ASSERT(json_is_true(json_object_get(json, "balanced")));
	CU_ASSERT_EQUAL(number(json, "rx"), 46);
	CU_ASSERT_EQUAL(number(json, "tx"), 46);
	CU_ASSERT(number(json, "handed") > 20 && number(json, "handed") == number(json, "taken"));
	json_decref(all);
	desk_stop(&desk);
	team_stop(from);
}

/* The books of each worker hold at any time, and so the sum does while packets lie between two of them. */
static void
test_between(void)
{
	static struct rig_cfg r;
	struct desk desk;
	json_t *all, *json;

	rig_cfg_init(&r, "esp-gcm 128");
	desk_start(&desk, &r.cfg);
	for (unsigned i = 0; i < 5; i++)
		desk.team->port[0][0].in[desk.team->port[0][0].n_in++] = rig_packet(1, 100, 0);
	dp_turn(desk.team->dp[0], US);
	all = ask(&desk, "show drops | json");
	json = json_object_get(all, "balance");
	CU_ASSERT(json_is_true(json_object_get(json, "balanced")));
	CU_ASSERT_EQUAL(number(json, "handed") - number(json, "taken"), 5);
	json_decref(all);
	desk_stop(&desk);
}

static void
run(struct desk *desk, const char *line)
{
	char *answer;

	CU_ASSERT_EQUAL(ctrl_run(desk->ctrl, line, &answer), ST_OK);
	free(answer);
}

/* A wider window is the owner's affair; a new key everybody's. */
static void
test_change(void)
{
	static struct rig_cfg r;
	struct team *from;
	struct desk desk;

	rig_cfg_init(&r, "esp-gcm 128");
	from = team_start(&r.cfg, 1);
	desk_start(&desk, &r.peer);
	traffic(from, &desk, 1, 5);
	run(&desk, "crypto sa window s1 256 in");
	traffic(from, &desk, 1, 5);
	CU_ASSERT_EQUAL(dp_sa(desk.team->dp[1], 3)->window_size, 256);
	CU_ASSERT_EQUAL(dp_sa(desk.team->dp[1], 3)->packets, 10);
	CU_ASSERT_PTR_NULL(dp_sa(desk.team->dp[0], 3)->window);
	run(&desk, "crypto sa rekey s1 in spi 0x5005 key 000102030405060708090a0b0c0d0e0f10111213");
	for (unsigned w = 0; w < WORKERS; w++) {
		CU_ASSERT_EQUAL(dp_sa(desk.team->dp[w], 3)->spi, 0x5005);
		CU_ASSERT_EQUAL(dp_sa(desk.team->dp[w], 3)->owner, 1);
	}
	traffic(from, &desk, 1, 6); /* the sender has the old key still */
	for (unsigned i = 0; i < 6; i++) {
		desk.now += NS_PER_SEC * 100;
		ctrl_tick(desk.ctrl);
	}
	desk_stop(&desk);
	team_stop(from);
}

int
suite_ctrl_workers(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_workers", NULL, NULL);

	return !suite || !CU_add_test(suite, "show", test_show) ||
	       !CU_add_test(suite, "between", test_between) || !CU_add_test(suite, "change", test_change);
}
