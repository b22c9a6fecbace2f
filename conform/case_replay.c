/* replay_rows: the row table (replay_rows.def) with whole ESP packets, and with window designs alone.
 *
 * A packet carries 32 bits of its number.  With ESN the receiver takes it for the one number with that low
 * half among the 2^32 that begin at the window's left edge (RFC 4303 A2.2).  What stands elsewhere it
 * decrypts as another number, whose ICV is wrong; so a row that expects "too old" there expects a wrong ICV
 * here, and one that is to be accepted cannot be sent at all: the rest of its block is left out.  Numbers do
 * not pass 2^64, nor without ESN 2^32, as no sender does. */
#include <stdio.h>
#include <stdlib.h>

#include "conform/esp_case.h"
#include "conform/replay_case.h"
#include "conform/replay_rows.h"

#define WINDOW_MOST 1024u /* each number of larger ones is too much to encrypt */

static const char *
drop_text(enum drop want)
{
	return want == DROP_NONE ? "accepted" : want == DROP_REPLAY_OLD ? "too old" : "seen already";
}

/* The number that the receiver takes it for. */
static uint64_t
seq_inferred(const struct replay_probe *probe, uint64_t seq)
{
	uint64_t left = probe->edge - probe->window + 1;

	return probe->shape.esn ? left + (uint32_t)((uint32_t)seq - (uint32_t)left) : (uint32_t)seq;
}

/* Whether a sender can have sent it. */
static bool
seq_sendable(const struct replay_probe *probe, uint64_t seq)
{
	bool ahead = (int64_t)(seq - probe->edge) > 0;

	if (ahead && seq < probe->edge) /* over 2^64 */
		return false;
	return seq_inferred(probe, seq) == seq && (probe->shape.esn || seq <= UINT32_MAX);
}

/* One packet of a row.  False where it cannot be sent, and the rest makes no sense without it. */
static bool
row_packet(struct replay_probe *probe, const struct replay_row *row, uint64_t seq)
{
	bool forged = row->act == REPLAY_FORGED, sendable = seq_sendable(probe, seq);
	enum esp_verdict got, want = ESP_REPLAY;

	if (!sendable && (row->want == DROP_NONE || !probe->shape.esn))
		return row->want != DROP_NONE || forged;
	got = replay_probe_send(probe, seq, forged);
	if (row->want == DROP_NONE)
		want = forged ? ESP_BAD_ICV : ESP_ACCEPTED;
	/* Which of two faults is told is the receiver's choice; and 0 is no number at all. */
	bool good = got == want || (want == ESP_REPLAY && got == ESP_BAD_ICV && (forged || !sendable)) ||
		    (want == ESP_REPLAY && (uint32_t)seq == 0 && got != ESP_ACCEPTED);

	case_check(probe->c, good, "window %u%s, edge %llu, %snumber %llu (%s): %s", probe->window,
		probe->shape.esn ? ", ESN" : "", (unsigned long long)probe->edge, forged ? "forged " : "",
		(unsigned long long)seq, drop_text(row->want), esp_verdict_text(got));
	if (want == ESP_ACCEPTED && (int64_t)(seq - probe->edge) > 0)
		probe->edge = seq;
	return true;
}

/* A start and what follows it up to the next; returns the row behind. */
static unsigned
start_run(struct replay_probe *probe, unsigned at, unsigned end)
{
	uint64_t edge = replay_row_seq(&replay_rows[at], probe->window);
	bool going = probe->shape.esn || edge < UINT32_MAX;

	if (going)
		going = replay_probe_start(probe, edge);
	for (at++; at < end && replay_rows[at].act != REPLAY_START; at++) {
		const struct replay_row *row = &replay_rows[at];
		uint64_t seq = replay_row_seq(row, probe->window);
		uint64_t count = replay_row_packets(row, probe->window);

		for (; going && count > 0; count--, seq += (uint64_t)(int64_t)row->step)
			going = row_packet(probe, row, seq);
	}
	return at;
}

static void
block_run(struct replay_probe *probe, unsigned block)
{
	unsigned end = replay_block_end(block), at = block + 1;

	while (at < end)
		at = start_run(probe, at, end);
}

void
case_replay_rows(struct conform *c)
{
	uint32_t most = c->subject->window_most ? c->subject->window_most : WINDOW_MOST;
	struct replay_probe probe;

	for (unsigned block = 0; block < replay_row_count; block = replay_block_end(block)) {
		if (!replay_probe_open(c, &probe))
			return;
		for (unsigned i = 0; i < replay_row_window_count && replay_row_windows[i] <= most; i++) {
			unsigned before = c->wrong;

			probe.window = replay_row_windows[i];
			for (unsigned esn = 0; esn < 2; esn++) {
				probe.shape.esn = esn;
				block_run(&probe, block);
			}
			replay_probe_note(&probe, before);
		}
		replay_probe_end(&probe, replay_rows[block].text);
	}
}

/* ---- window designs alone ---- */

static void
design_block(struct conform *c, const struct replay_ops *design, unsigned block)
{
	unsigned end = replay_block_end(block);

	for (unsigned i = 0; i < replay_row_window_count; i++) {
		uint32_t window = replay_row_windows[i];
		unsigned first = 0, wrong = replay_rows_run(design, window, block, end, &first);
		const struct replay_row *row = &replay_rows[first];

		case_check(c, !wrong, "window %u, row %u of %u, numbers from %llu on: not %s", window,
			first - block, end - block - 1, (unsigned long long)replay_row_seq(row, window),
			drop_text(row->want));
	}
	case_end(c, replay_rows[block].text, "windows of 1 to 131072");
}

enum status
conform_replay(const struct replay_ops *design, const struct conform_sink *sink, struct conform_sum *sum)
{
	static const struct conform_case row = {"replay_rows", "", "RFC 4303 §3.4.3"};
	struct conform *c = calloc(1, sizeof(*c));

	*sum = (struct conform_sum){0};
	if (!c)
		return ST_ERR_NOMEM;
	c->sink = sink;
	c->sum = sum;
	c->row = &row;
	snprintf(c->words, sizeof(c->words), "%s", design->name);
	for (unsigned block = 0; block < replay_row_count; block = replay_block_end(block))
		design_block(c, design, block);
	free(c);
	return ST_OK;
}
