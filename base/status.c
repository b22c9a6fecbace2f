/* Texts of the status table. */
#include "base/status.h"

static const char *const texts[] = {
#define STATUS(name, text) [ST_##name] = text,
#define HW_STATUS(name, code, text)
#include "base/status.def"
#undef STATUS
#undef HW_STATUS
};

const char *
status_text(enum status status)
{
	return (unsigned)status < ST_COUNT ? texts[status] : "unknown status";
}
