/* A ping as IOS does it (extended ping): an echo, and with its answer or after a time-out the next one, of
 * one size or of all sizes of a sweep.  Knows no packets: it says when to send what, and is told what came.
 * One thread; time is an argument. */
#ifndef LAB_PING_H
#define LAB_PING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

/* What became of an echo, as IOS prints it. */
enum ping_mark {
	PING_WAITING = 0,
	PING_REPLY = '!',
	PING_TIMEOUT = '.',
	PING_TOO_BIG = 'M',
	PING_TOO_BIG6 = 'B',
	PING_UNREACHABLE = 'U',
	PING_EXPIRED = '&',
	PING_EXPIRED6 = 'T',
};

struct ping_result {
	const struct cfg_traffic *cfg;
	struct ip_addr src, dst;
	uint32_t echoes; /* asked for */
	uint32_t sent;	 /* less where the source ended before */
	uint32_t replies;
	uint64_t rtt_min, rtt_max, rtt_sum; /* ns, of the replies */
	uint32_t largest;		    /* bytes of the largest echo that was answered; 0: none */
	uint32_t told;			    /* messages "too big" */
	uint32_t told_mtu;		    /* of the last; 0: it named none */
	struct ip_addr told_by;		    /* its sender */
	const char *marks;		    /* enum ping_mark of each that was sent */
};

struct ping;

/* No echo is sent at stop or later. */
enum status ping_create(const struct cfg_traffic *cfg, struct ip_addr src, struct ip_addr dst, uint64_t start,
	uint64_t stop, struct ping **ping);
void ping_destroy(struct ping *ping);

uint64_t ping_next_due(const struct ping *ping);
/* True where an echo is to be sent now: its number, from 0, and its size.  Until it says false. */
bool ping_turn(struct ping *ping, uint64_t now, uint64_t *num, uint32_t *bytes);
/* The answer to echo num, which arrived a bit before now; one that comes after the time-out is too late. */
void ping_reply(struct ping *ping, uint64_t num, uint64_t arrived, uint64_t now);
/* The echo with this sequence number, the low bits of its number, will have no answer: an ICMP message said
 * so, with this MTU where it is about one, or the host itself. */
void ping_fail(
	struct ping *ping, uint16_t seq, enum ping_mark mark, struct ip_addr by, uint32_t mtu, uint64_t now);
uint32_t ping_bytes(const struct cfg_traffic *cfg, uint64_t num);
/* When the run is over: an echo that still waits is one that timed out. */
const struct ping_result *ping_result(struct ping *ping);

#endif
