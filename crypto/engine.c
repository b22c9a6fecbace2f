/* The table of crypto engines, from engine.def.
 *
 * Nothing else is here: an engine is an instance behind struct engine_ops, and is reached through the name
 * that the configuration gives. */
#include "crypto/engine.h"

#include <string.h>

#define ENGINE(name) extern const struct engine_ops engine_ops_##name;
#include "crypto/engine.def"
#undef ENGINE

const struct engine_ops *const engine_kinds[] = {
#define ENGINE(name) &engine_ops_##name,
#include "crypto/engine.def"
#undef ENGINE
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
