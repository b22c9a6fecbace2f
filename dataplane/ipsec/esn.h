/* Extended sequence numbers: the high half is not sent and must be inferred.  RFC 4303 Appendix A2.2. */
#ifndef DATAPLANE_IPSEC_ESN_H
#define DATAPLANE_IPSEC_ESN_H

#include <stdint.h>

/* The 64-bit number that low half `seq` means when the highest number seen is `edge` and the window is
 * `window` (1..2^31).  Case A: the window lies in one 2^32 subspace; case B: it straddles two.  Modulo 2^64,
 * so below the first subspace the answer's high half is 2^32 - 1 and the ICV will fail, as the RFC wants. */
static inline uint64_t
esn_infer(uint64_t edge, uint32_t window, uint32_t seq)
{
	uint32_t tl = (uint32_t)edge, th = (uint32_t)(edge >> 32);
	uint32_t bottom = tl - (window - 1);

	if (tl >= window - 1) /* case A */
		th += seq < bottom;
	else /* case B */
		th -= seq >= bottom;
	return (uint64_t)th << 32 | seq;
}

#endif
