/* Explicit congestion notification through a tunnel.  RFC 6040.
 * Into the tunnel (§4.1, normal mode) the field is copied, which needs no code here. */
#ifndef DATAPLANE_IPSEC_ECN_H
#define DATAPLANE_IPSEC_ECN_H

#include <stdint.h>

enum ecn { ECN_NOT_ECT, ECN_ECT1, ECN_ECT0, ECN_CE }; /* RFC 3168 §5 */

#define ECN_DROP 4u /* no ECN field: the packet has to go */

/* [inner][outer]: the field of the packet that leaves the tunnel, or ECN_DROP. */
extern const uint8_t ecn_decap[4][4];

#endif
