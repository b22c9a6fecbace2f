/* /metrics: the text, and the server that hands it out. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctrl/http.h"
#include "ctrl/metrics.h"
#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_http(void);

static void
start(struct ctrl_rig *rig)
{
	kit_gateway_init(&rig->g, "esp-gcm 128");
	rig->g.sas[1].window = 8;
	rig_start(rig);
	rig_traffic(rig, 64, 16, 100, 0);
	rig_peer(rig);
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

/* A line of the text format: "# HELP name ...", "# TYPE name kind", "name[{label="value",...}] number". */
static bool
line_good(const char *line)
{
	const char *brace = strchr(line, '{'), *blank = strrchr(line, ' ');
	char *end;

	if (!strncmp(line, "# HELP esplab_", 14))
		return true;
	if (!strncmp(line, "# TYPE esplab_", 14))
		return strstr(line, " counter") || strstr(line, " gauge");
	if (strncmp(line, "esplab_", 7) || !blank)
		return false;
	while (is_name(*line))
		line++;
	if (*line != ' ' && line != brace)
		return false;
	if (brace && (strncmp(blank - 2, "\"} ", 3) || strchr(line, '\\')))
		return false;
	strtod(blank + 1, &end);
	return !*end && end > blank + 1;
}

static void
test_text(void)
{
	static const char *const wanted[] = {"esplab_info{gateway=\"gw\",version=\"esplab " ESPLAB_VERSION
					     "\"} 1\n",
		"esplab_received_packets_total 64\n", "esplab_sent_packets_total 32\n",
		"esplab_drops_total{reason=\"replay_old\"} 32\n", "esplab_drops_total{reason=\"icv\"} 0\n",
		"# TYPE esplab_stage_packets_total counter\n",
		"esplab_stage_packets_total{stage=\"sa_in\"} 64\n",
		"esplab_engine_total{counter=\"submitted\"} 32\n",
		"esplab_port_received_packets_total{port=\"wan\"} 64\n",
		"esplab_queue_packets_total{port=\"lan\",class=\"fifo\"} 32\n", "esplab_sas 2\n",
		"esplab_sa_replays_total{sa=\"self\",direction=\"in\",spi=\"0x00001001\"} 32\n",
		"esplab_sa_sequence{sa=\"self\",direction=\"in\",spi=\"0x00001001\"} 64\n"};
	struct ctrl_rig rig;
	char *text, *line;

	start(&rig);
	free(rig_answer(&rig, "clear counters", ST_OK)); /* a console's affair */
	CU_ASSERT_EQUAL_FATAL(metrics_text(rig.ctrl, &text), ST_OK);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(text, wanted[i]));
		if (!strstr(text, wanted[i]))
			printf("\nnot in the metrics: %s", wanted[i]);
	}
	line = strtok(text, "\n");
	for (; line; line = strtok(NULL, "\n")) {
		CU_ASSERT(line_good(line));
		if (!line_good(line))
			printf("\n%s\n", line);
	}
	free(text);
	rig_stop(&rig);
}

static uint64_t
heap_told(struct ctrl_rig *rig)
{
	const char *name = "\nesplab_heap_used_bytes ", *at;
	uint64_t bytes = 0;
	char *text;

	CU_ASSERT_EQUAL_FATAL(metrics_text(rig->ctrl, &text), ST_OK);
	at = strstr(text, name);
	CU_ASSERT_PTR_NOT_NULL(at);
	if (at)
		bytes = strtoull(at + strlen(name), NULL, 10);
	free(text);
	return bytes;
}

/* Pieces of the heap, and one that malloc maps by itself; AddressSanitizer has an allocator of its own. */
static void
test_heap(void)
{
	enum { SMALL = 20000, LARGE = 4 << 20, SLACK = 4096 }; /* malloc's caches */
	struct ctrl_rig rig;
	char *small, *large;
	uint64_t before, with;

	start(&rig);
	heap_told(&rig); /* what stays of the first time */
	before = heap_told(&rig);
	small = malloc(SMALL);
	large = malloc(LARGE);
	CU_ASSERT_FATAL(small && large);
	memset(small, 1, SMALL);
	memset(large, 1, LARGE);
	with = heap_told(&rig);
	free(small);
	free(large);
	if (before) {
		CU_ASSERT(with >= before + SMALL + LARGE);
		CU_ASSERT(heap_told(&rig) <= before + SLACK);
	}
	rig_stop(&rig);
}

/* Sends a request and turns the server until it has closed. */
static void
ask(struct ctrl_http *http, const char *request, char *out, size_t bytes)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_port(http))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t used = 0;
	ssize_t n = 1;

	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	CU_ASSERT_EQUAL(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	for (unsigned i = 0; i < 100000 && n && used + 1 < bytes; i++) {
		http_turn(http);
		n = recv(fd, out + used, bytes - 1 - used, MSG_DONTWAIT);
		if (n > 0)
			used += (size_t)n;
	}
	out[used] = '\0';
	close(fd);
}

#define CLOSE " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void
test_server(void)
{
	char message[256], *out = malloc(1u << 20);
	struct ctrl_http *http, *second;
	struct ctrl_rig rig;

	start(&rig);
	CU_ASSERT_EQUAL_FATAL(
		http_create(rig.ctrl, IP_V4(0x7f000001), 0, &http, message, sizeof(message)), ST_OK);
	ask(http, "GET /metrics" CLOSE, out, 1u << 20);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "HTTP/1.1 200 OK\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "Content-Type: text/plain; version=0.0.4"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\nesplab_received_packets_total 64\n"));
	ask(http, "GET /" CLOSE, out, 1u << 20);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "HTTP/1.1 404 "));
	ask(http, "DELETE /metrics" CLOSE, out, 1u << 20);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "HTTP/1.1 405 "));
	ask(http, "nonsense\r\n\r\n", out, 1u << 20);
	CU_ASSERT_PTR_NULL(strstr(out, "200 OK"));
	ask(http, "GET /metrics" CLOSE, out, 1u << 20); /* and it lives */
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "200 OK"));
	CU_ASSERT_EQUAL(
		http_create(rig.ctrl, IP_V4(0x01020304), 1, &second, message, sizeof(message)), ST_ERR_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "metrics at 1.2.3.4 port 1: "));
	http_destroy(http);
	free(out);
	rig_stop(&rig);
}

/* Every metric that the dashboard asks for is there. */
static void
test_dashboard(void)
{
	json_t *board, *panel, *target;
	size_t p, t;
	json_error_t error;
	struct ctrl_rig rig;
	unsigned names = 0;
	char *text;

	start(&rig);
	CU_ASSERT_EQUAL_FATAL(metrics_text(rig.ctrl, &text), ST_OK);
	board = json_load_file(ESPLAB_TESTS "/../config/grafana/esplab.json", 0, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(board);
	json_array_foreach(json_object_get(board, "panels"), p, panel)
		json_array_foreach(json_object_get(panel, "targets"), t, target)
	{
		const char *at = json_string_value(json_object_get(target, "expr"));

		for (; (at = strstr(at, "esplab_")); at += 7) {
			char name[128];
			size_t bytes = strspn(at, "abcdefghijklmnopqrstuvwxyz_");

			snprintf(name, sizeof(name), "# TYPE %.*s ", (int)bytes, at);
			CU_ASSERT_PTR_NOT_NULL(strstr(text, name));
			names++;
		}
	}
	CU_ASSERT(names > 12);
	json_decref(board);
	free(text);
	rig_stop(&rig);
}

int
suite_ctrl_http(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_http", NULL, NULL);

	return !suite || !CU_add_test(suite, "text", test_text) || !CU_add_test(suite, "heap", test_heap) ||
	       !CU_add_test(suite, "server", test_server) || !CU_add_test(suite, "dashboard", test_dashboard);
}
