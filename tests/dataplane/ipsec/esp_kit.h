/* What the ESP tests share: pairs of SAs of every transform, a second implementation of ESP on OpenSSL,
 * packets, and buffers between guard pages.
 *
 * The second implementation (esp_ref.c) follows the RFCs from the wire inwards and uses nothing of
 * the code under test, so both sides of a round trip cannot be wrong together. */
#ifndef TESTS_DATAPLANE_IPSEC_ESP_KIT_H
#define TESTS_DATAPLANE_IPSEC_ESP_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/ipsec/ipsec.h"

#define KIT_SPI 0xc0ffee01u
#define KIT_SRC 0xc0000201u /* 192.0.2.1 */
#define KIT_DST 0xc6336402u /* 198.51.100.2 */

/* Written down from the RFCs, not read from alg.def. */
struct kit_transform {
	const char *words;
	unsigned key, salt, auth_key; /* bytes */
	unsigned iv, block, icv;
	enum alg_mode mode;
	enum alg_auth auth;
};

static inline bool
kit_is_aead(const struct kit_transform *t)
{
	return t->mode == ALG_MODE_GCM || t->mode == ALG_MODE_GMAC || t->mode == ALG_MODE_CCM ||
	       t->mode == ALG_MODE_CHACHA;
}

extern const struct kit_transform kit_transforms[];
extern const unsigned kit_transform_count;
/* By its words. */
const struct kit_transform *kit_find(const char *words);

struct kit {
	const struct kit_transform *t;
	struct cfg_sa out_cfg, in_cfg;
	struct engine *engine;
	struct sa *out, *in;
};

/* Configurations and engine; the SAs come with kit_start(), so that a test can change the former. */
void esp_kit_init(struct kit *kit, const struct kit_transform *t, bool esn);
void kit_start(struct kit *kit);
void esp_kit_fini(struct kit *kit);
/* Calls test for every transform, without and with ESN. */
void kit_each(void (*test)(struct kit *kit));
/* Through the engine: the result of op. */
uint8_t kit_run(struct kit *kit, struct crypto_op *op);

/* Inner packet of len bytes (>= 20) with a good header and a body that depends on its length. */
void kit_inner(uint8_t *ip, uint32_t len, uint8_t tos, uint16_t fragment);
/* By definition, over 16-bit words as numbers, the checksum field taken as zero. */
uint16_t kit_checksum(const uint8_t *ip, uint32_t header_len);
/* Whether the checksum field says that. */
bool kit_checksum_good(const uint8_t *ip);
/* Padding 1, 2, 3 ..., pad length, next header. Returns the bytes written. */
uint32_t kit_trailer(uint8_t *p, uint8_t pad, uint8_t next_header);

/* Makes an ESP packet round text (payload and trailer) with OpenSSL: outer header of header_len bytes with
 * that TOS, the IV made from seq.  Returns its length. */
uint32_t kit_seal(const struct kit *kit, uint8_t *packet, uint32_t header_len, uint8_t tos, uint64_t seq,
	const uint8_t *text, uint32_t text_len);
/* Verifies and deciphers with OpenSSL into text; its length, or -1 where the ICV is wrong. */
int kit_unseal(const struct kit *kit, const uint8_t *packet, uint32_t len, uint64_t seq, uint8_t *text);
/* CBC: a block under the cipher key. */
void kit_block(const struct kit *kit, const uint8_t in[16], uint8_t out[16]);

/* Where ESP begins behind an IPv4 header. */
static inline uint32_t
kit_at(const uint8_t *packet)
{
	return (packet[0] & 15u) * 4u;
}

static inline uint32_t
kit_length(const struct sa *sa, uint32_t inner_len)
{
	return ipsec_outer_len(&sa->size, inner_len, 0);
}

static inline uint32_t
kit_trailer_length(const struct sa *sa, uint32_t inner_len)
{
	return kit_length(sa, inner_len) - sa->size.front - inner_len - sa->size.behind;
}

static inline bool
kit_peek(const uint8_t *packet, uint32_t len, uint32_t *spi, uint32_t *seq)
{
	struct ipsec_peek peek;

	if (len < 20 || ipsec_peek(packet, len, &peek) != DROP_NONE)
		return false;
	*spi = peek.spi;
	*seq = peek.seq;
	return true;
}

static inline enum drop
kit_decap(const struct sa *sa, uint8_t *packet, uint32_t len, struct ipsec_inner *inner)
{
	bool tfc;

	return ipsec_decap(sa, packet, len, kit_at(packet), inner, &tfc);
}

/* ipsec_open(), engine, ipsec_decap(): what a gateway does with an inbound packet. */
struct kit_verdict {
	enum drop open;	 /* the rest only where DROP_NONE */
	uint8_t crypto;	 /* enum crypto_result */
	enum drop decap; /* only where CRYPTO_OK */
	struct ipsec_inner inner;
};
struct kit_verdict kit_receive(struct kit *kit, uint8_t *packet, uint32_t len, uint64_t seq);

/* Whole pages between two that fault. */
struct guard {
	uint8_t *map;
	size_t map_bytes, room;
};
void guard_init(struct guard *guard, size_t room);
void guard_fini(struct guard *guard);
/* n bytes against the page in front, and against the one behind. */
uint8_t *guard_front(const struct guard *guard);
uint8_t *guard_back(const struct guard *guard, size_t n);

#endif
