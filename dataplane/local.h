/* The addresses at which IPsec ends here: those of the gateway's own ports, and of the hosts for which it has
 * inbound SAs of transport mode ("bump in the wire", RFC 4301 §4.1).  Made once; any thread.  No EAL. */
#ifndef DATAPLANE_LOCAL_H
#define DATAPLANE_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"
#include "config/cfg.h"

struct local_address {
	struct ip_addr addr;
	bool own;  /* of a port: whatever is sent there and is no IPsec is not for the way on */
	bool natt; /* an inbound SA expects ESP in UDP here (RFC 3948) */
};

enum local_family { LOCAL_V4 = 1, LOCAL_V6 = 2 };

struct local {
	bool natt;	  /* at any of them */
	bool hosts;	  /* some of them are hosts' */
	uint8_t may[256]; /* by protocol: is it worth asking for whom it is?  enum local_family */
	unsigned n;
	struct local_address list[]; /* ascending, each once */
};

/* To be freed by free().  NULL: no memory. */
struct local *local_create(const struct cfg_gateway *cfg);

#define LOCAL_FEW 8u /* to look at one after the other is faster for so many */

/* NULL where it is none of them. */
static inline const struct local_address *
local_find(const struct local *local, struct ip_addr addr)
{
	unsigned lo = 0, n = local->n;

	if (n <= LOCAL_FEW) {
		for (; lo < n; lo++)
			if (ip_equal(local->list[lo].addr, addr))
				return &local->list[lo];
		return NULL;
	}
	while (n) { /* it is none of those before lo, nor of those from lo + n on */
		const struct local_address *middle = &local->list[lo + n / 2];

		if (ip_equal(middle->addr, addr))
			return middle;
		if (middle->addr.hi < addr.hi || (middle->addr.hi == addr.hi && middle->addr.lo < addr.lo)) {
			lo += n / 2 + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return NULL;
}

#endif
