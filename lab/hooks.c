/* The tables of crypto/ and dataplane/ as config/ wants to see them. */
#include "lab/hooks.h"

#include "crypto/alg.h"
#include "crypto/key_warn.h"

static const char *const replay_names[] = {
#define REPLAY(name, text) #name,
#include "dataplane/replay/replay.def"
#undef REPLAY
	NULL};

static const char *const engine_names[] = {
#define ENGINE(name) #name,
#include "crypto/engine.def"
#undef ENGINE
	NULL};

static const char *const card_names[] = {
#define CARD(name, shape, knows, source) name,
#include "crypto/card.def"
#undef CARD
	NULL};

static const struct cfg_hooks hooks = {
	.transform = transform_key_lengths,
	.key_warning = key_warning,
	.replay_names = replay_names,
	.engine_names = engine_names,
	.card_names = card_names};

const struct cfg_hooks *
lab_hooks(void)
{
	return &hooks;
}
