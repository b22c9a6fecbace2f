/* The table of crypto engines, from engine.def.
 *
 * Nothing else is here: an engine is an instance behind struct engine_ops, and is reached through the name
 * that the configuration gives. */
#include "crypto/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/slab.h"
#include "config/cfg.h"

#define ENGINE(name) extern const struct engine_ops engine_ops_##name;
#include "crypto/engine.def"
#undef ENGINE

const struct engine_ops *const engine_kinds[] = {
#define ENGINE(name) &engine_ops_##name,
#include "crypto/engine.def"
#undef ENGINE
};

const struct engine_counter_info engine_counter_info[ENGINE_COUNTER_COUNT] = {
#define COUNTER(name, t, m) [ENGINE_##name] = {.text = t, .meaning = m},
#include "crypto/counter.def"
#undef COUNTER
};

const unsigned engine_kind_count = sizeof(engine_kinds) / sizeof(engine_kinds[0]);

const struct engine_ops *
engine_find(const char *name)
{
	for (unsigned i = 0; i < engine_kind_count; i++)
		if (!strcmp(engine_kinds[i]->name, name))
			return engine_kinds[i];
	return NULL;
}

enum status
engine_create(const struct cfg_engine *cfg, struct engine **engine, char *message, size_t bytes)
{
	const struct engine_ops *ops = engine_find(cfg->kind);
	enum status status;

	*engine = NULL;
	if (!ops) {
		snprintf(message, bytes, "there is no engine \"%s\"", cfg->kind);
		return ST_ERR_NOT_FOUND;
	}
	status = ops->create(cfg, engine, message, bytes);
	if (status)
		return status;
	(*engine)->memory = slab_create();
	if ((*engine)->memory)
		return ST_OK;
	engine_destroy(*engine);
	*engine = NULL;
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	return ST_ERR_NOMEM;
}

void
engine_destroy(struct engine *engine)
{
	struct slab *memory = engine ? engine->memory : NULL;

	if (engine)
		engine->ops->destroy(engine);
	slab_destroy(memory);
}
