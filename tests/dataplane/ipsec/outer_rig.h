/* What the tests of outer headers share: a pair of ESP SAs of any shape, packets of either family, and the
 * checksum of UDP and TCP by definition. */
#ifndef TESTS_DATAPLANE_IPSEC_OUTER_RIG_H
#define TESTS_DATAPLANE_IPSEC_OUTER_RIG_H

#include <string.h>

#include <CUnit/CUnit.h>

#include "base/bytes.h"
#include "tests/dataplane/ipsec/esp_kit.h"

#define OUTER_ROOM 2048u
#define OUTER_FRONT 256u
#define OUTER_SPI 0x0a0b0c0du

static const uint8_t outer_src6[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa1};
static const uint8_t outer_dst6[16] = {0x20, 1, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb2};

struct outer_rig {
	struct engine *engine;
	struct cfg_sa out_cfg, in_cfg;
	struct sa *out, *in;
	bool v6; /* outside */
	uint64_t seq;
};

/* cfg: what differs from a tunnel of AES-128-GCM with copied DSCP and DF. */
static inline void
outer_open(struct outer_rig *rig, bool v6)
{
	static const struct cfg_engine engine = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	char message[256];

	*rig = (struct outer_rig){.v6 = v6, .seq = 1};
	rig->out_cfg = (struct cfg_sa){.name = "outer",
		.direction = CFG_OUT,
		.spi = OUTER_SPI,
		.src = v6 ? ip_load6(outer_src6) : IP_V4(KIT_SRC),
		.dst = v6 ? ip_load6(outer_dst6) : IP_V4(KIT_DST),
		.transform = "esp-gcm 128",
		.key_len = 20,
		.first_seq = 1,
		.dscp = -1,
		.df = CFG_DF_COPY,
		.ttl = 64};
	CU_ASSERT_EQUAL_FATAL(engine_create(&engine, &rig->engine, message, sizeof(message)), ST_OK);
}

static inline void
outer_start(struct outer_rig *rig)
{
	char message[256];

	rig->in_cfg = rig->out_cfg;
	rig->in_cfg.direction = CFG_IN;
	CU_ASSERT_EQUAL_FATAL(
		sa_create(&rig->out_cfg, 0, rig->engine, &rig->out, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL_FATAL(
		sa_create(&rig->in_cfg, 1, rig->engine, &rig->in, message, sizeof(message)), ST_OK);
}

static inline void
outer_stop(struct outer_rig *rig)
{
	sa_destroy(rig->out, rig->engine);
	sa_destroy(rig->in, rig->engine);
	rig->out = rig->in = NULL;
}

static inline void
outer_close(struct outer_rig *rig)
{
	outer_stop(rig);
	engine_destroy(rig->engine);
}

/* A packet of len bytes with that TOS; IPv4: with that word of flags and offset. */
static inline uint32_t
outer_inner(uint8_t *ip, bool v6, uint32_t len, uint8_t tos, uint16_t fragment)
{
	if (!v6) {
		kit_inner(ip, len, tos, fragment);
		return len;
	}
	memset(ip, 0, 40);
	store_be32(ip, 0x60000000u | (uint32_t)tos << 20 | 0x54321);
	store_be16(ip + 4, (uint16_t)(len - 40));
	ip[6] = 17;
	ip[7] = 61;
	memcpy(ip + 8, outer_dst6, 16);
	memcpy(ip + 24, outer_src6, 16);
	for (uint32_t i = 40; i < len; i++)
		ip[i] = (uint8_t)(i * 31 + len);
	return len;
}

static inline uint8_t
outer_run(struct outer_rig *rig, struct crypto_op *op)
{
	struct crypto_op *done = NULL;

	CU_ASSERT_EQUAL_FATAL(rig->engine->ops->submit(rig->engine, &op, 1, 0), 1);
	CU_ASSERT_EQUAL_FATAL(rig->engine->ops->poll(rig->engine, &done, 1, 0), 1);
	return op->result;
}

/* Protects a copy of the packet, to begin at packet; returns its length. */
static inline uint32_t
outer_send(struct outer_rig *rig, uint8_t *packet, const uint8_t *inner, uint32_t len)
{
	uint32_t behind = ipsec_behind(rig->out, inner, len), front = rig->out->size.front;
	struct crypto_op op;

	CU_ASSERT_FATAL(behind != UINT32_MAX);
	memcpy(packet + front, inner, len);
	ipsec_protect(rig->out, packet, len, rig->seq, &op);
	CU_ASSERT_EQUAL_FATAL(outer_run(rig, &op), CRYPTO_OK);
	if (rig->out->finishes)
		ipsec_finish(rig->out, packet, front + len + behind, &op);
	return front + len + behind;
}

/* What a gateway does with it; where: what came out. */
static inline enum drop
outer_receive(struct outer_rig *rig, uint8_t *packet, uint32_t len, struct ipsec_inner *where, bool *tfc)
{
	struct ipsec_peek peek;
	struct crypto_op op;
	enum drop drop = ipsec_peek(packet, len, &peek);

	if (drop)
		return drop;
	CU_ASSERT(peek.proto == 50 && peek.spi == OUTER_SPI && peek.seq == (uint32_t)rig->seq);
	drop = ipsec_open(rig->in, packet, len, peek.at, rig->seq, &op);
	if (drop)
		return drop;
	if (outer_run(rig, &op) != CRYPTO_OK)
		return DROP_ICV;
	ipsec_close(rig->in, packet, &op);
	return ipsec_decap(rig->in, packet, len, peek.at, where, tfc);
}

/* RFC 768, RFC 9293 §3.1, RFC 8200 §8.1: the complement of the sum over pseudo header and all of l4, its
 * checksum field with it: 0 where that is right. */
static inline uint16_t
outer_sum(const uint8_t *ip, uint8_t proto, const uint8_t *l4, uint32_t bytes)
{
	uint32_t from = ip[0] >> 4 == 6 ? 8 : 12, n = from == 8 ? 32 : 8, sum = proto + bytes;

	for (uint32_t i = 0; i < n; i += 2)
		sum += (uint32_t)(ip[from + i] << 8 | ip[from + i + 1]);
	for (uint32_t i = 0; i < bytes; i++)
		sum += i & 1 ? l4[i] : (uint32_t)l4[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(0xffff - sum);
}

#endif
