/* Pings: as IOS prints them, in summary.txt and in a file of their own, and in summary.json. */
#include <inttypes.h>

#include "base/clock.h"
#include "lab/human.h"
#include "lab/report_priv.h"

#define MARKS_A_LINE 70u
#define NS_PER_MS UINT64_C(1000000)

/* Whole milliseconds and not 0, as of a clock that ticks so. */
static uint64_t
whole_ms(uint64_t ns)
{
	uint64_t ms = (ns + NS_PER_MS / 2) / NS_PER_MS;

	return ms ? ms : 1;
}

static uint64_t
rtt_mean(const struct ping_result *ping)
{
	return ping->replies ? ping->rtt_sum / ping->replies : 0;
}

static void
heading(const struct ping_result *ping, FILE *out)
{
	const struct cfg_traffic *cfg = ping->cfg;
	char dst[IP_TEXT_BYTES];

	fprintf(out, "Type escape sequence to abort.\nSending %" PRIu32 ", ", ping->echoes);
	if (cfg->sweep_max)
		fprintf(out, "[%" PRIu32 "..%" PRIu32 "]", cfg->sweep_min, cfg->sweep_max);
	else
		fprintf(out, "%" PRIu32, cfg->size);
	fprintf(out, "-byte ICMP Echos to %s, timeout is ", ip_text(ping->dst, dst));
	if (cfg->timeout % NS_PER_SEC)
		fprintf(out, "%s:\n", human_time(cfg->timeout).text);
	else
		fprintf(out, "%" PRIu64 " seconds:\n", cfg->timeout / NS_PER_SEC);
	if (cfg->df && ip_is_v4(ping->dst))
		fputs("Packet sent with the DF bit set\n", out);
}

static void
marks(const struct ping_result *ping, FILE *out)
{
	for (uint32_t i = 0; i < ping->sent; i += MARKS_A_LINE) {
		uint32_t left = ping->sent - i;

		fprintf(out, "%.*s\n", (int)(left < MARKS_A_LINE ? left : MARKS_A_LINE), ping->marks + i);
	}
}

/* What IOS says of it in `debug ip icmp`, once for all of them. */
static void
told(const struct ping_result *ping, FILE *out)
{
	char dst[IP_TEXT_BYTES], by[IP_TEXT_BYTES];

	if (!ping->told)
		return;
	human_text(out, "ICMP: dst (%s): %s: %" PRIu32 ", the last from %s, mtu %" PRIu32,
		ip_text(ping->dst, dst), ip_is_v4(ping->dst) ? "frag. needed and DF set" : "packet too big",
		ping->told, ip_text(ping->told_by, by), ping->told_mtu);
}

void
report_ping_text(const struct ping_result *ping, FILE *out)
{
	uint32_t percent = ping->sent ? (uint32_t)((uint64_t)ping->replies * 100 / ping->sent) : 0;

	heading(ping, out);
	marks(ping, out);
	fprintf(out, "Success rate is %" PRIu32 " percent (%" PRIu32 "/%" PRIu32 ")", percent, ping->replies,
		ping->sent);
	if (ping->replies)
		fprintf(out, ", round-trip min/avg/max = %" PRIu64 "/%" PRIu64 "/%" PRIu64 " ms",
			whole_ms(ping->rtt_min), whole_ms(rtt_mean(ping)), whole_ms(ping->rtt_max));
	fputc('\n', out);
	told(ping, out);
	if (ping->sent < ping->echoes)
		fprintf(out, "The source ended before the other %" PRIu32 " echoes.\n",
			ping->echoes - ping->sent);
	if (ping->largest)
		fprintf(out, "Largest size that got through: %" PRIu32 " bytes\n", ping->largest);
	else
		fputs("Nothing got through.\n", out);
}

void
report_table_pings(const struct result *r, FILE *out)
{
	for (unsigned i = 0; i < r->n_pings; i++) {
		fprintf(out, "\nPing %s:\n", r->pings[i]->cfg->name);
		report_ping_text(r->pings[i], out);
	}
}

static void
sizes_json(struct json_out *json, const struct cfg_traffic *cfg)
{
	bool sweep = cfg->sweep_max != 0;

	jout_object_flat(json, "sizes");
	jout_u64(json, "min", sweep ? cfg->sweep_min : cfg->size);
	jout_u64(json, "max", sweep ? cfg->sweep_max : cfg->size);
	jout_u64(json, "interval", sweep ? cfg->sweep_interval : 0);
	jout_object_end(json);
}

static void
told_json(struct json_out *json, const struct ping_result *ping)
{
	if (!ping->told) {
		jout_null(json, "too_big");
		return;
	}
	jout_object_flat(json, "too_big");
	jout_u64(json, "messages", ping->told);
	jout_u64(json, "mtu", ping->told_mtu);
	jout_ip(json, "from", ping->told_by);
	jout_object_end(json);
}

void
report_ping_json(struct json_out *json, const struct ping_result *ping)
{
	jout_object(json, NULL);
	jout_text(json, "name", ping->cfg->name);
	jout_text(json, "class", ping->cfg->class_name);
	jout_ip(json, "src", ping->src);
	jout_ip(json, "dst", ping->dst);
	jout_bool(json, "df", ping->cfg->df);
	sizes_json(json, ping->cfg);
	jout_u64(json, "echoes", ping->echoes);
	jout_u64(json, "sent", ping->sent);
	jout_u64(json, "replies", ping->replies);
	if (ping->replies) {
		jout_object_flat(json, "rtt_ns");
		jout_u64(json, "min", ping->rtt_min);
		jout_u64(json, "mean", rtt_mean(ping));
		jout_u64(json, "max", ping->rtt_max);
		jout_object_end(json);
	} else {
		jout_null(json, "rtt_ns");
	}
	jout_u64(json, "largest", ping->largest);
	told_json(json, ping);
	jout_text(json, "marks", ping->marks);
	jout_object_end(json);
}
