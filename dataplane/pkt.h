/* What esplab knows of a packet besides its bytes: the private area of every mbuf.
 *
 * The mbuf's data starts at the IP header; link layers are the ports' affair.  One owner at a time: stage
 * inbox, engine, queue or wire. */
#ifndef DATAPLANE_PKT_H
#define DATAPLANE_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/ip.h"
#include "crypto/engine.h"

#define PKT_NO_FLOW UINT32_MAX
#define PKT_HEADROOM 256u /* for all headers that protection may put in front, and AH's copy of them */
#define PKT_BEHIND 192u	  /* trailer, padding, ICV, some of TFC */
#define PKT_BYTES_MAX 65535u
/* An mbuf's room is a number of 16 bits, less than the largest packet needs with its headroom: a buffer that
 * says UINT16_MAX has this much. */
#define PKT_ROOM_LONG ((PKT_HEADROOM + PKT_BYTES_MAX + PKT_BEHIND + 63u) & ~63u)

enum pkt_flag {
	PKT_ENCRYPTED = 1, /* esplab put ESP round it */
	PKT_CLONE = 2,	   /* a wire's duplicate */
	PKT_MET = 8,	   /* laboratory: has been counted on arrival at a decrypting gateway */
	PKT_READY = 4,	   /* has passed the egress queue: after encryption it goes straight to tx */
	PKT_NESTED = 16,   /* has come out of the SA `over`, and is protected still */
	PKT_TO_CUT = 32,   /* will be cut after encryption */
	PKT_CUT = 64,	   /* a piece of packet `num`, or put together from pieces */
	PKT_FRAGMENT = 128, /* a fragment of a protected packet */
};

/* What a packet that is handed to another worker takes along (hand.h). */
struct pkt_hand {
	struct ip_addr dst; /* of its SA, with spi and proto */
	uint32_t index, spi;
	uint8_t proto;
	uint8_t way;	     /* enum hand_way */
	uint8_t cause, home; /* of the process path: why it goes there, and the worker that it comes from */
};

struct pkt {
	uint64_t time_ns;    /* arrival here, or start of transmission */
	uint64_t seq;	     /* ESP number, 64 bits */
	struct sa *sa;	     /* that protects it, or by which it came in */
	uint64_t sent_ns;    /* laboratory: when its source sent it */
	uint64_t num;	     /* laboratory: number within the flow, from 0 */
	uint32_t flow;	     /* laboratory: PKT_NO_FLOW where none */
	uint32_t wire_bytes; /* IP length that the egress queue charges */
	union {
		int8_t outside;	  /* from rx on: -1 came in where tunnels end, 0 elsewhere (FLOW_OUTSIDE) */
		uint8_t out_port; /* from forward_send() on */
	};
	uint8_t dscp;	     /* outermost */
	uint8_t flags;	     /* enum pkt_flag */
	uint8_t ipsec_at;    /* inbound: offset of the ESP or AH header, in words of 4 bytes */
	int32_t lag;	     /* inbound: right edge less number at arrival, clamped; 0 or less: in order */
	uint32_t sent_bytes; /* laboratory: IP length as sent */
	uint32_t sent_sum;   /* laboratory: checksum of what the IP header carries, where it is no pattern */

	union {
		struct crypto_op op __rte_cache_aligned;
		struct pkt_hand hand; /* never while the engine has a part in it */
	};
	struct sa *over; /* with PKT_NESTED; with PKT_FRAGMENT: the sender's, for a laboratory */
	uint32_t ticket; /* in the SA's order through the engine, with in_order only */
} __rte_cache_aligned;

_Static_assert(offsetof(struct pkt, op) == 64, "the hot part of a packet is one cache line");

static inline struct pkt *
pkt_of(struct rte_mbuf *m)
{
	return (struct pkt *)(m + 1);
}

static inline struct rte_mbuf *
pkt_mbuf(struct pkt *pkt)
{
	return (struct rte_mbuf *)pkt - 1;
}

/* Packets have one segment.  These leave the mbuf's second line alone, which the library's own calls read to
 * look for another. */
static inline uint8_t *
pkt_push(struct rte_mbuf *m, uint32_t front, uint32_t behind)
{
	m->data_off = (uint16_t)(m->data_off - front);
	m->data_len = (uint16_t)(m->data_len + front + behind);
	m->pkt_len = m->data_len;
	return rte_pktmbuf_mtod(m, uint8_t *);
}

/* Room behind the packet; rte_pktmbuf_tailroom() does not know of PKT_ROOM_LONG. */
static inline uint32_t
pkt_behind(const struct rte_mbuf *m)
{
	uint32_t room = m->buf_len == UINT16_MAX ? PKT_ROOM_LONG : m->buf_len;

	return room - m->data_off - m->data_len;
}

/* Has it so much?  Most buffers say all that they have. */
static inline bool
pkt_has_behind(const struct rte_mbuf *m, uint32_t bytes)
{
	return likely((uint64_t)m->data_off + m->data_len + bytes <= m->buf_len) || bytes <= pkt_behind(m);
}

/* Has the buffer room for a packet of so many bytes, that many behind where this one begins? */
static inline bool
pkt_can_hold(const struct rte_mbuf *m, uint32_t skip, uint32_t bytes)
{
	return bytes <= PKT_BYTES_MAX && skip + bytes <= m->data_len + pkt_behind(m);
}

/* Keeps len bytes from offset on. */
static inline void
pkt_keep(struct rte_mbuf *m, uint32_t offset, uint32_t len)
{
	m->data_off = (uint16_t)(m->data_off + offset);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

/* The same, moved to where packets begin. */
static inline void
pkt_keep_front(struct rte_mbuf *m, uint32_t offset, uint32_t len)
{
	memmove((uint8_t *)m->buf_addr + PKT_HEADROOM, rte_pktmbuf_mtod(m, uint8_t *) + offset, len);
	m->data_off = PKT_HEADROOM;
	pkt_keep(m, 0, len);
}

static inline struct pkt *
pkt_of_op(struct crypto_op *op)
{
	return (struct pkt *)((char *)op - offsetof(struct pkt, op));
}

#endif
