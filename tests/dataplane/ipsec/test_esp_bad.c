/* The ESP codec on bad packets: every truncation and length, all pad lengths and contents, next headers,
 * inner headers, flipped bits; buffers stand against pages that fault.  Where the ICV has to be good, OpenSSL
 * makes it (esp_kit.c). */
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/dataplane/ipsec/esp_kit.h"

#define SEQ 0x1234u

int suite_esp_bad(void);

/* A good packet round len bytes, of the code under test. Returns its length. */
static uint32_t
packet_make(struct kit *kit, uint8_t *outer, uint32_t len)
{
	struct crypto_op op;

	kit_inner(outer + kit->out->size.front, len, 0, 0);
	ipsec_protect(kit->out, outer, len, SEQ, &op);
	CU_ASSERT_EQUAL_FATAL(kit_run(kit, &op), CRYPTO_OK);
	return kit_length(kit->out, len);
}

/* ---- lengths ---- */

/* What RFC 4303 §2 makes of n bytes with a 20-byte outer header. */
static bool
length_is_good(const struct kit_transform *t, uint32_t n)
{
	uint32_t fixed = 28 + t->iv + t->icv;

	if (n < fixed + t->block)
		return false;
	return t->mode != ALG_MODE_CBC || (n - fixed) % t->block == 0;
}

static void
check_truncated(struct kit *kit, uint8_t *p, uint32_t n)
{
	struct kit_verdict v;
	struct ipsec_inner inner;
	uint32_t spi, seq;

	CU_ASSERT_EQUAL(kit_peek(p, n, &spi, &seq), n >= 28);
	v = kit_receive(kit, p, n, SEQ);
	CU_ASSERT_EQUAL(v.open, length_is_good(kit->t, n) ? DROP_NONE : DROP_ESP_LENGTH);
	if (v.open == DROP_NONE && kit->t->icv)
		CU_ASSERT_EQUAL(v.crypto, CRYPTO_BAD_ICV);
	/* and what encryption alone has to stand: rubbish where the trailer should be */
	CU_ASSERT_NOT_EQUAL(kit_decap(kit->in, p, n, &inner), DROP_NONE);
}

/* Each prefix of a good packet, against the page behind and the one in front. */
static void
check_truncation(struct kit *kit)
{
	uint8_t whole[256];
	uint32_t len = packet_make(kit, whole, 75);
	struct guard guard;

	guard_init(&guard, sizeof(whole));
	for (uint32_t n = 1; n < len; n++) {
		memcpy(guard_back(&guard, n), whole, n);
		check_truncated(kit, guard_back(&guard, n), n);
		memcpy(guard_front(&guard), whole, n);
		check_truncated(kit, guard_front(&guard), n);
	}
	memcpy(guard_back(&guard, len), whole, len);
	CU_ASSERT(kit_receive(kit, guard_back(&guard, len), len, SEQ).decap == DROP_NONE);
	guard_fini(&guard);
}

/* Outbound stays within its packet: no byte before or behind, whatever the padding. */
static void
check_bounds_out(struct kit *kit)
{
	struct guard guard;

	guard_init(&guard, 512);
	for (uint32_t len = 20; len < 90; len++) {
		uint32_t total = kit_length(kit->out, len);

		CU_ASSERT_EQUAL(packet_make(kit, guard_back(&guard, total), len), total);
		CU_ASSERT_EQUAL(packet_make(kit, guard_front(&guard), len), total);
	}
	guard_fini(&guard);
}

/* Outer headers with options move everything. */
static void
check_lengths_options(struct kit *kit)
{
	uint8_t packet[256] = {0};
	struct crypto_op op;

	for (uint32_t header = 20; header <= 60; header += 4) {
		packet[0] = (uint8_t)(0x40 | header / 4);
		for (uint32_t n = header; n < 200; n++)
			CU_ASSERT_EQUAL(ipsec_open(kit->in, packet, n, kit_at(packet), SEQ, &op),
				length_is_good(kit->t, n - header + 20) ? DROP_NONE : DROP_ESP_LENGTH);
	}
}

/* Any changed bit behind the SPI is noticed; a changed SPI belongs to another SA. */
static void
check_flips(struct kit *kit)
{
	uint8_t whole[256], packet[256];
	uint32_t len = packet_make(kit, whole, 40), spi = 0, seq = 0;

	for (uint32_t bit = 20 * 8; bit < len * 8; bit++) {
		memcpy(packet, whole, len);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_FATAL(kit_peek(packet, len, &spi, &seq));
		CU_ASSERT_EQUAL(spi == KIT_SPI, bit >= 24 * 8);
		if (bit < 24 * 8 || !kit->t->icv)
			continue;
		CU_ASSERT_EQUAL(kit_receive(kit, packet, len, seq).crypto, CRYPTO_BAD_ICV);
	}
}

/* ---- padding ---- */

/* Seals len bytes of inner packet and the trailer behind them, and receives that. */
static struct kit_verdict
trailer_receive(struct kit *kit, const uint8_t *text, uint32_t text_len)
{
	uint8_t packet[1024];
	uint32_t n = kit_seal(kit, packet, 20, 0, SEQ, text, text_len);
	struct kit_verdict v = kit_receive(kit, packet, n, SEQ);

	CU_ASSERT(v.open == DROP_NONE && v.crypto == CRYPTO_OK);
	return v;
}

/* Every pad length that the block allows for some inner length, good and with one byte wrong. */
static void
check_pads(struct kit *kit)
{
	uint8_t text[600];

	for (uint32_t pad = 0; pad <= 255; pad++) {
		uint32_t len = 24 + -(24 + pad + 2) % kit->t->block, n;
		struct kit_verdict v;

		kit_inner(text, len, 0, 0);
		n = len + kit_trailer(text + len, (uint8_t)pad, 4);
		v = trailer_receive(kit, text, n);
		CU_ASSERT_EQUAL(v.decap, DROP_NONE);
		CU_ASSERT_EQUAL(v.inner.len, len);
		if (!pad)
			continue;
		text[len + pad * 7 % 11 % pad] ^= 0x40;
		CU_ASSERT_EQUAL(trailer_receive(kit, text, n).decap, DROP_PAD);
	}
}

/* A text of 48 bytes and every pad length said: up to 46 fit, and of those only contents decide. */
static void
check_pad_said(struct kit *kit)
{
	uint8_t text[64];
	uint32_t room = 48 - 2;

	for (uint32_t said = 0; said <= 255; said++) {
		enum drop want = said > room ? DROP_PAD : DROP_IP_HEADER;

		/* Ends in 1, 2, 3 ... while there is room: then the inner packet is cut short. */
		kit_inner(text, 48, 0, 0);
		kit_trailer(text + (said > room ? 0 : room - said), (uint8_t)(said > room ? room : said), 4);
		text[46] = (uint8_t)said;
		CU_ASSERT_EQUAL(trailer_receive(kit, text, 48).decap, want);
		if (said < 2 || said > room)
			continue;
		memset(text + room - said, 0, said); /* zeros are no padding (RFC 4303 §2.4) */
		CU_ASSERT_EQUAL(trailer_receive(kit, text, 48).decap, DROP_PAD);
	}
}

/* Each byte of each pad length wrong, on the clear text: ipsec_decap() alone. */
static void
test_pad_bytes(void)
{
	struct ipsec_inner inner;
	uint8_t packet[512];
	struct kit kit;

	esp_kit_init(&kit, kit_find("esp-null esp-sha-hmac"), false); /* NULL: nothing is enciphered */
	kit_start(&kit);
	for (uint32_t pad = 0; pad <= 255; pad++) {
		uint32_t at = 28 + 20 + pad, n = 28 + 20 + pad + 2 + kit.t->icv;

		memset(packet, 0, sizeof(packet));
		packet[0] = 0x45;
		kit_inner(packet + 28, 20, 0, 0);
		kit_trailer(packet + 28 + 20, (uint8_t)pad, 4);
		CU_ASSERT_EQUAL(kit_decap(kit.in, packet, n, &inner), DROP_NONE);
		for (uint32_t i = 28 + 20; i < at; i++) {
			packet[i] ^= (uint8_t)(1 << i % 8);
			CU_ASSERT_EQUAL(kit_decap(kit.in, packet, n, &inner), DROP_PAD);
			packet[i] ^= (uint8_t)(1 << i % 8);
		}
	}
	esp_kit_fini(&kit);
}

/* One byte of padding more than there is text, with the byte before the text as it should be. */
static void
test_pad_before(void)
{
	struct ipsec_inner inner;
	uint8_t packet[512];
	struct kit kit;

	esp_kit_init(&kit, kit_find("esp-null esp-sha-hmac"), false);
	kit_start(&kit);
	for (uint32_t room = 0; room < 255; room++) {
		memset(packet, 0, sizeof(packet));
		packet[0] = 0x45;
		kit_trailer(packet + 28 - 1, (uint8_t)(room + 1), 4);
		CU_ASSERT_EQUAL(kit_decap(kit.in, packet, 28 + room + 2 + kit.t->icv, &inner), DROP_PAD);
	}
	esp_kit_fini(&kit);
}

/* ---- what is inside ---- */

static void
check_next_header(struct kit *kit)
{
	uint8_t text[64];
	uint32_t pad = -(24u + 2) % kit->t->block;

	kit_inner(text, 24, 0, 0);
	for (unsigned next = 0; next < 256; next++) {
		/* 41 is IPv6, which this is not */
		enum drop want = next == 4    ? DROP_NONE
				 : next == 41 ? DROP_IP_HEADER
				 : next == 59 ? DROP_DUMMY
					      : DROP_NEXT_HEADER;
		uint32_t n = 24 + kit_trailer(text + 24, (uint8_t)pad, (uint8_t)next);

		CU_ASSERT_EQUAL(trailer_receive(kit, text, n).decap, want);
		text[24 + pad] = 255; /* a wrong pad length comes first, but a dummy may hold anything */
		CU_ASSERT_EQUAL(trailer_receive(kit, text, n).decap, next == 59 ? DROP_DUMMY : DROP_PAD);
	}
}

/* Payloads of 0..19 bytes cannot be IPv4 (some offload hardware loses short packets). */
static void
check_runts(struct kit *kit)
{
	uint8_t text[64];

	for (uint32_t len = 0; len <= 20; len++) {
		uint32_t n = len;

		kit_inner(text, 20, 0, 0);
		n += kit_trailer(text + len, (uint8_t)(-(len + 2) % kit->t->block), 4);
		CU_ASSERT_EQUAL(trailer_receive(kit, text, n).decap, len < 20 ? DROP_IP_HEADER : DROP_NONE);
	}
}

/* An inner header with that first byte and total length and a good checksum, in 62 bytes of room. */
static enum drop
header_receive(struct kit *kit, uint8_t first, uint32_t total)
{
	uint32_t header = (first & 15u) * 4;
	uint8_t text[64];
	uint16_t sum;

	kit_inner(text, 62, 0, 0);
	kit_trailer(text + 62, 0, 4);
	text[0] = first;
	store_be16(text + 2, (uint16_t)total);
	sum = kit_checksum(text, header < 20 ? 20 : header);
	store_be16(text + 10, sum);
	return trailer_receive(kit, text, 64).decap;
}

static void
check_inner_header(struct kit *kit)
{
	for (unsigned first = 0; first < 256; first++)
		CU_ASSERT_EQUAL(header_receive(kit, (uint8_t)first, 62),
			first >= 0x45 && first <= 0x4f ? DROP_NONE : DROP_IP_HEADER);
	for (uint32_t header = 20; header <= 60; header += 4)
		for (uint32_t total = 0; total < 70; total++)
			CU_ASSERT_EQUAL(header_receive(kit, (uint8_t)(0x40 | header / 4), total),
				total >= header && total <= 62 ? DROP_NONE : DROP_IP_HEADER);
	CU_ASSERT_EQUAL(header_receive(kit, 0x45, 65535), DROP_IP_HEADER);
}

static void
check_inner_checksum(struct kit *kit)
{
	uint8_t text[64];

	for (unsigned bit = 0; bit < 160; bit++) {
		kit_inner(text, 62, 0, 0);
		kit_trailer(text + 62, 0, 4);
		text[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(trailer_receive(kit, text, 64).decap, DROP_IP_HEADER);
	}
}

static void
test_truncation(void)
{
	kit_each(check_truncation);
}

static void
test_lengths(void)
{
	kit_each(check_bounds_out);
	kit_each(check_lengths_options);
}

static void
test_flips(void)
{
	kit_each(check_flips);
}

static void
test_pads(void)
{
	kit_each(check_pads);
	kit_each(check_pad_said);
}

static void
test_inside(void)
{
	kit_each(check_next_header);
	kit_each(check_runts);
	kit_each(check_inner_header);
	kit_each(check_inner_checksum);
}

int
suite_esp_bad(void)
{
	CU_pSuite s = CU_add_suite("esp_bad", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_truncation);
	CU_ADD_TEST(s, test_lengths);
	CU_ADD_TEST(s, test_flips);
	CU_ADD_TEST(s, test_pads);
	CU_ADD_TEST(s, test_pad_bytes);
	CU_ADD_TEST(s, test_pad_before);
	CU_ADD_TEST(s, test_inside);
	return (int)CU_get_error();
}
