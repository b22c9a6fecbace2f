/* A gateway of the kit and its console. */
#ifndef TESTS_CTRL_CTRL_RIG_H
#define TESTS_CTRL_CTRL_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <jansson.h>

#include "ctrl/command.h"
#include "ctrl/ctrl.h"
#include "tests/kit/kit.h"

#define RIG_US 1000u

struct ctrl_rig {
	struct kit_gateway g;
	struct ctrl_single single;
	struct ctrl *ctrl;
};

/* After kit_gateway_init() and whatever is to be set. */
static inline void
rig_start(struct ctrl_rig *rig)
{
	struct ctrl_target target;

	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_FATAL(kit_gateway_start(&rig->g));
	rig->single = (struct ctrl_single){.dp = rig->g.dp};
	ctrl_single_target(&rig->single, &target);
	CU_ASSERT_EQUAL_FATAL(ctrl_create(&target, &rig->ctrl), ST_OK);
}

static inline void
rig_stop(struct ctrl_rig *rig)
{
	CU_ASSERT_EQUAL(kit_books(&rig->g), 0);
	kit_gateway_stop(&rig->g);
	ctrl_destroy(rig->ctrl);
}

/* Looks at the gateway's peer, which takes in what the gateway protects. */
static inline void
rig_peer(struct ctrl_rig *rig)
{
	rig->single.dp = rig->g.peer;
}

/* n packets of so many bytes through the tunnel, from `now` on, one a us; the last ones first, in groups of
 * `group`. */
static inline void
rig_traffic(struct ctrl_rig *rig, unsigned n, unsigned group, uint32_t bytes, uint64_t now)
{
	for (unsigned sent = 0; sent < n; sent += group) {
		struct rte_mbuf *pkts[64];

		for (unsigned i = 0; i < group; i++) {
			kit_send(&rig->g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0), now);
			CU_ASSERT_EQUAL_FATAL(rig->g.port[1].n_out, 1);
			pkts[i] = rig->g.port[1].out[0];
			rig->g.port[1].n_out = 0;
			now += RIG_US;
		}
		for (unsigned i = group; i-- > 0;)
			kit_send(&rig->g, 1, pkts[i], now);
		kit_port_empty(&rig->g.port[0]);
		kit_port_empty(&rig->g.port[1]);
	}
}

/* The answer is the caller's to free. */
static inline char *
rig_answer(struct ctrl_rig *rig, const char *line, enum status status)
{
	char *answer;
	enum status got = ctrl_run(rig->ctrl, line, &answer);

	CU_ASSERT_EQUAL(got, status);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	return answer;
}

static inline void
rig_expect(struct ctrl_rig *rig, const char *line, enum status status, const char *text)
{
	char *answer = rig_answer(rig, line, status);

	CU_ASSERT_STRING_EQUAL(answer, text);
	if (strcmp(answer, text))
		printf("\n%s:\n<%s>\nwanted:\n<%s>\n", line, answer, text);
	free(answer);
}

static inline void
rig_contains(struct ctrl_rig *rig, const char *line, const char *text)
{
	char *answer = rig_answer(rig, line, ST_OK);

	CU_ASSERT_PTR_NOT_NULL(strstr(answer, text));
	if (!strstr(answer, text))
		printf("\n%s:\n<%s>\nwanted in it:\n<%s>\n", line, answer, text);
	free(answer);
}

/* To be given back by json_decref(). */
static inline json_t *
rig_json(struct ctrl_rig *rig, const char *line)
{
	char *answer = rig_answer(rig, line, ST_OK);
	json_error_t error;
	json_t *json = json_loads(answer, JSON_REJECT_DUPLICATES, &error);

	CU_ASSERT_PTR_NOT_NULL_FATAL(json);
	free(answer);
	return json;
}

#endif
