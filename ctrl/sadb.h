/* The database of SAs of a running gateway: the only way to add, rekey, alter and delete them.
 *
 * Every change is a whole configuration that takes the place of the one before (dataplane/dp_sas.h), on all
 * workers or on none.  Configurations are kept until nothing points to them.  One thread, that of the control
 * plane. */
#ifndef CTRL_SADB_H
#define CTRL_SADB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

#define SADB_IDLE_NS                                                                                         \
	UINT64_C(30000000000) /* a replaced inbound SA goes when nothing has come by it for so long */

struct ctrl_target;
struct sadb;

/* What a new SA has of its own; the rest is that of the SA which it replaces or is like. */
struct sadb_key {
	uint32_t spi;
	uint8_t key[CFG_KEY_MAX], auth_key[CFG_KEY_MAX];
	unsigned key_len, auth_key_len;
};

/* target is borrowed. */
enum status sadb_create(const struct ctrl_target *target, struct sadb **sadb);
/* Wipes keys.  The gateway must have gone before, as it reads the configurations; NULL is fine. */
void sadb_destroy(struct sadb *sadb);

/* The configuration that is in force. */
const struct cfg_gateway *sadb_cfg(const struct sadb *sadb);
/* Its index; CFG_NONE where there is none of that name, or two and direction, CFG_OUT or CFG_IN, is -1. */
uint32_t sadb_find(const struct sadb *sadb, const char *name, int direction);

/* All of these: ERR_CONFIG or what else went wrong, and nothing has changed; message says why in one line. */
enum status sadb_rekey(
	struct sadb *sadb, uint32_t index, const struct sadb_key *key, char *message, size_t bytes);
/* Beside SA `like`.  What comes in by it passes where the gateway has no inbound policies. */
enum status sadb_add(struct sadb *sadb, const char *name, uint32_t like, const struct sadb_key *key,
	char *message, size_t bytes);
enum status sadb_delete(struct sadb *sadb, uint32_t index, char *message, size_t bytes);
enum status sadb_window(struct sadb *sadb, uint32_t index, uint32_t window, char *message, size_t bytes);
/* Another configuration of the same gateway, as far as it can change while it runs; *changed: SAs that were
 * made or altered.  lab is the sadb's from then on, whatever is returned. */
enum status sadb_load(struct sadb *sadb, struct cfg_lab *lab, unsigned *changed, char *message, size_t bytes);

/* Lets go what has been replaced; once a second or so, after the drop events of all workers were taken. */
void sadb_age(struct sadb *sadb);

#endif
