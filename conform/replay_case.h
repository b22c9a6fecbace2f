/* What the replay cases share: SAs of a subject that decides about replay, one after the other, with any
 * window and any edge, and packets with any number.  Inside conform/ only. */
#ifndef CONFORM_REPLAY_CASE_H
#define CONFORM_REPLAY_CASE_H

#include "conform/esp_case.h"

#define REPLAY_INNER_BYTES 28u

struct replay_probe {
	struct conform *c;
	struct esp_shape shape;
	uint32_t window;
	uint64_t edge;		     /* as it has to be */
	struct esp_subject *subject; /* NULL: none yet */
	struct craft craft;
	unsigned refused;     /* windows that the subject does not have, counted once a size */
	uint32_t refused_one; /* the latest of them */
	char wrong[160];      /* the windows for which something differed, for the line */
	uint8_t packet[256];
};

/* Behind the checks of one size: notes it where c->wrong is more than before. */
void replay_probe_note(struct replay_probe *probe, unsigned wrong_before);

/* False where no packets can be made. */
bool replay_probe_open(struct conform *c, struct replay_probe *probe);
/* Ends the last SA and the line: SKIP where the subject had none of the windows asked for. */
void replay_probe_end(struct replay_probe *probe, const char *expected);

/* A new SA with probe->window and ->shape.esn, of which all up to edge counts as received or too old.  False
 * where the subject does not have such a window, or makes no SA, which is a failed check. */
bool replay_probe_start(struct replay_probe *probe, uint64_t edge);
/* A packet with that number, forged: with a wrong ICV. */
enum esp_verdict replay_probe_send(struct replay_probe *probe, uint64_t seq, bool forged);
/* The same, with the verdict that has to come; what: the reason, for the line. */
void replay_probe_expect(
	struct replay_probe *probe, uint64_t seq, bool forged, enum esp_verdict want, const char *what);

#endif
