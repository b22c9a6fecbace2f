/* debug, undebug: what is logged besides the messages of the platform, in the words of Cisco's "IP Security
 * Troubleshooting" where it has any.
 *
 * Packets are logged when they are dropped, from the events of the datapath; none is asked for on the way. */
#include <inttypes.h>

#include "ctrl/ctrl_priv.h"
#include "dataplane/msg_log.h"

static const struct {
	enum ctrl_debug bit;
	const char *text;
} kinds[] = {
	{DEBUG_IPSEC, "Crypto IPSEC"},
	{DEBUG_ENGINE, "Crypto Engine"},
	{DEBUG_ISAKMP, "Crypto ISAKMP"},
	{DEBUG_ICMP, "ICMP packet"},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void
debug_set(struct command_call *call, unsigned bits, bool on)
{
	if (on)
		call->ctrl->debug |= bits;
	else
		call->ctrl->debug &= ~bits;
	for (unsigned k = 0; k < KINDS; k++)
		if (bits & kinds[k].bit) {
			out_line(call->out, "%s debugging is %s\n", kinds[k].text, on ? "on" : "off");
			out_bool(call->out->json, kinds[k].text, on);
		}
}

void
run_debug_ipsec(struct command_call *call)
{
	debug_set(call, DEBUG_IPSEC, true);
}

void
run_debug_engine(struct command_call *call)
{
	debug_set(call, DEBUG_ENGINE, true);
}

void
run_debug_isakmp(struct command_call *call)
{
	debug_set(call, DEBUG_ISAKMP, true);
}

void
run_debug_icmp(struct command_call *call)
{
	debug_set(call, DEBUG_ICMP, true);
}

void
run_undebug_ipsec(struct command_call *call)
{
	debug_set(call, DEBUG_IPSEC, false);
}

void
run_undebug_engine(struct command_call *call)
{
	debug_set(call, DEBUG_ENGINE, false);
}

void
run_undebug_isakmp(struct command_call *call)
{
	debug_set(call, DEBUG_ISAKMP, false);
}

void
run_undebug_icmp(struct command_call *call)
{
	debug_set(call, DEBUG_ICMP, false);
}

void
run_undebug_all(struct command_call *call)
{
	call->ctrl->debug = 0;
	out_line(call->out, "All possible debugging has been turned off\n");
	out_bool(call->out->json, "off", true);
}

void
run_show_debug(struct command_call *call)
{
	for (unsigned k = 0; k < KINDS; k++) {
		bool on = call->ctrl->debug & kinds[k].bit;

		if (on)
			out_line(call->out, "%s debugging is on\n", kinds[k].text);
		out_bool(call->out->json, kinds[k].text, on);
	}
	if (!call->ctrl->debug)
		out_line(call->out, "No debugging is on\n");
}

/* Whose affair a drop is. */
static unsigned
drop_kinds(const struct drop_event *event)
{
	switch (event->reason) {
	case DROP_ENGINE_FULL:
	case DROP_ENGINE_LOST:
	case DROP_NO_SESSION:
	case DROP_ENGINE:
		return DEBUG_ENGINE | DEBUG_IPSEC;
	case DROP_NATT_IKE:
		return DEBUG_ISAKMP;
	case DROP_TOO_BIG:
		return DEBUG_ICMP;
	case DROP_NO_SA:
	case DROP_POLICY_IN:
	case DROP_NOT_IPSEC:
		return DEBUG_IPSEC;
	default:
		return event->sa ? DEBUG_IPSEC : 0;
	}
}

static void
drop_text(const struct drop_event *event, char *text, size_t bytes)
{
	char src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES];

	ip_text(event->src, src);
	ip_text(event->dst, dst);
	if (event->reason == DROP_TOO_BIG)
		snprintf(text, bytes, "ICMP: dst (%s): frag. needed and DF set.", dst);
	else if (event->reason == DROP_NATT_IKE)
		snprintf(text, bytes, "ISAKMP: packet from %s to %s ignored: keys are static", src, dst);
	else
		snprintf(text, bytes,
			"IPSEC(drop): %s, src= %s, dest= %s, spi= 0x%" PRIX32 "(%" PRIu32 "), seq= %" PRIu64
			", conn_id= %u",
			drop_info[event->reason].text, src, dst, event->spi, event->spi, event->seq,
			event->sa ? event->sa->index + 1 : 0);
}

void
ctrl_event(struct ctrl *ctrl, const struct drop_event *event)
{
	char text[320];

	msg_log_drop(ctrl->messages, event);
	if (event->life || !(ctrl->debug & drop_kinds(event)))
		return;
	drop_text(event, text, sizeof(text));
	ctrl_log_line(ctrl, event->time_ns, text);
}
