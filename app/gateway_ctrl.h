/* The control plane of a live gateway: commands on its socket, its drop events into its log.  Control thread
 * only. */
#ifndef APP_GATEWAY_CTRL_H
#define APP_GATEWAY_CTRL_H

#include <stdbool.h>

#include "base/status.h"
#include "config/cfg.h"
#include "live/live.h"
#include "live/reserve.h"

struct gateway_ctrl;

/* Where the configuration came from, to read it again. */
struct gateway_file {
	const char *path;
	const struct cfg_set *sets;
	unsigned n_sets;
};

/* A file that holds keys is its owner's alone to change, and not for everybody to read; ERR_CONFIG: it is
 * not. */
enum status gateway_file_load(
	const struct gateway_file *file, struct cfg_lab **lab, char *message, size_t bytes);

/* reserve: NULL where no numbers are reserved.  The log goes to stderr too, unless quiet.  On failure one
 * line in message. */
enum status gateway_ctrl_create(struct live *live, const struct cfg_live *cfg, struct reserve *reserve,
	const struct gateway_file *file, bool quiet, struct gateway_ctrl **out, char *message, size_t bytes);
/* What `show version` says of what the process may not do. */
void gateway_ctrl_confined(struct gateway_ctrl *control, const char *text);
/* As the command `reload` with the file of the start. */
void gateway_ctrl_reload(struct gateway_ctrl *control);
/* Takes events and serves clients, as many as there are now.  True where a capture runs, which wants to be
 * emptied again soon. */
bool gateway_ctrl_turn(struct gateway_ctrl *control);
/* After live_destroy(), as the workers read the configurations that commands have made; NULL is fine. */
void gateway_ctrl_destroy(struct gateway_ctrl *control);

#endif
