/* What is logged when the link of a port goes down or comes up, in the words of IOS and of PIX (411001 and
 * 411002 as rules of log readers for PIX quote them; ASA's books say "on Interface NAME, changed state").
 * LINK before LINEPROTO going down as in the one log of a router that was found; Cisco's book of messages
 * says nothing of the order.  Who looks after links calls it. */
#include <stdio.h>

#include "ctrl/ctrl_priv.h"

void
ctrl_link(struct ctrl *ctrl, unsigned port, bool up, bool gone)
{
	const char *name = ctrl->target.cfg->ports[port].name, *state = up ? "up" : "down";
	uint64_t now = ctrl_now(ctrl);
	char line[256];

	if (gone) {
		snprintf(line, sizeof(line),
			"CTRL: the interface of port %s is gone; a new one wants a new start", name);
		ctrl_log_line(ctrl, now, line);
	}
	if (ctrl->target.cfg->platform == CFG_PLATFORM_PIX) {
		snprintf(line, sizeof(line),
			"%%PIX-4-41100%d: Line protocol on interface %s changed state to %s", up ? 1 : 2,
			name, state);
		ctrl_log_line(ctrl, now, line);
		return;
	}
	snprintf(line, sizeof(line), "%%LINK-3-UPDOWN: Interface %s, changed state to %s", name, state);
	ctrl_log_line(ctrl, now, line);
	snprintf(line, sizeof(line),
		"%%LINEPROTO-5-UPDOWN: Line protocol on Interface %s, changed state to %s", name, state);
	ctrl_log_line(ctrl, now, line);
}
