/* summary.txt: what a newcomer reads.  First sentences, then tables; plain ASCII, HUMAN_COLUMNS wide.
 *
 * The sections on SAs stand in report_table_sa.c. */
#include "base/clock.h"
#include <string.h>

#include "lab/grid.h"
#include "lab/human.h"
#include "lab/loss.h"
#include "lab/report.h"
#include "lab/report_priv.h"

static const char *const groups[LOSS_COUNT] = {[LOSS_REPLAY] = "replay",
	[LOSS_QUEUE] = "queue",
	[LOSS_POLICER] = "policer",
	[LOSS_WIRE] = "wire",
	[LOSS_OTHER] = "other"};
static const char *const places[LOSS_COUNT] = {[LOSS_REPLAY] = "by replay windows",
	[LOSS_QUEUE] = "in full queues",
	[LOSS_POLICER] = "by policers",
	[LOSS_WIRE] = "on wires",
	[LOSS_OTHER] = "otherwise"};

/* "In all 1,234 of 56,789 packets (2.2 %) were lost: 1,000 by replay windows, 234 in full queues." */
static void
losses_say(const struct report_sums *sums, FILE *out)
{
	char text[256] = "";
	size_t used = 0;

	for (unsigned g = 0; g < LOSS_COUNT; g++) {
		uint64_t n = loss_sum(sums->loss, (enum loss)g);

		if (n)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s %s",
				used ? "," : "", human_count(n).text, places[g]);
	}
	if (!sums->lost)
		human_text(out, "Of %s packets sent none was lost.", human_count(sums->sent).text);
	else
		human_text(out, "In all %s of %s packets sent (%s) were lost:%s.",
			human_count(sums->lost).text, human_count(sums->sent).text,
			human_percent(sums->lost, sums->sent).text, text);
}

static void
replays_say(const struct result_sa *sa, FILE *out)
{
	uint32_t window = lag_window(sa->lag, 1);
	uint64_t old = sa->replays - sa->duplicates;

	human_text(out,
		"The replay window of %s (SA %s, %s packets) threw away %s of %s packets (%s): "
		"sequence errors of %s, status %d.",
		sa->gateway->name, sa->cfg->name, human_count(sa->cfg->window).text,
		human_count(sa->replays).text, human_count(report_arrived(sa)).text,
		human_percent(sa->replays, report_arrived(sa)).text,
		sa->ah ? "AH" : "ESP", sa->ah ? HW_STATUS_AH_SEQ : HW_STATUS_ESP_SEQ);
	if (sa->duplicates)
		human_text(out, "%s of them had a number that was seen before, which no window keeps.",
			human_count(sa->duplicates).text);
	if (old && window <= LAG_MAX)
		human_text(out, "A window of %s packets would have kept all%s.", human_count(window).text,
			sa->duplicates ? " others" : "");
}

/* What happened to the replay check, SA by SA; says so where there was none. */
static void
windows_say(const struct result *r, FILE *out)
{
	unsigned spoken = 0, checking = 0;

	for (unsigned i = 0; i < r->n_sas; i++) {
		const struct result_sa *sa = &r->sas[i];

		checking += report_checks(sa);
		if (sa->replays) {
			replays_say(sa, out);
			spoken++;
		} else if (sa->lag && !sa->authenticated) {
			human_text(out,
				"SA %s has no authentication, so %s checks no replay: nothing is "
				"thrown away for its order, and nothing is proof against forgery.",
				sa->cfg->name, sa->gateway->name);
		} else if (sa->lag && !sa->cfg->window) {
			human_text(out, "%s checks no replay for SA %s: its window is 0.", sa->gateway->name,
				sa->cfg->name);
		}
	}
	if (checking && !spoken && !r->drops[DROP_ICV_ESN])
		human_text(out, "No replay window threw a packet away.");
	if (r->drops[DROP_ICV_ESN])
		human_text(out,
			"With extended sequence numbers %s packets behind the window failed "
			"authentication instead (RFC 4303 A2.2).",
			human_count(r->drops[DROP_ICV_ESN]).text);
}

static void
heading(const struct result *r, const struct report_sums *sums, FILE *out)
{
	human_text(out, "%s", r->cfg->title ? r->cfg->title : report_file_name(r->cfg));
	human_text(out, "%s, seed %llu, %.3f s of virtual time", report_file_name(r->cfg),
		(unsigned long long)r->seed, (double)r->end_ns / (double)NS_PER_SEC);
	fputc('\n', out);
	windows_say(r, out);
	losses_say(sums, out);
	if (sums->held)
		human_text(out, "Still under way when the run ended (lab.drain): %s.",
			human_count(sums->held).text);
	if (sums->duplicates)
		human_text(out, "Copies that arrived besides: %s.", human_count(sums->duplicates).text);
	if (r->traffic_skipped)
		human_text(out, "%s packets of capture files could not be used and were not sent.",
			human_count(r->traffic_skipped).text);
	if (r->corrupt)
		human_text(out, "FAULT: %s packets were delivered with other bytes than were sent.",
			human_count(r->corrupt).text);
}

static void
fate_row(struct grid *grid, const char *name, const struct report_sums *sums)
{
	grid_cell(grid, "%s", name);
	grid_cell(grid, "%s", human_count(sums->sent).text);
	grid_cell(grid, "%s", human_count(sums->delivered).text);
	grid_cell(grid, "%s", human_count(sums->lost).text);
	grid_cell(grid, "%s", human_percent(sums->lost, sums->sent).text);
	for (unsigned g = 0; g < LOSS_COUNT; g++)
		grid_cell(grid, "%s", human_count(loss_sum(sums->loss, (enum loss)g)).text);
}

static void
class_row(struct grid *grid, const struct result_flow *class)
{
	struct report_sums sums = {
		.sent = class->sent, .delivered = class->delivered, .lost = report_lost(class)};

	memcpy(sums.loss, class->drops, sizeof(sums.loss));
	fate_row(grid, class->class_name, &sums);
}

static void
fates(const struct result *r, const struct report_sums *sums, FILE *out)
{
	static const char *const head[] = {"class", "sent", "delivered", "lost", "of sent"};
	struct grid grid;

	fputs("\nWhat became of the packets; lost by:\n", out);
	grid_init(&grid, 5 + LOSS_COUNT, 1);
	for (unsigned i = 0; i < 5; i++)
		grid_cell(&grid, "%s", head[i]);
	for (unsigned g = 0; g < LOSS_COUNT; g++)
		grid_cell(&grid, "%s", groups[g]);
	for (unsigned c = 0; c < r->n_classes; c++)
		class_row(&grid, &r->classes[c]);
	if (r->n_classes > 1)
		fate_row(&grid, "all", sums);
	grid_print(&grid, out);
}

static void
delay_cells(struct grid *grid, const struct delay *delay)
{
	grid_cell(grid, "%s", delay->count ? human_time(delay->min).text : "-");
	grid_cell(grid, "%s", delay->count ? human_time(delay_quantile(delay, 0.5)).text : "-");
	grid_cell(grid, "%s", delay->count ? human_time(delay_quantile(delay, 0.99)).text : "-");
	grid_cell(grid, "%s", delay->count ? human_time(delay->max).text : "-");
}

static void
delays(const struct result *r, FILE *out)
{
	static const char *const head[] = {
		"class", "min", "median", "99 %", "max", "before decryption", "at the receiver"};
	struct grid grid;

	fputs("\nDelay of delivered packets, and packets out of order (RFC 4737):\n", out);
	grid_init(&grid, 7, 1);
	for (unsigned i = 0; i < 7; i++)
		grid_cell(&grid, "%s", head[i]);
	for (unsigned c = 0; c < r->n_classes; c++) {
		const struct result_flow *class = &r->classes[c];
		const struct reorder_stats *before = &class->at_gateway, *after = &class->at_receiver;

		grid_cell(&grid, "%s", class->class_name);
		delay_cells(&grid, &class->delay);
		grid_cell(&grid, "%s", human_percent(before->reordered, before->received).text);
		grid_cell(&grid, "%s", human_percent(after->reordered, after->received).text);
	}
	grid_print(&grid, out);
}

/* What a card would report for sequence errors of this node: "status 4612: ", by the SAs that had some. */
static const char *
status_text_of(const struct result *r, const char *node)
{
	static const char *const texts[] = {"", "status 4612: ", "status 4615: ", "status 4612 or 4615: "};
	unsigned seen = 0;

	for (unsigned i = 0; i < r->n_sas; i++)
		if (r->sas[i].replays && !strcmp(r->sas[i].gateway->name, node))
			seen |= r->sas[i].ah ? 2 : 1;
	return texts[seen];
}

static void
drops(const struct result *r, FILE *out)
{
	struct grid grid;

	if (!r->dropped)
		return;
	fputs("\nWho dropped packets (copies that wires made are in here):\n", out);
	grid_init(&grid, 4, 1 | 2 | 8);
	grid_cell(&grid, "where");
	grid_cell(&grid, "reason");
	grid_cell(&grid, "packets");
	grid_cell(&grid, "what it means");
	for (unsigned i = 0; i < r->n_nodes; i++) {
		for (unsigned d = 0; d < DROP_COUNT; d++) {
			if (!r->nodes[i].drops[d])
				continue;
			grid_cell(&grid, "%s", r->nodes[i].name);
			grid_cell(&grid, "%s", drop_info[d].text);
			grid_cell(&grid, "%s", human_count(r->nodes[i].drops[d]).text);
			grid_cell(&grid, "%s%s",
				drop_info[d].status ? status_text_of(r, r->nodes[i].name) : "",
				loss_info[d].meaning);
		}
	}
	grid_print(&grid, out);
}

/* Pieces of packets, and messages. */
static uint64_t
gateways_made(const struct result *r)
{
	uint64_t made = 0;

	for (unsigned i = 0; i < r->n_nodes; i++)
		if (r->nodes[i].kind == RESULT_GATEWAY || r->nodes[i].kind == RESULT_ROUTER)
			made += r->nodes[i].created;
	return made - r->answers;
}

/* "Nothing is lost without a name: 1,000 sent + 3 copies = 990 arrived + 0 under way + 13 dropped." */
static void
balance(const struct result *r, const struct report_sums *sums, FILE *out)
{
	uint64_t copies = r->created >= sums->sent ? r->created - sums->sent : 0, made = gateways_made(r);
	const char *name = r->balanced_packets ? "Nothing is lost without a name"
					       : "FAULT: packets do not balance";

	fputc('\n', out);
	if (made)
		human_text(out,
			"%s: %s sent + %s copies made on wires + %s pieces and messages made by gateways = "
			"%s arrived or joined + %s under way + %s dropped.",
			name, human_count(r->created - copies).text, human_count(copies - made).text,
			human_count(made).text, human_count(r->consumed).text, human_count(r->held).text,
			human_count(r->dropped).text);
	else
		human_text(out,
			"%s: %s sent + %s copies made on wires = %s arrived + %s under way + %s dropped.",
			name, human_count(r->created - copies).text, human_count(copies).text,
			human_count(r->consumed).text, human_count(r->held).text,
			human_count(r->dropped).text);
	if (!r->balanced_mbufs)
		human_text(out,
			"FAULT: packet memory does not balance: of %s mbufs %s are free, and %s "
			"packets are under way.",
			human_count(r->mbufs_total).text, human_count(r->mbufs_free).text,
			human_count(r->held).text);
}

void
report_table(const struct result *result, FILE *out)
{
	struct report_sums sums;

	report_sums(result, &sums);
	heading(result, &sums, out);
	fates(result, &sums, out);
	delays(result, out);
	report_table_tcp(result, out);
	report_table_pings(result, out);
	drops(result, out);
	report_table_process(result, out);
	report_table_engines(result, out);
	report_table_sas(result, out);
	balance(result, &sums, out);
}
