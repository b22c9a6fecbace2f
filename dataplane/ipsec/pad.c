/* The tables of pad.h: constant bytes of ESP padding, pad length.  RFC 4303 §2.4, §2.5.
 *
 * Written out by macros, eight at a time: they are constant data and nothing has to be initialised. */
#include "dataplane/ipsec/pad.h"

#define ZERO8 0, 0, 0, 0, 0, 0, 0, 0
#define ONES8 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define RAMP8(n) (n), (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (n) + 6, (n) + 7
#define RAMP32(n) RAMP8(n), RAMP8((n) + 8), RAMP8((n) + 16), RAMP8((n) + 24)

const uint8_t pad_ramp[PAD_VIEW + PAD_MAX] = {
	ZERO8, ZERO8,
	RAMP32(1), RAMP32(33), RAMP32(65), RAMP32(97), RAMP32(129), RAMP32(161), RAMP32(193),
	RAMP8(225), RAMP8(233), RAMP8(241), 249, 250, 251, 252, 253, 254, 255,
};

const uint8_t pad_mask[PAD_VIEW + PAD_TAIL_MAX] = {ZERO8, ZERO8, ONES8, ONES8, 0xff};

const uint8_t pad_short[4][8] = {
	{0},
	{1, 1},
	{1, 2, 2},
	{1, 2, 3, 3},
};
