/* The control plane over gateways that nobody turns while it looks: after the run, under virtual time. */
#include "app/lab_show.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "ctrl/command.h"
#include "ctrl/ctrl.h"
#include "lab/lab.h"

struct console {
	const char *name;
	struct ctrl_single single;
	struct ctrl *ctrl; /* NULL: a router */
};

struct lab_show {
	struct lab *lab;
	unsigned n;
	struct console consoles[]; /* as cfg_lab.gateways */
};

bool
lab_show_check(const char *line)
{
	char message[2048];

	if (!ctrl_check(line, message, sizeof(message)))
		return true;
	fprintf(stderr, "esplab run: \"%s\": %s\n", line, message);
	return false;
}

static void
event_take(void *ctx, unsigned gateway, const struct drop_event *event)
{
	struct lab_show *show = ctx;

	if (show->consoles[gateway].ctrl)
		ctrl_event(show->consoles[gateway].ctrl, event);
}

static enum status
console_create(struct lab_show *show, unsigned g, const char *const *debugs, unsigned n_debugs)
{
	struct console *console = &show->consoles[g];
	struct ctrl_target target;
	enum status status;

	console->single.dp = lab_gateway(show->lab, g);
	ctrl_single_target(&console->single, &target);
	target.fixed = "The SAs of a laboratory are those of its file";
	status = ctrl_create(&target, &console->ctrl);
	for (unsigned d = 0; d < n_debugs && !status; d++) {
		char line[COMMAND_LINE], *answer;

		snprintf(line, sizeof(line), "debug %s", debugs[d]);
		status = ctrl_run(console->ctrl, line, &answer);
		free(answer);
	}
	return status;
}

enum status
lab_show_create(const struct cfg_lab *cfg, struct lab *lab, const char *const *debugs, unsigned n_debugs,
	struct lab_show **out)
{
	struct lab_show *show = calloc(1, sizeof(*show) + cfg->n_gateways * sizeof(show->consoles[0]));
	enum status status = show ? ST_OK : ST_ERR_NOMEM;

	*out = show;
	if (!show)
		return status;
	show->lab = lab;
	show->n = cfg->n_gateways;
	for (unsigned g = 0; g < show->n && !status; g++) {
		show->consoles[g].name = cfg->gateways[g].name;
		if (!cfg->gateways[g].is_router)
			status = console_create(show, g, debugs, n_debugs);
	}
	lab_observe(lab, event_take, show);
	return status;
}

int
lab_show_print(struct lab_show *show, const char *const *lines, unsigned n, FILE *out)
{
	int code = APP_OK;

	for (unsigned l = 0; l < n; l++)
		for (unsigned g = 0; g < show->n; g++) {
			struct console *console = &show->consoles[g];
			char *answer;

			if (!console->ctrl)
				continue;
			console->single.now = lab_now(show->lab);
			if (ctrl_run(console->ctrl, lines[l], &answer))
				code = APP_FAULT;
			if (answer && *answer != '{') /* JSON says itself whose it is */
				fprintf(out, "\n%s#%s\n", console->name, lines[l]);
			fputs(answer ? answer : "", out);
			free(answer);
		}
	return code;
}

void
lab_show_destroy(struct lab_show *show)
{
	for (unsigned g = 0; show && g < show->n; g++)
		ctrl_destroy(show->consoles[g].ctrl);
	free(show);
}
