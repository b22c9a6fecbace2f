/* The text of a configuration made safe for libconfig.  One thread. */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include <stddef.h>

/* text[bytes] must be 0.  A copy in which every whole number means what it says (to be wiped and
 * freed by the caller), or NULL: then *what says what is wrong in line *line, or is NULL where memory is
 * short. */
char *scan_fix(const char *text, size_t bytes, unsigned *line, const char **what);

#endif
