/* Packet memory: an mbuf pool on huge pages where the machine gives them, on transparent ones
 * otherwise.  Last in, first out and without locks, so that the packets in use stay in the cache. */
#ifndef DATAPLANE_POOL_H
#define DATAPLANE_POOL_H

#include <stdint.h>

#include "base/status.h"

struct cfg_engine;
struct rte_mempool;
struct rte_mbuf;

#define POOL_BYTES_MAX 65535u /* of max_bytes */

/* n mbufs, each with a struct pkt and room for an IP packet of max_bytes plus what ESP puts round it. */
enum status pool_create(unsigned n, uint32_t max_bytes, struct rte_mempool **pool);
/* Data room of such an mbuf, for whoever makes a pool in another way. */
uint32_t pool_room(uint32_t max_bytes);
void pool_destroy(struct rte_mempool *pool);
/* A copy, private area included; NULL where the pool is empty. */
struct rte_mbuf *pool_clone(struct rte_mempool *pool, const struct rte_mbuf *m);

/* EAL without hugepages, PCI and telemetry, floating over the CPUs that the process may use: what an ordinary
 * user can have.  ERR_UNSUPPORTED where EAL will not start. */
enum status pool_eal_init(const char *program);
/* The same with the PCI devices, and these alone, that engines name.  ERR_RANGE for more than 16. */
enum status pool_eal_init_for(const char *program, const struct cfg_engine *engines, unsigned n);

#endif
