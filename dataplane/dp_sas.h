/* Changing a gateway while its packets flow: SAs and policies, make before break; routes, the queueing and
 * the limits of ports.
 *
 * A change is prepared beside the running gateway, SA by SA, and then takes its place between two bursts:
 * what a worker does at once does not depend on how many SAs there are, and the rest is done in portions.  An
 * SA that is the same stays; one with the same SPI, ends, transform and keys keeps its numbers and window and
 * takes over the rest; any other is new, and sends at once where the old one of its name did.  The old
 * inbound SA is still taken for a while; packets under way finish under the SA they began with.
 *
 * Thread: what says "worker" runs on the gateway's worker between bursts, all else on the control thread,
 * which is the only one that makes changes, one after another. */
#ifndef DATAPLANE_DP_SAS_H
#define DATAPLANE_DP_SAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

struct dp;
struct dp_change;
struct sa;

/* cfg: as dp_cfg(dp) but for SAs, policies, routes, what cfg_fixed_differs() lets pass of ports and the
 * gateway; it must live until another has taken its place and dp_sas_see_old() does not name it any more.
 * ERR_CONFIG: message says in one line what may not be changed like this. */
enum status dp_change_create(
	struct dp *dp, const struct cfg_gateway *cfg, struct dp_change **change, char *message, size_t bytes);
/* Worker.  Makes at most n of the SAs that are to be made; *done: there are no more.  After a failure: abort.
 */
enum status dp_change_make(
	struct dp *dp, struct dp_change *change, unsigned n, bool *done, char *message, size_t bytes);
/* Worker.  After all were made; cannot fail.  Outbound packets go by the new SAs. */
void dp_change_commit(struct dp *dp, struct dp_change *change, uint64_t now);
/* Worker.  After commit, for n SAs a call, until *done: inbound packets come by the new ones. */
void dp_change_settle(struct dp *dp, struct dp_change *change, uint64_t now, unsigned n, bool *done);
/* Worker.  In place of commit: all is as it was. */
void dp_change_abort(struct dp *dp, struct dp_change *change);
/* After the last of these. */
void dp_change_destroy(struct dp_change *change);
/* SAs that the change makes or alters. */
unsigned dp_change_count(const struct dp_change *change);

/* Worker.  Lets go what has been replaced: an inbound SA by which nothing has come for idle ns, and the
 * memory of those that no packet names, however full the gateway is.  Looks at n of them a call; *done: the
 * round is over.  Drop events of the gateway must have been taken and read between two rounds, as they point
 * to SAs. Returns how many are left. */
unsigned dp_sas_age(struct dp *dp, uint64_t now, uint64_t idle, unsigned n, bool *done);
/* Calls see() for each SA that has been replaced and is still there, with what it points into: of the
 * configurations of these and the one in force anything is read, and of no other.  Control thread, between
 * its calls. */
void dp_sas_see_old(const struct dp *dp, void (*see)(void *ctx, const struct cfg_sa *sa), void *ctx);

/* For dp.c: an SA with what a gateway adds to it.  On failure nothing is left. */
enum status dp_sa_make(struct dp *dp, const struct cfg_sa *cfg, uint32_t index, unsigned owner,
	struct sa **sa, char *message, size_t bytes);
/* An inbound SA that packets can find: those without a session are refused by sa_in. */
bool dp_sa_stands(const struct sa *sa);
void dp_sa_free(struct dp *dp, struct sa *sa);
/* Names of policies are those of the AH over an ESP. */
void dp_sas_bundle(struct dp *dp);
void dp_sas_flush_old(struct dp *dp);
void dp_sas_free_old(struct dp *dp);

#endif
