/* A drop as a line of JSON.  Keys come in a fixed order; those of the SA only where an SA is involved,
 * those of the window only for an inbound one, so that nothing is told that was not known. */
#include "lab/drop_line.h"

#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"
#include "lab/json_out.h"

/* NULL for reasons that are no matter of the window.  With ESN a packet behind the window fails its ICV
 * (RFC 4303 A2.2). */
static const char *
window_kind(enum drop reason)
{
	switch (reason) {
	case DROP_REPLAY_DUP:
		return "duplicate";
	case DROP_REPLAY_OLD:
	case DROP_ICV_ESN:
		return "too old";
	default:
		return NULL;
	}
}

/* A packet is kept by a window that is larger than its lag; no window keeps a duplicate. */
static void
window_write(struct json_out *json, const struct drop_event *event)
{
	const char *kind = window_kind((enum drop)event->reason);

	jout_u64(json, "right_edge", event->right_edge);
	jout_i64(json, "lag", event->lag);
	jout_u64(json, "window", event->window);
	if (!kind)
		return;
	jout_text(json, "kind", kind);
	if (event->reason == DROP_REPLAY_DUP || event->lag < 0)
		jout_null(json, "window_needed");
	else
		jout_u64(json, "window_needed", (uint64_t)event->lag + 1);
}

static void
sa_write(struct json_out *json, const struct drop_event *event)
{
	jout_text(json, "sa", event->sa->cfg->name);
	jout_hex(json, "spi", event->spi);
	jout_u64(json, "seq", event->seq);
	if (event->sa->direction == CFG_IN)
		window_write(json, event);
}

void
drop_line_write(FILE *out, const char *node, const struct drop_event *event, const char *flow_class)
{
	struct json_out json = {.out = out};

	jout_object_flat(&json, NULL);
	jout_u64(&json, "time_ns", event->time_ns);
	jout_text(&json, "node", node);
	jout_text(&json, "reason", drop_info[event->reason].text);
	jout_u64(&json, "status", drop_event_status(event));
	jout_text(&json, "class", flow_class);
	if (event->flow != PKT_NO_FLOW) {
		jout_u64(&json, "flow", event->flow);
		jout_u64(&json, "num", event->num);
		jout_bool(&json, "copy", event->is_clone);
	}
	jout_u64(&json, "protocol", event->proto);
	jout_ip(&json, "src", event->src);
	jout_ip(&json, "dst", event->dst);
	jout_u64(&json, "ip_id", event->ip_id);
	jout_u64(&json, "dscp", event->dscp);
	jout_u64(&json, "bytes", event->bytes);
	if (event->sa)
		sa_write(&json, event);
	else if (event->reason == DROP_NO_SA)
		jout_hex(&json, "spi", event->spi);
	jout_object_end(&json);
}
