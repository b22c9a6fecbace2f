/* Opening packets with the datapath's codec and an engine.  RFC 4303 §3.4, RFC 4302 §3.4.
 *
 * Key files do not say whether an SA is tunnel or transport mode, nor how AH is padded; the packet does: next
 * headers 4 and 41 are a packet of its own (tunnel mode), any other is what the packet's own header carries;
 * and AH states its length.  The SA takes that on from packet to packet, as it does the SPI of a row for
 * many.
 *
 * What was protected is shown as it was: the ECN field outside is not combined with that inside. */
#include "capture/open_packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/engine.h"
#include "dataplane/ipsec/ipsec.h"

#define ECN_MASK 3u

_Static_assert(OPEN_PACKET_BEFORE >= IPSEC_AH_SCRATCH, "room for what AH keeps");
_Static_assert(OPEN_PACKET_BEHIND >= IPSEC_ESN_BYTES, "room for the upper half of a number");

struct open_sa {
	const struct key_sa *key;
	struct cfg_sa cfg[2];
	struct sa *sa[2]; /* 0: AH padded to 4 bytes, and ESP; 1: AH padded to 8 */
	bool plain;	  /* nothing is enciphered, and nothing can be checked */
};

static void
cfg_fill(struct cfg_sa *cfg, const struct key_sa *key, bool align4)
{
	*cfg = (struct cfg_sa){.name = "capture",
		.direction = CFG_IN,
		.spi = key->spi,
		.src = IP_V4(0),
		.dst = IP_V4(0),
		.transform = key->transform,
		.key_len = key->key_len,
		.auth_key_len = key->auth_key_len,
		.esn = key->esn,
		.first_seq = 1,
		.dscp = -1,
		.align4 = align4};
	memcpy(cfg->key, key->key, sizeof(cfg->key));
	memcpy(cfg->auth_key, key->auth_key, sizeof(cfg->auth_key));
}

/* The codec knows no SA without cipher and ICV, so it is given one, less the ICV. */
static void
plain_fill(struct cfg_sa *cfg)
{
	cfg->transform = "esp-null esp-md5-hmac";
	cfg->key_len = 0;
	cfg->auth_key_len = alg_auth_info[ALG_AUTH_HMAC_MD5_96].key;
}

enum status
open_sa_create(
	const struct key_sa *key, struct engine *engine, struct open_sa **out, char *message, size_t bytes)
{
	struct open_sa *sa = calloc(1, sizeof(*sa));
	enum status status = sa ? ST_OK : ST_ERR_NOMEM;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(status));
	if (!sa)
		return status;
	sa->key = key;
	sa->plain = !key->transform[0];
	for (unsigned i = 0; i < (key->proto == ALG_AH ? 2u : 1u) && status == ST_OK; i++) {
		cfg_fill(&sa->cfg[i], key, i == 0);
		if (sa->plain)
			plain_fill(&sa->cfg[i]);
		status = sa_create(&sa->cfg[i], 0, engine, &sa->sa[i], message, bytes);
	}
	if (status != ST_OK) {
		open_sa_destroy(sa, engine);
		return status;
	}
	if (sa->plain)
		sa->sa[0]->icv_len = 0;
	*out = sa;
	return ST_OK;
}

void
open_sa_destroy(struct open_sa *sa, struct engine *engine)
{
	if (!sa)
		return;
	sa_destroy(sa->sa[0], engine);
	sa_destroy(sa->sa[1], engine);
	bytes_wipe(sa, sizeof(*sa));
	free(sa);
}

static uint8_t
engine_run(struct engine *engine, struct crypto_op *op)
{
	struct crypto_op *done = op;
	uint64_t now = 0;

	if (engine->ops->submit(engine, &done, 1, now) != 1)
		return CRYPTO_FAILED;
	while (engine->ops->poll(engine, &done, 1, now) == 0) {
		now = engine->ops->next_due(engine);
		if (now == UINT64_MAX)
			return CRYPTO_FAILED;
	}
	return op->result;
}

/* The SA as this packet needs it; NULL where the packet cannot be one of its. */
static struct sa *
sa_take(const struct open_sa *open, const uint8_t *packet, const struct ip_found *found)
{
	const uint8_t *ah = packet + found->at;

	for (unsigned i = 0; i < 2 && open->sa[i]; i++) {
		struct sa *sa = open->sa[i];

		if (sa->ah_len && (ah[1] + 2u) * 4u != sa->ah_len)
			continue;
		sa->spi = found->spi; /* AEADs authenticate it */
		return sa;
	}
	return NULL;
}

static enum capture_kind
cipher_undo(const struct open_sa *open, const struct sa *sa, struct engine *engine, uint8_t *packet,
	uint32_t len, uint32_t at, uint64_t seq, enum capture_icv *icv)
{
	struct crypto_op op = {0};
	uint8_t result;

	if (open->plain)
		return CAPTURE_OPENED;
	if (ipsec_open(sa, packet, len, at, seq, &op) != DROP_NONE)
		return CAPTURE_MALFORMED;
	result = engine_run(engine, &op);
	ipsec_close(sa, packet, &op);
	if (result == CRYPTO_BAD_ICV) {
		*icv = VERDICT_ICV_BAD;
		return CAPTURE_ICV_BAD;
	}
	if (result == CRYPTO_OK && sa->authenticated)
		*icv = VERDICT_ICV_GOOD;
	return result == CRYPTO_OK ? CAPTURE_OPENED : CAPTURE_CANNOT;
}

/* No combination with ECN outside. */
static void
ecn_clear(uint8_t *ip)
{
	if (ip_is_v6(ip))
		ipv6_class_set(ip, ipv6_class(ip) & (uint8_t)~ECN_MASK);
	else
		ip[IPV4_TOS] &= (uint8_t)~ECN_MASK;
}

static enum capture_kind
inner_read(
	struct sa *sa, uint8_t *packet, uint32_t len, const struct ip_found *found, struct open_inner *inner)
{
	uint8_t next = sa->ah_len ? packet[found->at] : packet[len - sa->icv_len - 1];
	struct ipsec_inner place;
	bool tfc;

	sa->head = SA_HEAD_TRANSPORT;
	if (next == IPV4_PROTO_IPV4 || next == IP_NEXT_IPV6) {
		sa->head = SA_HEAD_TUNNEL;
		ecn_clear(packet);
	}
	sa->natt = found->natt;
	switch (ipsec_decap(sa, packet, len, found->at, &place, &tfc)) {
	case DROP_NONE:
		*inner = (struct open_inner){packet + place.offset, place.len};
		return CAPTURE_OPENED;
	case DROP_DUMMY:
		return CAPTURE_DUMMY;
	case DROP_ESP_LENGTH:
	case DROP_AH_LENGTH:
		return CAPTURE_MALFORMED;
	default:
		return CAPTURE_PADDING;
	}
}

enum capture_kind
open_packet(struct open_sa *open, struct engine *engine, uint8_t *packet, const struct ip_found *found,
	uint64_t seq, enum capture_icv *icv, struct open_inner *inner)
{
	uint32_t skip = open->key->icv_skip, len = found->len - skip;
	struct sa *sa;
	enum capture_kind kind;

	*icv = skip ? VERDICT_ICV_UNCHECKED : VERDICT_ICV_NONE;
	if (found->len < found->at + IPSEC_AH_BYTES + skip)
		return CAPTURE_MALFORMED;
	sa = sa_take(open, packet, found);
	if (!sa || len < found->at + IPSEC_ESP_BYTES + sa->iv_len + sa->icv_len + 2)
		return CAPTURE_MALFORMED;
	kind = cipher_undo(open, sa, engine, packet, len, found->at, seq, icv);
	return kind == CAPTURE_OPENED ? inner_read(sa, packet, len, found, inner) : kind;
}
