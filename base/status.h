/* What control-path calls return.  Packet-path calls return enum drop (dataplane/drop.h) instead. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
#define STATUS(name, text) ST_##name,
#define HW_STATUS(name, code, text)
#include "base/status.def"
#undef STATUS
#undef HW_STATUS
	ST_COUNT
};

/* Codes of AIM-like cards: ESP sequence 4612, AH sequence 4615. */
enum hw_status {
#define STATUS(name, text)
#define HW_STATUS(name, code, text) HW_STATUS_##name = code,
#include "base/status.def"
#undef STATUS
#undef HW_STATUS
};

/* Never NULL; static storage. */
const char *status_text(enum status status);

#endif
