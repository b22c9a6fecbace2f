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

/* What the text format (0.0.4) wants: HELP and TYPE of a name, once and in this order, then its samples, all
 * together, no two with the same labels; labels in {}, " and \\ in their values escaped. */
struct reader {
	char name[128];		   /* of HELP and TYPE */
	bool typed, counter;	   /* TYPE has come; its kind */
	char seen[1024][256];	   /* names with labels of the samples */
	unsigned names, samples, n_seen;
};

static size_t
name_bytes(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz_");
}

/* Behind the labels; NULL where they are none. */
static const char *
labels_end(const char *at)
{
	while (*at == '{' || *at == ',') {
		size_t key = name_bytes(++at);

		if (!key || strncmp(at + key, "=\"", 2) != 0)
			return NULL;
		for (at += key + 2; *at && *at != '"'; at++)
			if (*at == '\\' && !strchr("\\\"n", *++at))
				return NULL;
		if (*at++ != '"')
			return NULL;
		if (*at == '}')
			return at + 1;
	}
	return *at == ' ' ? at : NULL;
}

static bool
seen_add(struct reader *reader, const char *text, size_t bytes)
{
	for (unsigned i = 0; i < reader->n_seen; i++)
		if (strlen(reader->seen[i]) == bytes && !memcmp(reader->seen[i], text, bytes))
			return false;
	if (reader->n_seen == 1024 || bytes >= sizeof(*reader->seen))
		return false;
	memcpy(reader->seen[reader->n_seen], text, bytes);
	reader->seen[reader->n_seen++][bytes] = '\0';
	return true;
}

static bool
help_good(struct reader *reader, const char *line)
{
	size_t bytes = name_bytes(line + 7);

	snprintf(reader->name, sizeof(reader->name), "%.*s", (int)bytes, line + 7);
	reader->typed = false;
	reader->names++;
	return !strncmp(reader->name, "esplab_", 7) && line[7 + bytes] == ' ' && line[8 + bytes] &&
	       seen_add(reader, line, 7 + bytes); /* no name twice */
}

/* Counters, and they alone, end in _total. */
static bool
type_good(struct reader *reader, const char *line)
{
	size_t bytes = strlen(reader->name);
	const char *kind = line + 8 + bytes;
	bool total = bytes > 6 && !strcmp(reader->name + bytes - 6, "_total"), first = !reader->typed;

	if (strncmp(line + 7, reader->name, bytes) != 0 || line[7 + bytes] != ' ')
		return false;
	reader->typed = true;
	reader->counter = !strcmp(kind, "counter");
	return first && reader->counter == total && (total || !strcmp(kind, "gauge"));
}

static bool
sample_good(struct reader *reader, const char *line)
{
	size_t bytes = name_bytes(line);
	const char *end = labels_end(line + bytes);
	char *rest;
	double value;

	if (!reader->typed || strlen(reader->name) != bytes || memcmp(line, reader->name, bytes) || !end ||
		*end != ' ' || !end[1])
		return false;
	value = strtod(end + 1, &rest);
	reader->samples++;
	return !*rest && value >= 0 && value < 1e30 && seen_add(reader, line, (size_t)(end - line));
}

static bool
line_good(struct reader *reader, const char *line)
{
	if (!strncmp(line, "# HELP ", 7))
		return help_good(reader, line);
	return !strncmp(line, "# TYPE ", 7) ? type_good(reader, line) : sample_good(reader, line);
}

/* The text is cut into lines. */
static void
text_check(char *text)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	CU_ASSERT_EQUAL(text[strlen(text) - 1], '\n');
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		bool good = line_good(reader, line);

		CU_ASSERT(good);
		if (!good)
			printf("\nnot the text format: %s\n", line);
	}
	CU_ASSERT(reader->names > 25);
	CU_ASSERT(reader->samples > 100);
	free(reader);
}

/* The reader is no friend of everything. */
static void
test_reader(void)
{
	static const char *const bad[] = {"esplab_x_total 1", "# TYPE esplab_x_total counter",
		"# HELP esplab_x_total text|# TYPE esplab_x_total gauge",
		"# HELP esplab_x text|# TYPE esplab_x counter", "# HELP esplab_x text|# TYPE esplab_y gauge",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_y 1",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x 1|esplab_x 2",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x{a=\"b\"} 1|esplab_x{a=\"b\"} 2",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x{a=\"b} 1",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x{a=\"b\"c\"} 1",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x{a=\"\\b\"} 1",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x -1",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x 1 2",
		"# HELP esplab_x text|# TYPE esplab_x gauge|esplab_x ",
		"# HELP esplab_x text|# TYPE esplab_x gauge|# HELP esplab_x text"};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct reader *reader = calloc(1, sizeof(*reader));
		char text[256];
		bool good = true;

		CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
		snprintf(text, sizeof(text), "%s", bad[i]);
		for (char *line = strtok(text, "|"); line; line = strtok(NULL, "|"))
			good &= line_good(reader, line);
		CU_ASSERT_FALSE(good);
		if (good)
			printf("\ntaken for the text format: %s\n", bad[i]);
		free(reader);
	}
}

/* Names that somebody chose may hold anything. */
static void
test_names(void)
{
	struct ctrl_rig rig;
	char *text;

	kit_gateway_init(&rig.g, "esp-gcm 128");
	rig.g.sas[1].name = "a\"b\\c\nd";
	rig_start(&rig);
	rig_traffic(&rig, 64, 16, 100, 0);
	rig_peer(&rig);
	CU_ASSERT_EQUAL_FATAL(metrics_text(rig.ctrl, &text), ST_OK);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(text, "esplab_sa_packets_total{sa=\"a\\\"b\\\\c\\nd\",direction=\"in\","));
	text_check(text);
	free(text);
	rig_stop(&rig);
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
	char *text;

	start(&rig);
	free(rig_answer(&rig, "clear counters", ST_OK)); /* a console's affair */
	CU_ASSERT_EQUAL_FATAL(metrics_text(rig.ctrl, &text), ST_OK);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(text, wanted[i]));
		if (!strstr(text, wanted[i]))
			printf("\nnot in the metrics: %s", wanted[i]);
	}
	text_check(text);
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
	       !CU_add_test(suite, "reader", test_reader) || !CU_add_test(suite, "names", test_names) ||
	       !CU_add_test(suite, "server", test_server) || !CU_add_test(suite, "dashboard", test_dashboard);
}
