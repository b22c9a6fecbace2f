/* The rows of drop.def. */
#include "dataplane/drop.h"

const struct drop_info drop_info[DROP_COUNT] = {
	[DROP_NONE] = {"none", "", HW_STATUS_NONE},
#define DROP(name, t, r, s) [DROP_##name] = {t, r, s},
#include "dataplane/drop.def"
#undef DROP
};
