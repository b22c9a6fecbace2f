/* The ESP codec on good packets: bytes on the wire, round trips, headers, ECN, sizes.  Every packet that goes
 * out is opened by the second implementation of esp_kit.c, which also makes inbound packets.  Bad ones:
 * test_esp_bad.c. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/ecn.h"
#include "dataplane/ipsec/ipv4.h"
#include "tests/dataplane/ipsec/esp_kit.h"

#define CANARY 0xa5
#define ROOM 66000u

int suite_esp(void);

/* ---- sizes ---- */

/* IPv4 tunnel, MTU 1500: the published figures; NULL and encryption alone worked out by hand. */
static const struct {
	const char *words;
	uint32_t most;
} figures[] = {
	{"esp-gcm 128", 1446}, {"esp-gcm 192", 1446}, {"esp-gcm 256", 1446}, {"esp-gcm-8 128", 1454},
	{"esp-aes 128 esp-sha-hmac", 1438}, {"esp-aes 256 esp-sha256-hmac", 1438}, {"esp-aes 128", 1454},
	{"esp-3des esp-sha-hmac", 1446}, {"esp-des esp-md5-hmac", 1446}, {"esp-null esp-sha-hmac", 1458},
	{"esp-null esp-sha256-hmac", 1454},
};

static void
check_overhead(struct kit *kit)
{
	const struct kit_transform *t = kit->t;

	for (unsigned i = 0; i < sizeof(figures) / sizeof(*figures); i++)
		if (!strcmp(t->words, figures[i].words))
			CU_ASSERT_EQUAL(ipsec_inner_max(&kit->out->size, 1500, 0), figures[i].most);
	for (uint32_t n = 1; n < 100; n++) {
		uint32_t sealed = n + 2;

		while (sealed % t->block)
			sealed++;
		CU_ASSERT_EQUAL(kit_trailer_length(kit->out, n), sealed - n);
		CU_ASSERT_EQUAL(kit_length(kit->out, n), 20 + 8 + t->iv + sealed + t->icv);
	}
}

static void
check_inner_max(struct kit *kit)
{
	uint32_t best = 0;

	for (uint32_t mtu = 0; mtu <= 9100; mtu++) {
		while (kit_length(kit->out, best + 1) <= mtu)
			best++;
		CU_ASSERT_EQUAL(ipsec_inner_max(&kit->out->size, mtu, 0), best);
	}
}

static void
test_overhead(void)
{
	kit_each(check_overhead);
}

static void
test_inner_max(void)
{
	kit_each(check_inner_max);
}

/* ---- round trips ---- */

/* What stands on the wire, against RFC 4303 §2 and RFC 4106 §3.1. */
static void
check_wire(const struct kit *kit, const uint8_t *outer, uint64_t seq)
{
	const uint8_t *esp = outer + 20;
	uint8_t nonce[16] = {0}, iv[16] = {0};
	uint32_t spi = 0, low = 0;

	CU_ASSERT_EQUAL(load_be32(esp), KIT_SPI);
	CU_ASSERT_EQUAL(load_be32(esp + 4), (uint32_t)seq);
	CU_ASSERT(kit_peek(outer, 28, &spi, &low) && spi == KIT_SPI && low == (uint32_t)seq);
	if (kit->t->iv && kit->t->mode != ALG_MODE_CBC)
		CU_ASSERT_EQUAL(load_be64(esp + 8), seq);
	if (kit->t->mode == ALG_MODE_CBC) { /* SP 800-38A Appendix C: the enciphered nonce */
		store_be64(nonce, seq);
		store_be32(nonce + 8, KIT_SPI);
		kit_block(kit, nonce, iv);
		CU_ASSERT(memcmp(esp + 8, iv, kit->t->iv) == 0);
	}
}

/* One packet of `len` bytes out (opened by OpenSSL) and in again. */
static void
check_trip(struct kit *kit, uint8_t *room, uint32_t len, uint64_t seq)
{
	uint32_t head = 28 + kit->t->iv, total = kit_length(kit->out, len);
	uint32_t tail = total - head - len - kit->t->icv;
	uint8_t *outer = room + 64, want[ROOM], text[ROOM];
	struct kit_verdict v;
	struct crypto_op op;

	kit_inner(want, len, 0xb8, 0);
	kit_trailer(want + len, (uint8_t)(tail - 2), 4);
	memset(room, CANARY, total + 128);
	memcpy(outer + head, want, len);
	ipsec_protect(kit->out, outer, len, seq, &op);
	CU_ASSERT_EQUAL(kit_run(kit, &op), CRYPTO_OK);
	CU_ASSERT(outer[-1] == CANARY && outer[total] == CANARY && outer[total + 15] == CANARY);
	check_wire(kit, outer, seq);
	CU_ASSERT(kit_checksum_good(outer));
	CU_ASSERT_EQUAL(load_be16(outer + 2), total);
	CU_ASSERT_EQUAL(kit_unseal(kit, outer, total, seq, text), (int)(len + tail));
	CU_ASSERT(memcmp(text, want, len + tail) == 0);
	v = kit_receive(kit, outer, total, seq);
	CU_ASSERT(v.open == DROP_NONE && v.crypto == CRYPTO_OK && v.decap == DROP_NONE);
	CU_ASSERT(v.inner.offset == head && v.inner.len == len);
	CU_ASSERT(memcmp(outer + head, want, len) == 0);
	CU_ASSERT(memcmp(kit->out->salt, kit->out_cfg.key + kit->t->key, kit->t->salt) == 0);
}

static void
check_sizes(struct kit *kit)
{
	uint8_t room[ROOM];
	/* with ESN the numbers cross 2^32 on the way */
	uint64_t seq = kit->out_cfg.esn ? UINT64_C(0xfffffff0) : 1;

	for (uint32_t len = 20; len <= 1600; len += len < 120 ? 1 : 11) /* all residues of a block */
		check_trip(kit, room, len, seq++);
	check_trip(kit, room, 9000, seq++);
	check_trip(kit, room, 65000, seq++);
	check_trip(kit, room, 1000, kit->out_cfg.esn ? UINT64_MAX : UINT32_MAX);
}

static void
test_sizes(void)
{
	kit_each(check_sizes);
}

/* Packets that somebody else made, with outer options and TFC padding too. */
static void
check_foreign(struct kit *kit)
{
	uint8_t text[2048], packet[2048];

	for (uint32_t header = 20; header <= 60; header += 4) {
		for (uint32_t tfc = 0; tfc < 40; tfc += 13) {
			uint32_t len = 20 + header, pad = -(len + tfc + 2) % kit->t->block, n;
			struct kit_verdict v;

			kit_inner(text, len, 0, 0);
			memset(text + len, 0xee, tfc);
			n = kit_trailer(text + len + tfc, (uint8_t)pad, 4);
			n = kit_seal(kit, packet, header, 0, 77, text, len + tfc + n);
			v = kit_receive(kit, packet, n, 77);
			CU_ASSERT(v.open == DROP_NONE && v.crypto == CRYPTO_OK && v.decap == DROP_NONE);
			CU_ASSERT_EQUAL(v.inner.offset, header + 8 + kit->t->iv);
			CU_ASSERT_EQUAL(v.inner.len, len);
			CU_ASSERT(memcmp(packet + v.inner.offset, text, len) == 0);
		}
	}
}

static void
test_foreign(void)
{
	kit_each(check_foreign);
}

/* A wrong high half fails wherever there is an ICV (RFC 4303 §2.2.1); without ESN it plays no part. */
static void
check_high_half(struct kit *kit)
{
	static const uint64_t highs[] = {0, 1, 2, 4, 0x80000000, 0xffffffff};
	uint8_t clear[128], sealed[128], packet[128];
	uint32_t total = kit_length(kit->out, 40);
	uint64_t seq = UINT64_C(0x300000005);
	struct crypto_op op;

	kit_inner(clear, 40, 0, 0);
	memcpy(sealed + kit->out->size.front, clear, 40);
	ipsec_protect(kit->out, sealed, 40, seq, &op);
	CU_ASSERT_EQUAL(kit_run(kit, &op), CRYPTO_OK);
	for (unsigned i = 0; i < sizeof(highs) / sizeof(highs[0]); i++) {
		memcpy(packet, sealed, total);
		CU_ASSERT_EQUAL(kit_receive(kit, packet, total, highs[i] << 32 | 5).crypto,
			kit->out_cfg.esn && kit->t->icv ? CRYPTO_BAD_ICV : CRYPTO_OK);
	}
	memcpy(packet, sealed, total);
	CU_ASSERT_EQUAL(kit_receive(kit, packet, total, seq).crypto, CRYPTO_OK);
}

static void
test_high_half(void)
{
	kit_each(check_high_half);
}

/* The IV of CBC differs from packet to packet, though the packets are the same. */
static void
check_iv(struct kit *kit)
{
	uint8_t packet[256], seen[200][16];
	struct crypto_op op;

	if (kit->t->mode != ALG_MODE_CBC)
		return;
	for (unsigned i = 0; i < 200; i++) {
		kit_inner(packet + kit->out->size.front, 60, 0, 0);
		ipsec_protect(kit->out, packet, 60, i + 1, &op);
		CU_ASSERT_EQUAL(kit_run(kit, &op), CRYPTO_OK);
		memcpy(seen[i], packet + 28, kit->t->iv);
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT(memcmp(seen[i], seen[j], kit->t->iv) != 0);
	}
}

static void
test_iv(void)
{
	kit_each(check_iv);
}

/* ---- the outer header ---- */

/* One header by the rules, field by field. */
static void
check_outer(struct kit *kit, uint8_t tos, uint16_t fragment)
{
	const struct cfg_sa *cfg = &kit->out_cfg;
	uint8_t packet[256], want_tos;
	uint16_t id = kit->out->ip_id, want_df;
	struct crypto_op op;

	kit_inner(packet + kit->out->size.front, 61, tos, fragment);
	ipsec_protect(kit->out, packet, 61, 9, &op);
	want_tos = (uint8_t)((cfg->dscp < 0 ? tos >> 2 : cfg->dscp) << 2 | (tos & 3));
	want_df = cfg->df == CFG_DF_SET || (cfg->df == CFG_DF_COPY && fragment & 0x4000) ? 0x4000 : 0;
	CU_ASSERT_EQUAL(packet[0], 0x45);
	CU_ASSERT_EQUAL(packet[1], want_tos);
	CU_ASSERT_EQUAL(load_be16(packet + 2), kit_length(kit->out, 61));
	CU_ASSERT_EQUAL(load_be16(packet + 4), id);
	CU_ASSERT_EQUAL(load_be16(packet + 6), want_df);
	CU_ASSERT_EQUAL(packet[8], cfg->ttl);
	CU_ASSERT_EQUAL(packet[9], 50);
	CU_ASSERT(kit_checksum_good(packet));
	CU_ASSERT_EQUAL(load_be32(packet + 12), KIT_SRC);
	CU_ASSERT_EQUAL(load_be32(packet + 16), KIT_DST);
	CU_ASSERT_EQUAL(kit->out->ip_id, (uint16_t)(id + 1));
}

static void
test_outer(void)
{
	static const uint16_t fragments[] = {0, 0x4000, 0x2000, 0x6123, 0x00ff};
	static const int32_t dscps[] = {-1, 0, 1, 46, 63};
	struct kit kit;

	for (unsigned i = 0; i < 15; i++) {
		esp_kit_init(&kit, &kit_transforms[i % kit_transform_count], false);
		kit.out_cfg.df = (enum cfg_df)(i % 3);
		kit.out_cfg.dscp = dscps[i / 3];
		kit.out_cfg.ttl = (uint8_t)(255 - i * 18); /* 255 .. 3 */
		kit_start(&kit);
		for (unsigned tos = 0; tos < 256; tos++)
			for (unsigned f = 0; f < 5; f++)
				check_outer(&kit, (uint8_t)tos, fragments[f]);
		esp_kit_fini(&kit);
	}
}

/* All identifications, hence all checksums of a header, once round. */
static void
test_identification(void)
{
	struct kit kit;
	uint16_t first;

	esp_kit_init(&kit, &kit_transforms[0], false);
	kit_start(&kit);
	first = kit.out->ip_id;
	for (unsigned i = 0; i < 65536; i++)
		check_outer(&kit, 0xb9, 0x4000);
	CU_ASSERT_EQUAL(kit.out->ip_id, first);
	esp_kit_fini(&kit);
}

/* ---- ECN ---- */

/* RFC 6040 Figure 4, as printed: rows inner, columns outer, in the order Not-ECT, ECT(0), ECT(1), CE.  x is a
 * drop, 0 and 1 are ECT(0) and ECT(1). */
static void
check_ecn(struct kit *kit)
{
	static const uint8_t order[4] = {0, 2, 1, 3};
	static const char *const figure[4] = {"nnnx", "001c", "111c", "cccc"};
	static const char names[4] = {'n', '1', '0', 'c'}; /* by code point (RFC 3168 §5) */
	uint8_t text[128], packet[256];

	for (unsigned i = 0; i < 4 * 4 * 64; i++) {
		uint8_t inner_ecn = order[i / 4 % 4], outer_ecn = order[i % 4], dscp = (uint8_t)(i / 16);
		char want = figure[i / 4 % 4][i % 4];
		uint32_t pad = -(40u + 2) % kit->t->block, n;
		struct kit_verdict v;
		uint8_t *inner;

		kit_inner(text, 40, (uint8_t)(dscp << 2 | inner_ecn), 0);
		n = 40 + kit_trailer(text + 40, (uint8_t)pad, 4);
		n = kit_seal(kit, packet, 20, (uint8_t)(0x28 << 2 | outer_ecn), 3, text, n);
		v = kit_receive(kit, packet, n, 3);
		CU_ASSERT_EQUAL(v.decap, want == 'x' ? DROP_ECN : DROP_NONE);
		if (want == 'x')
			continue;
		inner = packet + v.inner.offset;
		CU_ASSERT_EQUAL(inner[1] >> 2, dscp);
		CU_ASSERT_EQUAL(names[inner[1] & 3], want);
		CU_ASSERT(kit_checksum_good(inner));
		CU_ASSERT(inner[0] == text[0] && !memcmp(inner + 2, text + 2, 8) &&
			  !memcmp(inner + 12, text + 12, 28));
	}
}

static void
test_ecn(void)
{
	struct kit kit;

	for (unsigned i = 0; i < kit_transform_count; i += 3) {
		esp_kit_init(&kit, &kit_transforms[i], false);
		kit_start(&kit);
		check_ecn(&kit);
		esp_kit_fini(&kit);
	}
}

/* ---- IPv4 helpers ---- */

static void
test_checksum(void)
{
	uint8_t ip[60];

	for (uint32_t header = 20; header <= 60; header += 4) {
		for (uint32_t i = 0; i < header; i++)
			ip[i] = (uint8_t)(i * 37 + header);
		ip[0] = (uint8_t)(0x40 | header / 4);
		ipv4_checksum_set(ip, header);
		CU_ASSERT(kit_checksum_good(ip) && ipv4_checksum_ok(ip, header));
		for (uint32_t bit = 0; bit < header * 8; bit++) {
			ip[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CU_ASSERT(!ipv4_checksum_ok(ip, header));
			ip[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* Every new value of a word, and RFC 1624 §4's own case, where RFC 1141 goes wrong. */
static void
test_checksum_update(void)
{
	uint8_t ip[20];

	kit_inner(ip, 20, 0, 0);
	for (unsigned i = 0; i < 65536; i++) {
		uint16_t before = load_be16(ip + 4), after = (uint16_t)(i * 40503u);

		store_be16(ip + 4, after);
		ipv4_checksum_update(ip, before, after);
		CU_ASSERT(kit_checksum_good(ip));
	}
	store_be16(ip + 10, 0xdd2f);
	ipv4_checksum_update(ip, 0x5555, 0x3285);
	CU_ASSERT_EQUAL(load_be16(ip + 10), 0x0000);
}

int
suite_esp(void)
{
	CU_pSuite s = CU_add_suite("esp", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_overhead);
	CU_ADD_TEST(s, test_inner_max);
	CU_ADD_TEST(s, test_sizes);
	CU_ADD_TEST(s, test_foreign);
	CU_ADD_TEST(s, test_high_half);
	CU_ADD_TEST(s, test_iv);
	CU_ADD_TEST(s, test_outer);
	CU_ADD_TEST(s, test_identification);
	CU_ADD_TEST(s, test_ecn);
	CU_ADD_TEST(s, test_checksum);
	CU_ADD_TEST(s, test_checksum_update);
	return (int)CU_get_error();
}
