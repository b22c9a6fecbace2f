/* What becomes of a packet that is too big for the way out: refused, cut before encryption, or cut after it.
 * RFC 791 §2.3, RFC 8200 §5, RFC 4301 §8.1, RFC 2473 §7, IOS "crypto ipsec fragmentation" and "df-bit".
 *
 * The table that follows from this function stands in docs/fragmentation.md.  No EAL, no state. */
#ifndef DATAPLANE_FRAG_WAY_H
#define DATAPLANE_FRAG_WAY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/cfg.h"

#define FRAG_V6_MIN_MTU 1280u /* RFC 8200 §5 */
#define FRAG_V4_MIN_MTU 68u   /* RFC 791 §3.2 */

enum frag_way { FRAG_REFUSE, FRAG_BEFORE, FRAG_AFTER };

struct frag_case {
	bool protect;	 /* by an SA; else it goes out as it is */
	bool tunnel;	 /* the SA's mode; else transport */
	bool v6;	 /* the packet itself */
	bool df;	 /* of the packet; IPv4 only */
	bool minimal;	 /* IPv6, and no longer than every way must carry */
	bool before;	 /* cut before encryption where that is possible */
	enum cfg_df bit; /* the SA's */
};

/* What an IPv6 tunnel does with df = set is what an IPv4 one does: what is protected is never cut. */
static inline enum frag_way
frag_way(const struct frag_case *c)
{
	bool may_cut = !c->v6 && !c->df;

	if (!c->protect)
		return may_cut ? FRAG_BEFORE : FRAG_REFUSE;
	if (!c->tunnel) /* before encryption only in tunnel mode; the header with its DF is the packet's own
			 */
		return may_cut ? FRAG_AFTER : FRAG_REFUSE;
	if (c->before && (may_cut || (!c->v6 && c->bit == CFG_DF_CLEAR)))
		return FRAG_BEFORE;
	/* nobody can be told to send less than the minimum (RFC 2473 §7.1) */
	if (c->bit == CFG_DF_CLEAR || (c->bit == CFG_DF_COPY && may_cut) || c->minimal)
		return FRAG_AFTER;
	return FRAG_REFUSE;
}

#endif
