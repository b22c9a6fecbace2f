/* Round trips of every transform x mode x family inside and outside x ESN x NAT-T, at every residue of the
 * block and up to 9000 bytes: what ipsec_protect() and ipsec_finish() make, ipsec_open(), ipsec_close() and
 * ipsec_decap() take apart again to the same bytes, sizes are those of size.h, and nothing is written beside
 * the packet.  Whether the bytes on the wire are right: test_esp.c, test_ah.c, and the scenarios with tshark
 * and scapy. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/ipsec.h"

#define FRONT 256u
#define ROOM (FRONT + 9500u)
#define CANARY 0xa5

int suite_trip(void);

struct trip {
	struct engine *engine;
	struct cfg_sa out_cfg, in_cfg;
	struct sa *out, *in;
	bool inner_v6, outer_v6;
	unsigned packets;
};

static void
trip_cfg(struct trip *trip, const char *words, const struct transform *t)
{
	struct cfg_sa *cfg = &trip->out_cfg;

	*cfg = (struct cfg_sa){.name = "trip",
		.direction = CFG_OUT,
		.spi = 0x10203040,
		.transform = words,
		.key_len = t->key_len,
		.auth_key_len = t->auth_key_len,
		.first_seq = 1,
		.dscp = -1,
		.ttl = 64,
		.align4 = true};
	for (unsigned i = 0; i < CFG_KEY_MAX; i++) {
		cfg->key[i] = (uint8_t)(i * 7 + 3);
		cfg->auth_key[i] = (uint8_t)(i * 5 + 0x61);
	}
}

static void
trip_start(struct trip *trip)
{
	char message[256] = "";
	struct cfg_sa *cfg = &trip->out_cfg;

	cfg->src = trip->outer_v6 ? (struct ip_addr){UINT64_C(0x20010db800000000), 1} : IP_V4(0xc0000201);
	cfg->dst = trip->outer_v6 ? (struct ip_addr){UINT64_C(0x20010db800000000), 2} : IP_V4(0xc0000202);
	trip->in_cfg = *cfg;
	trip->in_cfg.direction = CFG_IN;
	trip->in_cfg.window = 64;
	trip->in_cfg.replay = "bitmap";
	if (sa_create(cfg, 0, trip->engine, &trip->out, message, sizeof(message)) ||
		sa_create(&trip->in_cfg, 1, trip->engine, &trip->in, message, sizeof(message)))
		printf("%s: %s\n", cfg->transform, message);
	CU_ASSERT_PTR_NOT_NULL_FATAL(trip->out);
	CU_ASSERT_PTR_NOT_NULL_FATAL(trip->in);
}

/* RFC 768: by definition, over 16-bit words; at 6 the checksum itself. */
static uint16_t
udp_checksum(const uint8_t *addresses, uint32_t bytes, const uint8_t *udp, uint32_t len)
{
	uint32_t sum = 17 + len;

	for (uint32_t i = 0; i < bytes; i += 2)
		sum += load_be16(addresses + i);
	for (uint32_t i = 0; i < len; i++)
		if (i != 6 && i != 7)
			sum += i & 1 ? udp[i] : (uint32_t)udp[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0xffff : (uint16_t)(0xffff - sum);
}

/* A UDP packet of either family; len counts its header.  Its checksum is right, as NAT-T makes it anew in
 * transport mode. */
static void
inner_make(uint8_t *ip, uint32_t len, bool v6)
{
	static const uint8_t v4_head[20] = {
		0x45, 0xb8, 0, 0, 0x12, 0x34, 0x40, 0, 61, 17, 0, 0, 10, 1, 0, 5, 10, 2, 0, 7};
	uint32_t head = v6 ? 40 : 20;

	for (uint32_t i = head; i < len; i++)
		ip[i] = (uint8_t)(i * 31 + len);
	if (v6) {
		memset(ip, 0, 40);
		store_be32(ip, 0x6b812345); /* class 0xb8, a flow label */
		store_be16(ip + 4, (uint16_t)(len - 40));
		ip[6] = 17;
		ip[7] = 61;
		store_be64(ip + 8, UINT64_C(0x20010db8aaaa0000));
		store_be64(ip + 24, UINT64_C(0x20010db8bbbb0000));
		ip[23] = 5;
		ip[39] = 7;
	} else {
		memcpy(ip, v4_head, 20);
		store_be16(ip + 2, (uint16_t)len);
		ipv4_checksum_set(ip, 20);
	}
	if (len < head + 8)
		return;
	store_be16(ip + head + 4, (uint16_t)(len - head));
	store_be16(ip + head + 6, udp_checksum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, ip + head, len - head));
}

static uint8_t
run(struct trip *trip, struct crypto_op *op)
{
	struct crypto_op *done = NULL;

	CU_ASSERT_EQUAL_FATAL(trip->engine->ops->submit(trip->engine, &op, 1, 0), 1);
	CU_ASSERT_EQUAL_FATAL(trip->engine->ops->poll(trip->engine, &done, 1, 0), 1);
	return op->result;
}

static bool
all_canary(const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (p[i] != CANARY)
			return false;
	return true;
}

/* Out, in, compare; the packet may come back changed where `flip` says so, and must then be refused. */
static void
trip_one(struct trip *trip, uint32_t len, uint64_t seq)
{
	static uint8_t room[ROOM], want[ROOM];
	struct sa *out = trip->out, *in = trip->in;
	uint8_t *packet = room + FRONT - out->size.front;
	uint32_t stay = ipsec_stay(out, want, len), total, behind;
	struct ipsec_inner inner = {0, 0};
	struct ipsec_peek peek;
	struct crypto_op op;
	bool tfc = true;

	inner_make(want, len, trip->inner_v6);
	stay = ipsec_stay(out, want, len);
	total = ipsec_outer_len(&out->size, len, stay);
	behind = ipsec_behind(out, want, len);
	memset(room, CANARY, sizeof(room));
	memcpy(room + FRONT, want, len);
	CU_ASSERT_EQUAL(total, out->size.front + len + behind);
	CU_ASSERT_EQUAL(ipsec_wire_length(out, want, len), total);
	ipsec_protect(out, packet, len, seq, &op);
	CU_ASSERT_EQUAL_FATAL(run(trip, &op), CRYPTO_OK);
	if (out->finishes)
		ipsec_finish(out, packet, total, &op);
	CU_ASSERT(all_canary(room + FRONT + len + behind + IPSEC_ESN_BYTES, 64));
	CU_ASSERT(out->ah_len || all_canary(packet - 64, 64));
	CU_ASSERT_EQUAL(trip->outer_v6 ? load_be16(packet + 4) + 40u : load_be16(packet + 2), total);
	CU_ASSERT(trip->outer_v6 || ipv4_checksum_ok(packet, 20));

	CU_ASSERT_EQUAL_FATAL(ipsec_peek(packet, total, &peek), DROP_NONE);
	CU_ASSERT(peek.spi == out->spi && peek.seq == (uint32_t)seq && peek.proto == out->transform.proto);
	CU_ASSERT_EQUAL_FATAL(ipsec_open(in, packet, total, peek.at, seq, &op), DROP_NONE);
	CU_ASSERT_EQUAL_FATAL(run(trip, &op), CRYPTO_OK);
	ipsec_close(in, packet, &op);
	CU_ASSERT_EQUAL_FATAL(ipsec_decap(in, packet, total, peek.at, &inner, &tfc), DROP_NONE);
	CU_ASSERT_EQUAL(inner.len, len);
	CU_ASSERT(!memcmp(packet + inner.offset, want, len));
	CU_ASSERT_FALSE(tfc);
	trip->packets++;
}

/* A changed bit anywhere that the ICV covers. */
static void
trip_flipped(struct trip *trip, uint64_t seq)
{
	static uint8_t room[ROOM];
	struct sa *out = trip->out;
	uint8_t *packet = room + FRONT - out->size.front;
	uint32_t len = 61, total;
	struct ipsec_peek peek;
	struct crypto_op op;

	inner_make(room + FRONT, len, trip->inner_v6);
	total = out->size.front + len + ipsec_behind(out, room + FRONT, len);
	ipsec_protect(out, packet, len, seq, &op);
	run(trip, &op);
	if (out->finishes)
		ipsec_finish(out, packet, total, &op);
	packet[total - 1 - out->size.behind / 2] ^= 0x10;
	CU_ASSERT_EQUAL(ipsec_peek(packet, total, &peek), DROP_NONE);
	CU_ASSERT_EQUAL(ipsec_open(trip->in, packet, total, peek.at, seq, &op), DROP_NONE);
	CU_ASSERT_EQUAL(run(trip, &op), CRYPTO_BAD_ICV);
}

static void
trip_sizes(struct trip *trip)
{
	uint64_t seq = trip->out_cfg.esn ? UINT64_C(0xfffffff0) : 1;
	uint32_t least = trip->inner_v6 ? 40 : 20, block;

	trip_start(trip);
	block = trip->out->size.block < 4 ? 4 : trip->out->size.block;
	for (uint32_t len = least; len < least + block + 2; len++)
		trip_one(trip, len, seq++);
	for (uint32_t r = 0; r < block; r++) {
		trip_one(trip, 576 + r, seq++);
		trip_one(trip, 1300 + 17 * r, seq++);
	}
	trip_one(trip, 9000, seq++);
	if (trip->out->authenticated)
		trip_flipped(trip, seq);
	sa_destroy(trip->out, trip->engine);
	sa_destroy(trip->in, trip->engine);
	trip->out = trip->in = NULL;
}

/* Tunnel with all pairs of families, transport with each; with and without ESN and NAT-T. */
static void
trip_shapes(struct trip *trip, const char *words, const struct transform *t)
{
	trip_cfg(trip, words, t);
	for (unsigned shape = 0; shape < 32; shape++) {
		trip->inner_v6 = shape & 1;
		trip->outer_v6 = shape & 2;
		trip->out_cfg.esn = shape & 4;
		trip->out_cfg.natt = shape & 8;
		trip->out_cfg.mode = shape & 16 ? CFG_MODE_TRANSPORT : CFG_MODE_TUNNEL;
		if (trip->out_cfg.mode == CFG_MODE_TRANSPORT && trip->inner_v6 != trip->outer_v6)
			continue;
		if (trip->out_cfg.natt && t->proto == ALG_AH)
			continue;
		trip_sizes(trip);
	}
}

static void
test_all(enum alg_proto proto)
{
	static const struct cfg_engine engine = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	struct trip trip = {0};
	char words[128], message[600];
	unsigned transforms = 0;

	CU_ASSERT_EQUAL_FATAL(engine_create(&engine, &trip.engine, message, sizeof(message)), ST_OK);
	for (unsigned i = 0; i < ALG_CIPHER_COUNT * ALG_AUTH_COUNT; i++) {
		struct transform pair = {
			.proto = proto, .cipher = i / ALG_AUTH_COUNT, .auth = i % ALG_AUTH_COUNT};
		struct transform t;

		if (proto == ALG_AH && pair.cipher != ALG_CIPHER_NULL)
			continue;
		transform_text(&pair, words, sizeof(words));
		if (transform_parse(words, &t, message, sizeof(message)) != ST_OK)
			continue;
		trip_shapes(&trip, words, &t);
		transforms++;
	}
	printf("%u transforms, %u packets ", transforms, trip.packets);
	CU_ASSERT_EQUAL(transforms, proto == ALG_AH ? 7 : 93);
	engine_destroy(trip.engine);
}

static void
test_esp(void)
{
	test_all(ALG_ESP);
}

static void
test_ah(void)
{
	test_all(ALG_AH);
}

int
suite_trip(void)
{
	CU_pSuite s = CU_add_suite("trip", NULL, NULL);

	if (!s || !CU_add_test(s, "ESP: all transforms, modes, families, ESN, NAT-T, sizes", test_esp) ||
		!CU_add_test(s, "AH: the same", test_ah))
		return (int)CU_get_error();
	return 0;
}
