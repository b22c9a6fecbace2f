/* The control plane of a live gateway: commands on its socket, its drop events into its log.  Control thread
 * only. */
#ifndef APP_GATEWAY_CTRL_H
#define APP_GATEWAY_CTRL_H

#include <stdbool.h>

#include "base/status.h"
#include "config/cfg.h"
#include "live/live.h"

struct gateway_ctrl;

/* The log goes to stderr too, unless quiet.  On failure one line in message. */
enum status gateway_ctrl_create(struct live *live, const struct cfg_live *cfg, bool quiet,
	struct gateway_ctrl **out, char *message, size_t bytes);
/* Takes events and serves clients, as many as there are now. */
void gateway_ctrl_turn(struct gateway_ctrl *control);
/* NULL is fine. */
void gateway_ctrl_destroy(struct gateway_ctrl *control);

#endif
