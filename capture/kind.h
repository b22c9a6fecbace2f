/* What becomes of packets: rows of kind.def, and the verdicts on ICV and number. */
#ifndef CAPTURE_KIND_H
#define CAPTURE_KIND_H

enum capture_kind {
#define KIND(name, text, meaning) CAPTURE_##name,
#include "capture/kind.def"
#undef KIND
	CAPTURE_KIND_COUNT
};

struct capture_kind_info {
	const char *text, *meaning;
};

extern const struct capture_kind_info capture_kind_info[CAPTURE_KIND_COUNT];

/* Of a packet that was tried. */
enum capture_icv {
	VERDICT_ICV_UNTRIED,
	VERDICT_ICV_GOOD,
	VERDICT_ICV_BAD,
	VERDICT_ICV_NONE,      /* the SA has none */
	VERDICT_ICV_UNCHECKED, /* there is one, but not its key */
	VERDICT_ICV_COUNT
};

/* Of a packet with a good ICV. */
enum capture_replay {
	VERDICT_REPLAY_NONE, /* no window, or no good ICV */
	VERDICT_REPLAY_ACCEPTED,
	VERDICT_REPLAY_DUPLICATE,
	VERDICT_REPLAY_OLD,
	VERDICT_REPLAY_COUNT
};

extern const char *const capture_icv_text[VERDICT_ICV_COUNT];
extern const char *const capture_replay_text[VERDICT_REPLAY_COUNT];

#endif
