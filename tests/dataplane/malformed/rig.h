/* A corpus of malformed packets: gateways of every kind, what is done to good packets, and what becomes of
 * them. Packets are broken in the clear, inside ESP or AH that is really made with the SA's keys, or on the
 * wire.
 *
 * Frames and rows are deterministic: the only chance in them is base/rng. */
#ifndef TESTS_DATAPLANE_MALFORMED_RIG_H
#define TESTS_DATAPLANE_MALFORMED_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "dataplane/drop.h"
#include "tests/kit/kit.h"

#define MAL_ROOM 2048u	/* bytes of a packet of the corpus */
#define MAL_CLEAR 120u	/* of a good one in the clear */
#define MAL_FORWARDED DROP_COUNT /* in place of a drop: it went on, as a good packet */

/* What a gateway is, and what a row wants of one. */
enum mal_trait {
	IN4 = 1,	/* clear packets */
	IN6 = 2,
	OUT4 = 4,	/* protected ones */
	OUT6 = 8,
	ESP = 16,	/* outermost */
	AH = 32,
	NATT = 64,
	TUNNEL = 128,
	TRANSPORT = 256,
	BUNDLE = 512,	/* AH over ESP */
	ALONE = 1024,	/* no AH over ESP, no NAT-T */
	ALL = 0,
};

struct mal_variant {
	const char *transform;
	unsigned traits; /* without ALONE */
};

extern const struct mal_variant mal_variants[];
extern const unsigned mal_variant_count;

/* Where a packet is broken; offsets are from there. */
enum mal_place {
	CLEAR,	  /* IP header, at the protected port */
	CLEAR_UP, /* what follows it */
	INNER,	  /* tunnel: inner IP header, before encryption */
	INNER_UP,
	TRAIL,	  /* ESP: the pad length, before encryption; the next header is at 1, padding before 0 */
	OUTER,	  /* IP header, at the unprotected port */
	HEADER,	  /* ESP or AH header there, with NAT-T the UDP header */
};

enum mal_edit {
	BYTE, /* value at an offset; checksums of IPv4 headers are made right again */
	WORD,
	LONG,
	FLIP, /* bits of a byte */
	LEFT, /* checksums are left as they are: a byte */
	CUT,  /* only so many bytes are left, from there on */
	SAID, /* the same, and the IP header says so */
	GROW, /* so many bytes more behind it */
	HEAD, /* IPv6: an extension header of that kind is there, which says so many words of 8 bytes */
	ADDRESS, /* IPv6: 0 */
	SPI, /* of ESP or AH */
	SEQ,
};

struct mal_row {
	const char *name;
	enum mal_place place;
	unsigned traits;
	enum mal_edit edit;
	int at;
	uint32_t value;
	unsigned wanted; /* enum drop, MAL_FORWARDED */
};

extern const struct mal_row mal_rows[];
extern const unsigned mal_row_count;

/* Two gateways of a variant. */
struct mal {
	struct kit_gateway g;
	const struct mal_variant *variant;
	struct cfg_port ports[2]; /* transport: the peer's */
	struct cfg_route route;
	struct cfg_policy policy;
	unsigned traits;
	uint64_t now;
	uint64_t seen; /* drops, as bits; bit 0: none */
};

void mal_start(struct mal *mal, const struct mal_variant *variant);
/* Until what waits for fragments has waited too long, and nothing is held. */
void mal_wait(struct mal *mal);
/* After that; the books must balance. */
void mal_stop(struct mal *mal);

/* A good packet in the clear, of MAL_CLEAR bytes; its length. */
uint32_t mal_clear(const struct mal *mal, uint8_t *ip);

enum mal_kind {
	MAL_UDP,     /* mal_clear() */
	MAL_SYN,     /* TCP with all options that are in use */
	MAL_ECHO,    /* of the gateway */
	MAL_TOO_BIG, /* ICMP to it about a packet that it has sent */
	MAL_KINDS,
};
/* The same of other kinds, for the protected port. */
uint32_t mal_kind(struct mal *mal, enum mal_kind kind, uint8_t *ip);
/* Where what follows the IP header begins. */
uint32_t mal_upper(const uint8_t *ip);
/* An edit of n bytes at p of which base is the place; ip: its IP header.  Returns the new n; the same where
 * it would lie outside. */
uint32_t mal_edit(uint8_t *p, uint32_t n, uint32_t base, uint32_t ip, const struct mal_row *row);

/* May change the text before it is encrypted: the inner packet (transport: what follows its header) begins at
 * text, the ESP trailer's last byte, or the packet, ends before end. */
typedef void mal_text_fn(void *ctx, uint8_t *text, uint8_t *end);
/* The wire's packet round n bytes, with the next number; its length, 0 where it cannot be protected. */
uint32_t mal_seal(
	struct mal *mal, const uint8_t *inner, uint32_t n, mal_text_fn *change, void *ctx, uint8_t *out);

/* What became of a packet, or of several. */
struct mal_fate {
	unsigned drops, left; /* left: packets that came out */
	enum drop drop;	      /* the last */
	bool legal;	      /* what left is a good packet by its header, and not too long */
};

/* n bytes that end where memory does, but for so many behind them; NULL where too many such are in use. */
struct rte_mbuf *mal_tight(const uint8_t *p, uint32_t n, uint32_t behind);
/* n bytes at p come to the gateway that encrypts (wire: that decrypts).  tight: they end where memory does.
 */
struct mal_fate mal_send(struct mal *mal, bool wire, const uint8_t *p, uint32_t n, bool tight);
/* A row's packet. wire: at which port it comes.  Its length, 0 where the row does not fit the gateway. */
uint32_t mal_row_packet(struct mal *mal, const struct mal_row *row, uint8_t *p, bool *wire);
/* A good packet passes both gateways; the test's failure where it does not. */
void mal_check_good(struct mal *mal);

#endif
