/* What IPsec costs in bytes: one formula for ESP and AH, tunnel and transport mode, both families, NAT-T, and
 * AH over ESP.  RFC 4303 §2, RFC 4302 §2, RFC 3948 §2.1.  The datapath, `esplab mtu` and reports all ask
 * here.
 *
 * Lengths are bytes of IP packet.  No EAL.  Any thread. */
#ifndef DATAPLANE_IPSEC_SIZE_H
#define DATAPLANE_IPSEC_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/alg.h"

#define IPSEC_ESP_BYTES 8u   /* SPI, sequence number */
#define IPSEC_AH_BYTES 12u   /* without the ICV (RFC 4302 §2) */
#define IPSEC_UDP_BYTES 8u   /* NAT-T */
#define IPSEC_UDP_PORT 4500u /* RFC 3948 §2.1 */

/* Constant for an SA, or for an SA and what stands inside. */
struct ipsec_size {
	uint8_t front;	/* what is put before the text: outer IP in tunnel mode, UDP, AH with ICV, ESP header,
			   IV */
	uint8_t block;	/* text and its end are padded to a multiple of it; a power of two */
	uint8_t end;	/* pad length and next header: 2 in ESP, 0 in AH alone */
	uint8_t behind; /* ICV of ESP */
	bool tunnel;	/* else the IP header of the packet stays, and counts in no text */
};

struct ipsec_shape {
	struct transform_set set;
	bool tunnel;
	bool v6;     /* outer header; in transport mode the packet's own */
	bool natt;   /* ESP only */
	bool align4; /* AH over IPv4: false pads to 8 bytes as old Linux does */
};

/* Bytes of the AH with its ICV and padding. */
uint32_t ipsec_ah_bytes(uint32_t icv_len, bool v6, bool align4);
struct ipsec_size ipsec_size_of(const struct ipsec_shape *shape);

/* The protected packet round an inner one of inner_len bytes.  stay: bytes of it that stay before the
 * protected part: in transport mode its IP header (with the extension headers that stay), in tunnel mode 0.
 */
static inline uint32_t
ipsec_outer_len(const struct ipsec_size *size, uint32_t inner_len, uint32_t stay)
{
	uint32_t mask = size->block - 1u;

	return stay + size->front + ((inner_len - stay + size->end + mask) & ~mask) + size->behind;
}

/* Largest inner packet whose protected packet fits mtu; 0 where none does. */
uint32_t ipsec_inner_max(const struct ipsec_size *size, uint32_t mtu, uint32_t stay);

#endif
