/* Makes the packets that a gateway is to decrypt: ESP or AH as the peers of its SAs would send it, each with
 * the next number of its SA.  All SAs have one key, so one SA is enough to make them: 8 bytes for each peer.
 * One thread. */
#ifndef BENCH_SEAL_H
#define BENCH_SEAL_H

#include "config/cfg.h"

#define BENCH_SPI 0x10000u /* of SA 0 */

struct rte_mbuf;
struct seal;

/* cfg: the outbound SA; n: SPIs from BENCH_SPI on. */
enum status seal_create(
	const struct cfg_sa *cfg, uint32_t n, struct seal **seal, char *message, size_t bytes);
void seal_destroy(struct seal *seal); /* NULL is fine */
/* Protects the n packets, the i-th by SA index[i].  False where the engine could not. */
bool seal_run(struct seal *seal, struct rte_mbuf **pkts, const uint32_t *index, unsigned n);

#endif
