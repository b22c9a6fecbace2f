/* Inside of reassembly: the table of packets that wait for fragments (reasm_table.c) and what is done with a
 * fragment (reasm.c). */
#ifndef DATAPLANE_FRAG_REASM_PRIV_H
#define DATAPLANE_FRAG_REASM_PRIV_H

#include "base/ip.h"
#include "dataplane/frag/reasm.h"

#define REASM_NONE UINT32_MAX

/* RFC 791 §3.2: source, destination, protocol, identification; RFC 8200 §4.5: without the protocol. */
struct reasm_key {
	struct ip_addr src, dst;
	uint32_t id;
	uint32_t proto; /* IPv6: 256 */
};

struct reasm_piece {
	void *pkt;
	const uint8_t *ip;
	uint32_t head;	/* bytes before its payload */
	uint32_t at;	/* of its payload in that of the packet */
	uint32_t bytes; /* of payload */
	uint32_t next;	/* behind it, or free */
};

/* A packet of which a part has come. */
struct reasm_train {
	struct reasm_key key;
	uint64_t due;
	uint32_t first, last; /* pieces, in order of place */
	uint32_t received;    /* bytes of payload */
	uint32_t total;	      /* of payload; 0: the last piece has not come */
	uint32_t charge;
	uint32_t source;
	uint32_t hash_next;
	uint32_t older, newer; /* in order of coming; newer: also of free ones */
	uint8_t marks;	       /* bit c: a piece had ECN field c */
	bool ended;	       /* by an overlap: whatever comes is ended too */
};

struct reasm_source {
	struct ip_addr addr;
	uint32_t trains;
	uint32_t next; /* in its chain, or free */
};

struct reasm {
	struct reasm_limits limits;
	reasm_end_fn *end;
	void *ctx;
	uint32_t mask; /* of both hash tables */
	uint32_t *train_hash, *source_hash;
	struct reasm_train *trains;
	struct reasm_source *sources;
	struct reasm_piece *pieces;
	uint32_t n_pieces;
	uint32_t free_train, free_source, free_piece;
	uint32_t oldest, newest;
	uint32_t charge, held;
};

uint32_t reasm_train_find(const struct reasm *r, const struct reasm_key *key);
/* For a source that has no more than its share: the oldest makes room.  REASM_NONE: it has. */
uint32_t reasm_train_add(struct reasm *r, const struct reasm_key *key, uint64_t due);
/* All pieces of it are ended; it stays. */
void reasm_train_empty(struct reasm *r, uint32_t train, enum drop reason);
/* Forgets it, which has no pieces. */
void reasm_train_del(struct reasm *r, uint32_t train);
/* The oldest make room, but not `keep`; false where that is not enough. */
bool reasm_room(struct reasm *r, uint32_t charge, uint32_t keep);

static inline uint32_t
reasm_charge(uint32_t bytes)
{
	return bytes < REASM_CHARGE_MIN ? REASM_CHARGE_MIN : bytes;
}

#endif
