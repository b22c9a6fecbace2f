/* ESP by hand.  RFC 4303 §2, with RFC 4106, 4309, 4543, 7634 (AEADs), 3686 (CTR), 3602, 2451, 2405 (CBC).
 *
 * IPv4 tunnels only.  The IV is a pattern that depends on the number. */
#include "conform/craft.h"

#include <string.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ipv4.h"

bool
craft_open(struct conform *c, struct craft *craft)
{
	*craft = (struct craft){.transform = c->transform};
	case_keys_fill(&craft->keys);
	if (c->reference.engine && case_pair_open(c, &c->reference, &craft->pair))
		return true;
	return case_pair_open(c, &c->drive, &craft->pair);
}

void
craft_close(struct craft *craft)
{
	case_pair_close(&craft->pair);
}

uint32_t
craft_front(const struct craft *craft)
{
	return CRAFT_IP_BYTES + case_front(craft->transform);
}

void
craft_outer(uint8_t *packet, uint32_t len)
{
	store_be16(packet + IPV4_LENGTH, (uint16_t)len);
	ipv4_checksum_set(packet, CRAFT_IP_BYTES);
}

static void
outer_write(uint8_t *packet, uint32_t len)
{
	memset(packet, 0, CRAFT_IP_BYTES);
	packet[0] = 0x45;
	packet[IPV4_TTL] = 64;
	packet[IPV4_PROTO] = IPV4_PROTO_ESP;
	store_be32(packet + IPV4_SRC, CRAFT_SRC);
	store_be32(packet + IPV4_DST, CRAFT_DST);
	craft_outer(packet, len);
}

/* What a nonce is made of: RFC 4106 §4, RFC 4309 §4, RFC 7634 §2, RFC 3686 §4; the IV itself with CBC. */
static void
nonce_write(const struct craft *craft, const uint8_t *iv, struct crypto_op *op)
{
	const struct transform *t = craft->transform;

	memcpy(op->iv, craft->keys.salt, t->salt_len);
	memcpy(op->iv + t->salt_len, iv, t->iv_len);
	if (t->mode == ALG_MODE_CTR)
		store_be32(op->iv + 12, 1);
}

/* SPI and number, all 64 bits of it with ESN (RFC 4106 §5). */
static void
aad_write(const struct craft *craft, uint64_t seq, struct crypto_op *op)
{
	store_be32(op->aad, CRAFT_SPI);
	if (craft->esn)
		store_be64(op->aad + 4, seq);
	else
		store_be32(op->aad + 4, (uint32_t)seq);
	op->aad_len = craft->esn ? 12 : 8;
}

/* The operation on a packet whose header, IV and text stand.  icv: where the ICV goes; with ESN and a MAC the
 * high half of the number stands behind the text meanwhile (RFC 4303 §2.2.1). */
static void
op_write(const struct craft *craft, uint8_t *packet, uint64_t seq, uint32_t text_len, struct crypto_op *op)
{
	const struct transform *t = craft->transform;
	uint8_t *text = packet + craft_front(craft), *end = text + text_len;

	*op = (struct crypto_op){
		.text = text,
		.icv = op->icv_copy,
		.text_len = case_only_mac(t) ? 0 : text_len,
		.result = CRYPTO_FAILED,
	};
	nonce_write(craft, text - t->iv_len, op);
	if (t->aead)
		aad_write(craft, seq, op);
	if (t->mode == ALG_MODE_GMAC) {
		op->auth_before = t->iv_len;
		op->auth_len = t->iv_len + text_len;
	} else if (!t->aead && t->authenticated) {
		op->auth_before = (uint8_t)case_front(t);
		op->auth_len = op->auth_before + text_len;
	}
	if (!t->aead && t->authenticated && craft->esn) {
		store_be32(end, (uint32_t)(seq >> 32));
		op->auth_len += 4;
	}
}

uint32_t
craft_seal(struct craft *craft, uint8_t *packet, uint64_t seq, const uint8_t *text, uint32_t text_len)
{
	const struct transform *t = craft->transform;
	uint32_t front = craft_front(craft), len = front + text_len + t->icv_len;
	struct crypto_op op;

	outer_write(packet, len);
	store_be32(packet + CRAFT_IP_BYTES, CRAFT_SPI);
	store_be32(packet + CRAFT_IP_BYTES + 4, (uint32_t)seq);
	case_pattern(packet + front - t->iv_len, t->iv_len, (uint32_t)seq);
	memmove(packet + front, text, text_len);
	op_write(craft, packet, seq, text_len, &op);
	op.session = craft->pair.session[CRYPTO_ENCRYPT];
	drive_run(craft->pair.drive, &op, 1);
	memcpy(packet + len - t->icv_len, op.icv_copy, t->icv_len);
	return op.result == CRYPTO_OK ? len : 0;
}

bool
craft_unseal(
	struct craft *craft, uint8_t *packet, uint32_t len, uint64_t seq, uint8_t **text, uint32_t *text_len)
{
	const struct transform *t = craft->transform;
	uint32_t front = craft_front(craft);
	uint8_t icv[CRYPTO_ICV_MAX];
	struct crypto_op op;

	if (len < front + t->icv_len + 2)
		return false;
	*text = packet + front;
	*text_len = len - front - t->icv_len;
	memcpy(icv, packet + len - t->icv_len, t->icv_len);
	op_write(craft, packet, seq, *text_len, &op);
	memcpy(op.icv_copy, icv, t->icv_len);
	op.session = craft->pair.session[CRYPTO_DECRYPT];
	drive_run(craft->pair.drive, &op, 1);
	return op.result == CRYPTO_OK;
}

void
craft_inner(uint8_t *packet, uint32_t len, uint32_t seed)
{
	case_pattern(packet, len, seed);
	memset(packet, 0, IPV4_MIN_BYTES);
	packet[0] = 0x45;
	store_be16(packet + IPV4_LENGTH, (uint16_t)len);
	packet[IPV4_TTL] = 64;
	packet[IPV4_PROTO] = 253;		    /* for experiments (RFC 3692): nobody looks further */
	store_be32(packet + IPV4_SRC, 0x0a01000au); /* 10.1.0.10 */
	store_be32(packet + IPV4_DST, 0x0a02000au);
	ipv4_checksum_set(packet, IPV4_MIN_BYTES);
}

void
craft_trailer(uint8_t *p, uint8_t pad, uint8_t next_header)
{
	for (unsigned i = 0; i < pad; i++)
		p[i] = (uint8_t)(i + 1);
	p[pad] = pad;
	p[pad + 1] = next_header;
}

uint8_t
craft_pad(const struct transform *transform, uint32_t len)
{
	uint32_t block = transform->block;

	return (uint8_t)((block - (len + 2) % block) % block);
}

uint32_t
craft_packet(struct craft *craft, uint8_t *packet, uint64_t seq, uint32_t inner_len)
{
	uint8_t *text = packet + craft_front(craft);
	uint8_t pad = craft_pad(craft->transform, inner_len);

	craft_inner(text, inner_len, (uint32_t)seq);
	craft_trailer(text + inner_len, pad, CRAFT_NEXT_IPV4);
	return craft_seal(craft, packet, seq, text, inner_len + pad + 2u);
}
