/* ESP packets made and opened by hand, from RFC 4303 on: any number, any padding, any next header.  Nothing
 * of dataplane/ipsec makes or opens them, so that what tests that code is not that code.  One thread. */
#ifndef CONFORM_CRAFT_H
#define CONFORM_CRAFT_H

#include "conform/case.h"

#define CRAFT_SPI 0xc0ffee01u
#define CRAFT_SRC 0xc0000201u /* 192.0.2.1 */
#define CRAFT_DST 0xc6336402u /* 198.51.100.2 */
#define CRAFT_IP_BYTES 20u
#define CRAFT_FRONT_MAX (CRAFT_IP_BYTES + 8u + 16u) /* outer header, ESP header, IV */
#define CRAFT_NEXT_IPV4 4u
#define CRAFT_NEXT_DUMMY 59u

struct craft {
	struct case_pair pair;
	const struct transform *transform;
	struct case_keys keys;
	bool esn;
};

/* By the second engine where it has the transform, else by the engine under test.  False: neither has. */
bool craft_open(struct conform *c, struct craft *craft);
void craft_close(struct craft *craft);

/* From the packet's start to its text. */
uint32_t craft_front(const struct craft *craft);
/* A whole packet with that number round text_len bytes of text, trailer included; the packet has room for
 * CRAFT_FRONT_MAX, the text, and CRYPTO_ICV_MAX.  Returns its length, 0 where the engine failed. */
uint32_t craft_seal(
	struct craft *craft, uint8_t *packet, uint64_t seq, const uint8_t *text, uint32_t text_len);
/* The text of such a packet, in place, and how long it is; the packet's ICV is overwritten.  False where
 * lengths or ICV are wrong. */
bool craft_unseal(
	struct craft *craft, uint8_t *packet, uint32_t len, uint64_t seq, uint8_t **text, uint32_t *text_len);

/* An IPv4 packet of len bytes, at least 20, with bytes that depend on seed. */
void craft_inner(uint8_t *packet, uint32_t len, uint32_t seed);
/* Padding 1, 2, 3 ..., pad length, next header: pad + 2 bytes. */
void craft_trailer(uint8_t *p, uint8_t pad, uint8_t next_header);
/* The least padding that fills the block behind len bytes. */
uint8_t craft_pad(const struct transform *transform, uint32_t len);
/* An inner packet of inner_len bytes with its trailer, sealed. */
uint32_t craft_packet(struct craft *craft, uint8_t *packet, uint64_t seq, uint32_t inner_len);
/* The total length in the outer header says len. */
void craft_outer(uint8_t *packet, uint32_t len);

#endif
