/* RFC 6040 §4.2, Figure 4: what leaves the tunnel, from the inner (row) and outer (column) ECN fields.
 *
 * Only CE on the outer header of a Not-ECT packet is dropped: its sender would not understand the mark, and a
 * router would have dropped it.  The combinations that the figure calls potentially dangerous are passed as
 * it says; they are not counted here. */
#include "dataplane/ipsec/ecn.h"

const uint8_t ecn_decap[4][4] = {
	[ECN_NOT_ECT] = {
		[ECN_NOT_ECT] = ECN_NOT_ECT,
		[ECN_ECT0] = ECN_NOT_ECT,
		[ECN_ECT1] = ECN_NOT_ECT,
		[ECN_CE] = ECN_DROP,
	},
	[ECN_ECT0] = {
		[ECN_NOT_ECT] = ECN_ECT0,
		[ECN_ECT0] = ECN_ECT0,
		[ECN_ECT1] = ECN_ECT1, /* a weaker congestion signal than CE (PCN) survives */
		[ECN_CE] = ECN_CE,
	},
	[ECN_ECT1] = {
		[ECN_NOT_ECT] = ECN_ECT1,
		[ECN_ECT0] = ECN_ECT1,
		[ECN_ECT1] = ECN_ECT1,
		[ECN_CE] = ECN_CE,
	},
	[ECN_CE] = {
		[ECN_NOT_ECT] = ECN_CE,
		[ECN_ECT0] = ECN_CE,
		[ECN_ECT1] = ECN_CE,
		[ECN_CE] = ECN_CE,
	},
};
