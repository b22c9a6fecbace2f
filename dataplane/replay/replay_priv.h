/* What a row of replay.def stands for: these five functions, contracts in replay.h. */
#ifndef DATAPLANE_REPLAY_REPLAY_PRIV_H
#define DATAPLANE_REPLAY_REPLAY_PRIV_H

#include "dataplane/replay/replay.h"

#define REPLAY(design, text)                                                                                 \
	size_t replay_##design##_bytes(uint32_t window);                                                     \
	void replay_##design##_init(void *state, uint32_t window, uint64_t right_edge);                      \
	enum drop replay_##design##_check(const void *state, uint64_t seq);                                  \
	enum drop replay_##design##_commit(void *state, uint64_t seq);                                       \
	uint64_t replay_##design##_right_edge(const void *state);
#include "dataplane/replay/replay.def"
#undef REPLAY

#endif
