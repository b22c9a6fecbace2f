/* The box between the threads of DPDK's telemetry and the control thread.
 *
 * A question lies on the stack of the thread that asks, which leaves only after the question was taken out of
 * the box and answered, under the lock.  The lock is held for a few instructions, never while a command runs:
 * so neither side waits for the other where it must not, and the end of a gateway waits for nobody. */
#include "ctrl/telemetry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_memzone.h>
#include <rte_telemetry.h>

#include "ctrl/command.h"
#include "ctrl/telemetry_data.h"

#define BOX_NAME "esplab_telemetry"
#define PATH_BYTES 64u
#define LINE_BYTES (COMMAND_LINE + 1u)

struct question {
	struct question *next;
	const char *line;
	char *answer;
	enum status status;
	bool done;
};

struct box {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	struct question *first; /* the one that was asked first */
	bool open;		/* there is a gateway that answers */
};

struct ctrl_telemetry {
	struct ctrl *ctrl;
	struct box *box;
};

static const struct {
	const char *words, *arguments, *text;
} rows[] = {
#define WORD(word, text)
#define COMMAND(name, words, arguments, text) {words, arguments, text},
#include "ctrl/command.def"
#undef COMMAND
#undef WORD
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* "show crypto ipsec sa": "/esplab/crypto/ipsec/sa"; false where the row shows nothing. */
static bool
row_path(unsigned row, char path[PATH_BYTES])
{
	if (strncmp(rows[row].words, "show ", 5) != 0)
		return false;
	snprintf(path, PATH_BYTES, "/esplab/%s", rows[row].words + 5);
	for (; *path; path++)
		if (*path == ' ')
			*path = '/';
	return true;
}

/* The parameter is the name of what is shown where the command takes one, else the words behind it. */
static bool
line_make(const char *command, const char *parameter, char line[LINE_BYTES])
{
	char path[PATH_BYTES];
	int n;

	for (unsigned r = 0; r < ROWS; r++) {
		bool named = strstr(rows[r].arguments, "[name NAME]");

		if (!row_path(r, path) || strcmp(path, command) != 0)
			continue;
		if (!parameter || !*parameter)
			n = snprintf(line, LINE_BYTES, "%s | json", rows[r].words);
		else
			n = snprintf(line, LINE_BYTES, named ? "%s name \"%s\" | json" : "%s %s | json",
				rows[r].words, parameter);
		return (size_t)n < LINE_BYTES;
	}
	return false;
}

static struct box *
box_find(void)
{
	const struct rte_memzone *zone = rte_memzone_lookup(BOX_NAME);

	return zone ? zone->addr : NULL;
}

/* Behind the others; waits for the answer. */
static void
question_put(struct box *box, struct question *question)
{
	struct question **end = &box->first;

	while (*end)
		end = &(*end)->next;
	*end = question;
	while (!question->done)
		pthread_cond_wait(&box->answered, &box->lock);
}

enum status
telemetry_ask(const char *command, const char *parameter, char **answer)
{
	char line[LINE_BYTES];
	struct question question = {.line = line, .status = ST_ERR_NOT_FOUND};
	struct box *box = box_find();

	*answer = NULL;
	if (!box || !line_make(command, parameter, line))
		return ST_ERR_NOT_FOUND;
	pthread_mutex_lock(&box->lock);
	if (box->open)
		question_put(box, &question);
	pthread_mutex_unlock(&box->lock);
	*answer = question.answer;
	return question.status;
}

static json_t *
error_make(const char *text)
{
	return json_pack("{s:s+#}", "error", "", text, (int)strcspn(text, "\n"));
}

/* What a thread of DPDK calls; -1 becomes null.  A line that is no command is refused in text, "% ...". */
static int
callback(const char *command, const char *parameter, struct rte_tel_data *data)
{
	char *text;
	json_t *json;
	int result = -1;

	telemetry_ask(command, parameter, &text);
	json = !text ? NULL : *text == '%' ? error_make(text + 2) : json_loads(text, 0, NULL);
	if (telemetry_data_bytes(json) > TELEMETRY_BYTES_MAX) {
		json_decref(json);
		json = error_make("The answer is too long for telemetry: name one, or ask on the console");
	}
	if (json && telemetry_data_fill(data, json))
		result = 0;
	json_decref(json);
	free(text);
	return result;
}

/* Commands cannot be taken back: once a process. */
static enum status
commands_register(char *message, size_t bytes)
{
	char path[PATH_BYTES], help[RTE_TEL_MAX_STRING_LEN];

	for (unsigned r = 0; r < ROWS; r++) {
		if (!row_path(r, path))
			continue;
		snprintf(help, sizeof(help), "%s", rows[r].text);
		if (rte_telemetry_register_cmd(path, callback, help)) {
			snprintf(message, bytes, "DPDK's telemetry does not take the command %s", path);
			return ST_ERR_UNSUPPORTED;
		}
	}
	return ST_OK;
}

static enum status
box_make(struct box **out, char *message, size_t bytes)
{
	const struct rte_memzone *zone;

	*out = box_find();
	if (*out)
		return ST_OK;
	zone = rte_memzone_reserve(BOX_NAME, sizeof(**out), SOCKET_ID_ANY, 0);
	if (!zone) {
		snprintf(message, bytes, "telemetry: %s", rte_strerror(rte_errno));
		return ST_ERR_NOMEM;
	}
	*out = zone->addr;
	**out = (struct box){.open = false};
	pthread_mutex_init(&(*out)->lock, NULL);
	pthread_cond_init(&(*out)->answered, NULL);
	return commands_register(message, bytes);
}

enum status
telemetry_create(struct ctrl *ctrl, struct ctrl_telemetry **out, char *message, size_t bytes)
{
	struct ctrl_telemetry *telemetry = calloc(1, sizeof(*telemetry));
	enum status status = ST_ERR_NOMEM;
	bool taken;

	*out = NULL;
	snprintf(message, bytes, "telemetry: %s", status_text(ST_ERR_NOMEM));
	if (telemetry)
		status = box_make(&telemetry->box, message, bytes);
	if (status) {
		free(telemetry);
		return status;
	}
	telemetry->ctrl = ctrl;
	pthread_mutex_lock(&telemetry->box->lock);
	taken = telemetry->box->open;
	telemetry->box->open = true;
	pthread_mutex_unlock(&telemetry->box->lock);
	if (taken) {
		snprintf(message, bytes, "telemetry: another gateway of this process has it");
		free(telemetry);
		return ST_ERR_EXISTS;
	}
	*out = telemetry;
	return ST_OK;
}

void
telemetry_destroy(struct ctrl_telemetry *telemetry)
{
	struct box *box;

	if (!telemetry)
		return;
	box = telemetry->box;
	pthread_mutex_lock(&box->lock);
	box->open = false;
	for (struct question *one = box->first; one; one = one->next)
		one->done = true; /* as they were asked: ERR_NOT_FOUND */
	box->first = NULL;
	pthread_cond_broadcast(&box->answered);
	pthread_mutex_unlock(&box->lock);
	free(telemetry);
}

bool
telemetry_turn(struct ctrl_telemetry *telemetry)
{
	struct box *box = telemetry->box;
	struct question *one;

	pthread_mutex_lock(&box->lock);
	one = box->first;
	if (one)
		box->first = one->next;
	pthread_mutex_unlock(&box->lock);
	if (!one)
		return false;
	one->status = ctrl_run(telemetry->ctrl, one->line, &one->answer);
	pthread_mutex_lock(&box->lock);
	one->done = true;
	pthread_cond_broadcast(&box->answered);
	pthread_mutex_unlock(&box->lock);
	return true;
}
