/* Neighbours of one device: which Ethernet address belongs to an IP address of either family, and the packets
 * that wait to know it.  RFC 826, RFC 1122 §2.3.2, RFC 4861 §7.2, §7.3.
 *
 * A table; who asks and answers stands in live/resolve.h.  Packets are opaque here.  Any thread: every call
 * takes the table's lock, so ports remember answers for a while, and only as long as neigh_version() stays.
 */
#ifndef LIVE_NEIGH_H
#define LIVE_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"
#include "config/cfg.h"

#define NEIGH_ENTRIES 1024u /* the one unused longest makes room */
#define NEIGH_HELD 8u	    /* packets that wait for one neighbour; RFC 1122 §2.3.2.2 wants one at least */
#define NEIGH_TRIES 3u	    /* questions without an answer, RFC 4861 §10 */
#define NEIGH_RETRY_NS UINT64_C(1000000000)

struct neigh_table;

/* ageing: ns after which an answer is asked for anew. */
enum status neigh_create(uint64_t ageing, struct neigh_table **table);
/* Its packets must be gone: neigh_drain(). */
void neigh_destroy(struct neigh_table *table);

enum neigh_answer {
	NEIGH_KNOWN, /* *mac */
	NEIGH_WAIT,  /* the packet is the table's now */
	NEIGH_FULL,  /* as many wait as may */
};

/* The MAC of addr for a packet.  *ask: now is the time for a question. */
enum neigh_answer neigh_resolve(struct neigh_table *table, struct ip_addr addr, void *packet, uint64_t now,
	struct cfg_mac *mac, bool *ask);

/* addr has that MAC.  create: also where nobody wanted to know.  Static entries stay as they are.  What
 * waited for it is the caller's again: at most NEIGH_HELD into released, returns how many. */
unsigned neigh_learn(struct neigh_table *table, struct ip_addr addr, const struct cfg_mac *mac, bool create,
	uint64_t now, void *released[NEIGH_HELD]);
/* Never asked for, never forgotten.  Nothing may wait for it.  ERR_RANGE where there is no room. */
enum status neigh_add_static(struct neigh_table *table, struct ip_addr addr, const struct cfg_mac *mac);
/* Asked for from now on, as others. */
void neigh_del_static(struct neigh_table *table, struct ip_addr addr);
/* Ports ask anew for what they remember. */
void neigh_touch(struct neigh_table *table);

/* One entry's worth of what time brings: *ask, a question to repeat about *addr; or packets that nobody
 * answered for, which are the caller's again, their number in *n.  False: nothing (more) is due. */
bool neigh_age(struct neigh_table *table, uint64_t now, struct ip_addr *addr, bool *ask,
	void *released[NEIGH_HELD], unsigned *n);
/* Gives up what waits, a neighbour's at a time; 0: nothing waits. */
unsigned neigh_drain(struct neigh_table *table, void *released[NEIGH_HELD]);

/* Changes with every MAC that changed or went. */
uint32_t neigh_version(const struct neigh_table *table);
/* Packets that wait. */
uint64_t neigh_held(const struct neigh_table *table);

#endif
