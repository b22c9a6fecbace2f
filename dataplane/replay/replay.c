/* The window designs of replay.def as a table. */
#include "dataplane/replay/replay.h"

#include <string.h>

#include "dataplane/replay/replay_priv.h"

#define REPLAY(design, text)                                                                                 \
	static const struct replay_ops design##_ops = {                                                      \
		.name = #design,                                                                             \
		.bytes = replay_##design##_bytes,                                                            \
		.init = replay_##design##_init,                                                              \
		.check = replay_##design##_check,                                                            \
		.commit = replay_##design##_commit,                                                          \
		.right_edge = replay_##design##_right_edge,                                                  \
	};
#include "dataplane/replay/replay.def"
#undef REPLAY

const struct replay_ops *const replay_designs[] = {
#define REPLAY(design, text) &design##_ops,
#include "dataplane/replay/replay.def"
#undef REPLAY
};

const unsigned replay_design_count = sizeof(replay_designs) / sizeof(replay_designs[0]);

const struct replay_ops *
replay_find(const char *name)
{
	for (unsigned i = 0; i < replay_design_count; i++) {
		if (!strcmp(replay_designs[i]->name, name))
			return replay_designs[i];
	}
	return NULL;
}
