/* What to do with the packets of a flow, remembered: one memory access instead of SPD and route look-ups.
 *
 * A key is the 5-tuple, the DSCP, and by what a packet came in: an SA, or in the clear on one of the two
 * sides of the gateway.  The addresses of IPv6 do not fit into its words: there stands a mixture of them, and
 * the entry has them whole.  An entry is a cache line, two are a bucket; a newcomer takes the older one's
 * place.  Allocates once.  One thread. */
#ifndef DATAPLANE_FLOW_CACHE_H
#define DATAPLANE_FLOW_CACHE_H

#include <stdint.h>
#include <string.h>

#include "base/status.h"
#include "dataplane/drop.h"
#include "dataplane/ipsec/ip_head.h"

struct cfg_gateway;
struct sa;

struct flow_key {
	uint64_t addresses; /* IPv4: source and destination as they stand in the packet; IPv6: mixed */
	uint64_t rest;	    /* ports << 0, protocol << 32, DSCP << 40, no ports to be read << 46, IPv6 << 47,
			       inbound SA + 1 << 48 */
};

#define FLOW_NO_KEY UINT64_MAX /* the rest: ports, and a protocol that has none */
#define FLOW_INSIDE 0u	       /* in place of SA + 1: in the clear, not where tunnels end */
#define FLOW_OUTSIDE UINT32_MAX /* in the clear, where tunnels end: no SA has this number */
#define FLOW_ADDRESSES 32      /* bytes of two IPv6 addresses */

struct flow_entry {
	struct flow_key key; /* of an empty one: FLOW_NO_KEY, which no packet has */
	union {
		struct sa *sa;	  /* protect with it; NULL: send in the clear */
		uint64_t made_ns; /* of a route cache (process.h), which asks for nothing else */
	};
	uint16_t mtu;	 /* of the port */
	uint16_t sa_top; /* what of the inbound SA + 1 does not fit into the key */
	uint8_t drop;	 /* enum drop, or another worker (hand_to()); DROP_NONE: forward */
	uint8_t clamp; /* TCP: 1 + the port whose tcp_adjust_mss counts; 0: none.  Asked together with drop */
	uint8_t port;  /* egress */
	uint8_t addresses[FLOW_ADDRESSES]; /* IPv6: as they stand in the packet */
};

_Static_assert(sizeof(struct flow_entry) == 64, "an entry is a cache line");

struct flow_cache {
	uint32_t mask;	/* buckets - 1 */
	uint32_t shift; /* 63 less the binary logarithm of buckets */
	uint64_t misses;
	struct flow_entry *entries; /* 2 a bucket */
};

/* Buckets for the flows of a gateway: two flows for each SA, where there are many. */
unsigned flow_cache_buckets(const struct cfg_gateway *cfg);
/* buckets: a power of two. */
enum status flow_cache_create(unsigned buckets, struct flow_cache **cache);
void flow_cache_destroy(struct flow_cache *cache);
/* Forget everything: policy, SAs or routes have changed. */
void flow_cache_clear(struct flow_cache *cache);

/* The key of an IPv4 packet of len bytes whose header was checked; sa_in: index + 1 of the SA it came in by,
 * FLOW_INSIDE or FLOW_OUTSIDE. */
static inline struct flow_key
flow_key_read(const uint8_t *ip, uint32_t len, uint32_t sa_in)
{
	struct flow_key key;
	uint32_t ihl = ipv4_header_len(ip), ports = 0;
	bool opaque = (load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK) || len < ihl + sizeof(ports);

	memcpy(&key.addresses, ip + IPV4_SRC, sizeof(key.addresses));
	if (!opaque && ip_proto_has_ports(ip[IPV4_PROTO]))
		memcpy(&ports, ip + ihl, sizeof(ports));
	/* a packet whose ports cannot be read is a flow of its own: RFC 4301 §4.4.1.1 OPAQUE */
	key.rest = ports | (uint64_t)ip[IPV4_PROTO] << 32 | (uint64_t)(ip[IPV4_TOS] & 0xfc) << 38 |
		   (uint64_t)opaque << 46 | (uint64_t)sa_in << 48;
	return key;
}

/* Every bit of two words reaches every bit: the halves of their product. */
static inline uint64_t
flow_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ UINT64_C(0x9e3779b97f4a7c15)) *
				    (b ^ UINT64_C(0xc2b2ae3d27d4eb4f));

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The protocol, and where its ports stand; false where they cannot be read. */
static inline bool
flow_upper6(const uint8_t *ip, uint32_t len, uint32_t *at, uint8_t *proto)
{
	struct ip6_upper upper;

	if (ip_proto_has_ports(ip[IPV6_NEXT]) && len >= IPV6_MIN_BYTES + 4) { /* the usual packet */
		*at = IPV6_MIN_BYTES;
		*proto = ip[IPV6_NEXT];
		return true;
	}
	ip6_upper_find(ip, len, &upper);
	*at = upper.offset;
	*proto = upper.proto;
	return upper.known && upper.first && len >= upper.offset + 4;
}

/* The same of an IPv6 packet. */
static inline struct flow_key
flow_key_read6(const uint8_t *ip, uint32_t len, uint32_t sa_in)
{
	uint64_t w[FLOW_ADDRESSES / 8];
	struct flow_key key;
	uint32_t ports = 0, at;
	uint8_t proto;
	bool readable = flow_upper6(ip, len, &at, &proto);

	memcpy(w, ip + IPV6_SRC, sizeof(w));
	key.addresses = flow_mix(flow_mix(w[0], w[1]), flow_mix(w[2], w[3]) + 1);
	if (readable && ip_proto_has_ports(proto))
		memcpy(&ports, ip + at, sizeof(ports));
	key.rest = ports | (uint64_t)proto << 32 | (uint64_t)(ip_tos(ip) >> 2) << 40 |
		   (uint64_t)!readable << 46 | UINT64_C(1) << 47 | (uint64_t)sa_in << 48;
	return key;
}

static inline uint8_t
flow_key_proto(struct flow_key key)
{
	return (uint8_t)(key.rest >> 32);
}

static inline struct flow_entry *
flow_cache_bucket(const struct flow_cache *cache, struct flow_key key)
{
	uint64_t h = key.addresses * UINT64_C(0x9e3779b97f4a7c15) ^ key.rest * UINT64_C(0xc2b2ae3d27d4eb4f);

	/* the topmost bits, which every bit of the key reaches: hosts differ in the last byte of an address
	 */
	return &cache->entries[2 * (h >> 1 >> cache->shift)];
}

static inline int
flow_key_equal(const struct flow_entry *entry, struct flow_key key)
{
	return entry->key.addresses == key.addresses && entry->key.rest == key.rest;
}

/* NULL where the flow is not known. */
static inline const struct flow_entry *
flow_cache_find(const struct flow_cache *cache, struct flow_key key)
{
	const struct flow_entry *bucket = flow_cache_bucket(cache, key);

	if (flow_key_equal(&bucket[0], key))
		return &bucket[0];
	return flow_key_equal(&bucket[1], key) ? &bucket[1] : NULL;
}

/* The same for an IPv6 packet, whose addresses are compared too. */
static inline const struct flow_entry *
flow_cache_find6(const struct flow_cache *cache, struct flow_key key, const uint8_t *ip)
{
	const struct flow_entry *bucket = flow_cache_bucket(cache, key);

	for (unsigned i = 0; i < 2; i++)
		if (flow_key_equal(&bucket[i], key) &&
			!memcmp(bucket[i].addresses, ip + IPV6_SRC, FLOW_ADDRESSES))
			return &bucket[i];
	return NULL;
}

/* What is known of a packet whose header was checked, of IPv4 or IPv6 as v4 says; NULL: nothing. */
static inline const struct flow_entry *
flow_cache_look(const struct flow_cache *cache, bool v4, const uint8_t *ip, uint32_t len, uint32_t sa_in)
{
	const struct flow_entry *found = v4 ? flow_cache_find(cache, flow_key_read(ip, len, sa_in))
					    : flow_cache_find6(cache, flow_key_read6(ip, len, sa_in), ip);

	/* of two SAs with the same lower bits the newer one's stands first, and the other is learnt again */
	return __builtin_expect(found && found->sa_top != sa_in >> 16, 0) ? NULL : found;
}

/* An entry for that packet, to be filled in. */
struct flow_entry flow_entry_begin(const uint8_t *ip, uint32_t len, uint32_t sa_in);
/* One of its entries is no longer good. */
void flow_cache_forget(struct flow_cache *cache, const struct flow_entry *entry);
/* Remember `entry` (with its key); returns where it stands. */
const struct flow_entry *flow_cache_add(struct flow_cache *cache, const struct flow_entry *entry);

#endif
