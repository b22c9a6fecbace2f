/* Questions of DPDK's telemetry: asked by other threads, answered by this one.  What the socket hands out is
 * tests/scenario/gateway_telemetry.py's affair. */
#include <pthread.h>

#include "ctrl/telemetry.h"
#include "ctrl/telemetry_data.h"
#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_telemetry(void);

#define THREADS 8u

struct asker {
	pthread_t thread;
	const char *command, *parameter;
	unsigned rounds;
	enum status status; /* of the last */
	char *answer;
	unsigned done; /* askers that have ended */
};

static void *
ask(void *arg)
{
	struct asker *asker = arg;

	for (unsigned i = 0; i < asker->rounds; i++) {
		free(asker->answer);
		asker->status = telemetry_ask(asker->command, asker->parameter, &asker->answer);
	}
	__atomic_store_n(&asker->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void
asker_start(struct asker *asker, const char *command, const char *parameter, unsigned rounds)
{
	*asker = (struct asker){.command = command, .parameter = parameter, .rounds = rounds};
	CU_ASSERT_EQUAL_FATAL(pthread_create(&asker->thread, NULL, ask, asker), 0);
}

static struct ctrl_telemetry *
telemetry_make(struct ctrl *ctrl)
{
	struct ctrl_telemetry *telemetry;
	char message[256];

	CU_ASSERT_EQUAL_FATAL(telemetry_create(ctrl, &telemetry, message, sizeof(message)), ST_OK);
	return telemetry;
}

static void
start(struct ctrl_rig *rig)
{
	kit_gateway_init(&rig->g, "esp-gcm 128");
	rig_start(rig);
	rig_traffic(rig, 8, 1, 100, 0);
}

/* The answer is that of the console. */
static void
expect(struct ctrl_rig *rig, struct ctrl_telemetry *telemetry, const char *command, const char *parameter,
	const char *line, enum status status)
{
	struct asker asker;
	char *console;

	asker_start(&asker, command, parameter, 1);
	while (!__atomic_load_n(&asker.done, __ATOMIC_ACQUIRE))
		telemetry_turn(telemetry);
	pthread_join(asker.thread, NULL);
	CU_ASSERT_EQUAL(asker.status, status);
	console = rig_answer(rig, line, status);
	CU_ASSERT_STRING_EQUAL_FATAL(asker.answer, console);
	free(console);
	free(asker.answer);
}

static void
test_commands(void)
{
	struct ctrl_telemetry *telemetry;
	struct ctrl_rig rig;
	char *answer;

	start(&rig);
	telemetry = telemetry_make(rig.ctrl);
	CU_ASSERT_FALSE(telemetry_turn(telemetry));
	expect(&rig, telemetry, "/esplab/drops", NULL, "show drops | json", ST_OK);
	expect(&rig, telemetry, "/esplab/drops", "", "show drops | json", ST_OK);
	expect(&rig, telemetry, "/esplab/drops", "all", "show drops all | json", ST_OK);
	expect(&rig, telemetry, "/esplab/crypto/ipsec/sa", NULL, "show crypto ipsec sa | json", ST_OK);
	expect(&rig, telemetry, "/esplab/crypto/ipsec/sa", "self", "show crypto ipsec sa name self | json",
		ST_OK);
	expect(&rig, telemetry, "/esplab/crypto/ipsec/replay", "none",
		"show crypto ipsec replay name none | json", ST_ERR_NOT_FOUND);
	expect(&rig, telemetry, "/esplab/drops", "some", "show drops some | json", ST_ERR_CONFIG);
	expect(&rig, telemetry, "/esplab/interface", "\" | json\nclear counters",
		"show interface name \"\" | json", ST_ERR_NOT_FOUND); /* shows, whatever is tried */
	CU_ASSERT_EQUAL(telemetry_ask("/esplab/clear/counters", NULL, &answer), ST_ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(telemetry_ask("/esplab", NULL, &answer), ST_ERR_NOT_FOUND);
	CU_ASSERT_PTR_NULL(answer);
	telemetry_destroy(telemetry);
	rig_stop(&rig);
}

/* All at once and again and again: each gets its own. */
static void
test_threads(void)
{
	static const char *const commands[] = {"/esplab/drops", "/esplab/crypto/ipsec/sa", "/esplab/ip/mtu",
		"/esplab/interface"};
	static const char *const keys[] = {"drops", "tunnels", "tunnels", "interfaces"};
	struct asker askers[THREADS];
	struct ctrl_telemetry *telemetry;
	struct ctrl_rig rig;
	unsigned done = 0;

	start(&rig);
	telemetry = telemetry_make(rig.ctrl);
	for (unsigned i = 0; i < THREADS; i++)
		asker_start(&askers[i], commands[i % 4], NULL, 50);
	while (done < THREADS) {
		telemetry_turn(telemetry);
		done = 0;
		for (unsigned i = 0; i < THREADS; i++)
			done += __atomic_load_n(&askers[i].done, __ATOMIC_ACQUIRE);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		json_t *json;

		pthread_join(askers[i].thread, NULL);
		CU_ASSERT_EQUAL(askers[i].status, ST_OK);
		json = json_loads(askers[i].answer, 0, NULL);
		CU_ASSERT_PTR_NOT_NULL(json_object_get(json, keys[i % 4]));
		json_decref(json);
		free(askers[i].answer);
	}
	telemetry_destroy(telemetry);
	rig_stop(&rig);
}

/* Those that wait when the gateway ends, and those that come later, are sent away; then there is another. */
static void
test_end(void)
{
	struct ctrl_telemetry *telemetry, *second;
	struct asker askers[THREADS];
	struct ctrl_rig rig;
	char message[256], *answer;

	start(&rig);
	telemetry = telemetry_make(rig.ctrl);
	CU_ASSERT_EQUAL(telemetry_create(rig.ctrl, &second, message, sizeof(message)), ST_ERR_EXISTS);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "another gateway"));
	for (unsigned i = 0; i < THREADS; i++)
		asker_start(&askers[i], "/esplab/drops", NULL, 50);
	while (!telemetry_turn(telemetry)) /* one was answered, so others wait or will */
		;
	telemetry_destroy(telemetry);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(askers[i].thread, NULL);
		CU_ASSERT_EQUAL(askers[i].status, ST_ERR_NOT_FOUND);
		CU_ASSERT_PTR_NULL(askers[i].answer);
	}
	CU_ASSERT_EQUAL(telemetry_ask("/esplab/drops", NULL, &answer), ST_ERR_NOT_FOUND);
	telemetry = telemetry_make(rig.ctrl);
	expect(&rig, telemetry, "/esplab/drops", NULL, "show drops | json", ST_OK);
	telemetry_destroy(telemetry);
	telemetry_destroy(NULL);
	rig_stop(&rig);
}

static size_t
bytes_of(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	size_t bytes = telemetry_data_bytes(json);

	CU_ASSERT_PTR_NOT_NULL_FATAL(json);
	json_decref(json);
	return bytes;
}

/* A list of n objects, or texts. */
static size_t
bytes_of_list(unsigned n, const char *item)
{
	json_t *list = json_array(), *root = json_pack("{s:o}", "list", list);
	size_t bytes;

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_loads(item, JSON_DECODE_ANY, NULL));
	bytes = telemetry_data_bytes(root);
	json_decref(root);
	return bytes;
}

static void
test_bytes(void)
{
	static const char *const texts[] = {"{}", "{\"a\": 1, \"b\": [\"x\", \"y\"]}",
		"{\"a\": {\"b\": {\"c\": [{\"d\": 1.5, \"e\": null, \"f\": true}]}}}",
		"{\"a\": \"\\u0001\\u0001\\u0001\\u0001\"}", "{\"a\": 18446744073709551}"};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CU_ASSERT(bytes_of(texts[i]) >= strlen(texts[i]));
		CU_ASSERT(bytes_of(texts[i]) < 4 * strlen(texts[i]) + 100);
	}
	CU_ASSERT(bytes_of_list(256, "{}") < SIZE_MAX);
	CU_ASSERT_EQUAL(bytes_of_list(257, "{}"), SIZE_MAX);
	CU_ASSERT(bytes_of_list(512, "\"x\"") < SIZE_MAX);
	CU_ASSERT_EQUAL(bytes_of_list(513, "\"x\""), SIZE_MAX);
	CU_ASSERT(bytes_of_list(512, "7") < SIZE_MAX);
	CU_ASSERT_EQUAL(bytes_of_list(512, "-7"), SIZE_MAX); /* becomes a dictionary */
}

int
suite_ctrl_telemetry(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_telemetry", NULL, NULL);

	return !suite || !CU_add_test(suite, "commands", test_commands) ||
	       !CU_add_test(suite, "threads", test_threads) || !CU_add_test(suite, "end", test_end) ||
	       !CU_add_test(suite, "sizes", test_bytes);
}
