/* Does an engine, or whoever does all of ESP and decides about replay, do what the RFCs say?  Published
 * vectors and behaviour cases, rows of case.def; each gives one line or more with verdict, expectation and
 * result.
 *
 * Nothing here waits: where an engine takes its time, the time given to it moves on to its next_due.  No
 * engine is made here, so that anything behind the waist can be tested.  One thread. */
#ifndef CONFORM_CONFORM_H
#define CONFORM_CONFORM_H

#include "base/status.h"
#include "crypto/engine.h"
#include "crypto/esp_subject.h"

struct replay_ops;

enum conform_verdict {
	CONFORM_PASS,
	CONFORM_FAIL,
	CONFORM_SKIP, /* the subject says itself that it does not do this, or it cannot be seen here */
	CONFORM_VERDICT_COUNT
};

extern const char *const conform_verdict_texts[CONFORM_VERDICT_COUNT];

/* Texts live as long as the call that gets them. */
struct conform_line {
	enum conform_verdict verdict;
	const char *name;      /* row of case.def */
	const char *transform; /* IOS words; "": none matters */
	const char *expected, *found;
	const char *rfc;
};

/* Who hears of each line. */
struct conform_sink {
	void (*line)(void *ctx, const struct conform_line *line);
	void *ctx;
};

struct conform_sum {
	unsigned lines[CONFORM_VERDICT_COUNT];
};

/* All borrowed for the call. */
struct conform_subject {
	struct engine *engine; /* NULL: no cases of engines.  Nothing is under way in it */
	/* A second engine, to compare with and to make packets; NULL: the engine itself makes them, and
	 * nothing is compared.  One of both is needed. */
	struct engine *reference;
	const struct esp_subject_ops *esp;   /* who does ESP; NULL: esplab's own, over the engine */
	const struct cfg_engine *esp_engine; /* esp_subject_cfg.engine */
	uint32_t window_most;		     /* the largest window of the row table to be tried; 0: 1024 */
};

/* only: the transform to test, NULL: all.  ERR_NOMEM where the run had to be cut short; what the cases found
 * is in the lines and in *sum. */
enum status conform_run(const struct conform_subject *subject, const struct transform *only,
	const struct conform_sink *sink, struct conform_sum *sum);

/* The row table of replay windows against a design alone, without packets. */
enum status conform_replay(
	const struct replay_ops *design, const struct conform_sink *sink, struct conform_sum *sum);

#endif
