/* Which transform sets `esplab mtu` shows where none is asked for: lists of IOS words. */
#ifndef APP_MTU_SETS_H
#define APP_MTU_SETS_H

#include "base/status.h"
#include "crypto/alg.h"

#define MTU_SETS_MAX 512

struct mtu_sets {
	struct transform_set set[MTU_SETS_MAX];
	unsigned n;
};

/* One set by its words; message as of transform_set_parse(), or that there are too many. */
enum status mtu_sets_add(struct mtu_sets *sets, const char *words, char *message, size_t bytes);
/* Those that people ask about. */
void mtu_sets_common(struct mtu_sets *sets);
/* Every cipher of alg.def with what may stand beside it, every AH, and every AH over a cipher that brings no
 * ICV of its own. */
void mtu_sets_all(struct mtu_sets *sets);
/* "ah-sha-hmac esp-aes 128" */
void mtu_set_text(const struct transform_set *set, char *out, size_t bytes);

#endif
