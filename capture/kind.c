/* Texts of kinds and verdicts. */
#include "capture/kind.h"

const struct capture_kind_info capture_kind_info[CAPTURE_KIND_COUNT] = {
#define KIND(n, t, m) [CAPTURE_##n] = {.text = t, .meaning = m},
#include "capture/kind.def"
#undef KIND
};

const char *const capture_icv_text[VERDICT_ICV_COUNT] = {
	[VERDICT_ICV_UNTRIED] = "untried",
	[VERDICT_ICV_GOOD] = "good",
	[VERDICT_ICV_BAD] = "bad",
	[VERDICT_ICV_NONE] = "none",
	[VERDICT_ICV_UNCHECKED] = "unchecked",
};

const char *const capture_replay_text[VERDICT_REPLAY_COUNT] = {
	[VERDICT_REPLAY_NONE] = "none",
	[VERDICT_REPLAY_ACCEPTED] = "accepted",
	[VERDICT_REPLAY_DUPLICATE] = "duplicate",
	[VERDICT_REPLAY_OLD] = "too old",
};
