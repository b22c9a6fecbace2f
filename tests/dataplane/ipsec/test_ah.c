/* AH on good packets: bytes on the wire, ICV, header fields that may change, options and extension headers.
 * RFC 4302 §2, §3.3.3, §3.4.4, Appendix A.  What each header is in the ICV is written out here by hand.
 * Bad packets: test_ah_bad.c. */
#include "tests/dataplane/ipsec/ah_rig.h"

int suite_ah(void);

static struct ah_shape
shape_of(unsigned mac, bool v6, bool transport, bool esn)
{
	return (struct ah_shape){&ah_macs[mac], v6, esn, transport, true};
}

/* ---- plain headers ---- */

/* RFC 4302 §2: every field, and the ICV over the rest with the header as at muted. */
static void
check_fields(struct ah_rig *rig, const uint8_t *packet, uint32_t len, const uint8_t *muted, uint32_t at,
	uint8_t next, uint64_t seq)
{
	uint32_t bytes = ah_bytes(&rig->shape), icv_len = rig->shape.mac->icv;
	const uint8_t *ah = packet + at;
	uint8_t icv[EVP_MAX_MD_SIZE];

	CU_ASSERT_EQUAL(ah[0], next);
	CU_ASSERT_EQUAL(ah[1], bytes / 4 - 2);
	CU_ASSERT_EQUAL(load_be16(ah + 2), 0);
	CU_ASSERT_EQUAL(load_be32(ah + 4), AH_SPI);
	CU_ASSERT_EQUAL(load_be32(ah + 8), (uint32_t)seq);
	for (uint32_t i = 12 + icv_len; i < bytes; i++)
		CU_ASSERT_EQUAL(ah[i], 0);
	ah_icv(rig, packet, len, muted, at, seq, icv);
	CU_ASSERT(!memcmp(ah + 12, icv, icv_len));
}

static void
check_plain(struct ah_rig *rig, uint32_t len, uint64_t seq)
{
	uint8_t room[AH_ROOM], inner[AH_ROOM], muted[40], *packet = room + IPSEC_AH_SCRATCH;
	uint32_t at = rig->shape.v6 ? 40 : 20, total;
	struct ah_verdict v;

	if (rig->shape.v6)
		ah_v6(inner, 253, NULL, 0, len);
	else
		ah_v4(inner, NULL, 0, len);
	memset(room, 0xa5, sizeof(room));
	total = ah_send(rig, packet, inner, len, seq);
	memcpy(muted, packet, at);
	ah_mute_fixed(muted);
	check_fields(rig, packet, total, muted, at, rig->shape.transport ? 253 : rig->shape.v6 ? 41 : 4, seq);
	CU_ASSERT_EQUAL(rig->shape.v6 ? load_be16(packet + 4) + 40u : load_be16(packet + 2), total);
	CU_ASSERT(rig->shape.v6 || kit_checksum_good(packet));
	CU_ASSERT_EQUAL(packet[rig->shape.v6 ? 6 : 9], 51);
	CU_ASSERT(!memcmp(packet + total - (len - at), inner + at, len - at));
	v = ah_receive(rig, packet, total, seq);
	CU_ASSERT(ah_got(&v, packet, inner, len));
	CU_ASSERT_EQUAL(packet[total + 4], 0xa5);
	CU_ASSERT(room[IPSEC_AH_SCRATCH - at - 1] == 0xa5);
}

static void
check_sizes(struct ah_rig *rig)
{
	uint32_t least = rig->shape.v6 ? 40 : 20;
	uint64_t seq = rig->shape.esn ? UINT64_C(0x1fffffff0) : UINT64_C(0xffffff00);

	for (uint32_t len = least; len < least + 70; len++)
		check_plain(rig, len, seq++);
	check_plain(rig, 1400, seq);
	check_plain(rig, 1401, rig->shape.esn ? UINT64_MAX : UINT32_MAX);
}

static void
test_plain(void)
{
	ah_each(check_sizes);
}

/* A wrong high half is noticed with ESN, and plays no part without. */
static void
check_high_half(struct ah_rig *rig)
{
	uint8_t room[AH_ROOM], inner[64], *packet = room + IPSEC_AH_SCRATCH;
	uint32_t total;

	if (rig->shape.v6)
		ah_v6(inner, 253, NULL, 0, 64);
	else
		ah_v4(inner, NULL, 0, 64);
	total = ah_send(rig, packet, inner, 64, AH_SEQ);
	for (unsigned bit = 32; bit < 64; bit++)
		CU_ASSERT_EQUAL(ah_receive(rig, packet, total, AH_SEQ ^ UINT64_C(1) << bit).crypto,
			rig->shape.esn ? CRYPTO_BAD_ICV : CRYPTO_OK);
}

static void
check_high_halves(struct ah_rig *rig)
{
	if (!rig->shape.transport) /* decap changes the packet */
		check_high_half(rig);
}

static void
test_high_half(void)
{
	ah_each(check_high_halves);
}

/* Padding of the ICV and the reserved field may hold anything, and are covered (§2.3, §2.6). */
static void
check_foreign(struct ah_rig *rig)
{
	uint8_t room[AH_ROOM], inner[100], muted[40], icv[EVP_MAX_MD_SIZE], *packet = room + IPSEC_AH_SCRATCH;
	uint32_t at = rig->shape.v6 ? 40 : 20, bytes = ah_bytes(&rig->shape), total;
	struct ah_verdict v;

	if (rig->shape.v6)
		ah_v6(inner, 253, NULL, 0, 100);
	else
		ah_v4(inner, NULL, 0, 100);
	total = ah_send(rig, packet, inner, 100, AH_SEQ);
	memcpy(muted, packet, at);
	ah_mute_fixed(muted);
	store_be16(packet + at + 2, 0xbeef);
	for (uint32_t i = 12 + rig->shape.mac->icv; i < bytes; i++)
		packet[at + i] = (uint8_t)(i * 7);
	CU_ASSERT_EQUAL(ah_receive(rig, packet, total, AH_SEQ).crypto, CRYPTO_BAD_ICV);
	ah_icv(rig, packet, total, muted, at, AH_SEQ, icv);
	memcpy(packet + at + 12, icv, rig->shape.mac->icv);
	v = ah_receive(rig, packet, total, AH_SEQ);
	CU_ASSERT(ah_got(&v, packet, inner, 100));
}

static void
test_foreign(void)
{
	ah_each(check_foreign);
}

/* ---- ECN ---- */

static void
ecn_run(struct ah_rig *rig, bool v6, uint8_t inside, uint8_t outside, int want)
{
	uint8_t room[AH_ROOM], inner[100], *packet = room + IPSEC_AH_SCRATCH, *tos = packet + 1;
	struct ah_verdict v;
	uint32_t total;

	if (v6)
		ah_v6(inner, 253, NULL, 0, 100);
	else
		ah_v4(inner, NULL, 0, 100);
	inner[1] = v6 ? (uint8_t)(inside << 4 | 3) : inside;
	store_be16(inner + 10, v6 ? 0 : kit_checksum(inner, 20));
	total = ah_send(rig, packet, inner, 100, AH_SEQ);
	CU_ASSERT_EQUAL(rig->shape.v6 ? *tos >> 4 & 3 : *tos & 3, inside); /* RFC 6040 §4.1 */
	*tos = rig->shape.v6 ? (uint8_t)((*tos & 0xcf) | outside << 4) : (uint8_t)((*tos & 0xfc) | outside);
	v = ah_receive(rig, packet, total, AH_SEQ);
	CU_ASSERT(v.drop == DROP_NONE && v.crypto == CRYPTO_OK);
	CU_ASSERT_EQUAL(v.decap, want < 0 ? DROP_ECN : DROP_NONE);
	if (want < 0)
		return;
	inner[1] = v6 ? (uint8_t)(want << 4 | 3) : (uint8_t)want;
	store_be16(inner + 10, v6 ? 0 : kit_checksum(inner, 20));
	CU_ASSERT(ah_got(&v, packet, inner, 100));
}

/* The field is muted for the ICV, and all the same combined as it arrived (RFC 6040 §4.2, Figure 4). */
static void
test_ecn(void)
{
	static const uint8_t order[4] = {0, 2, 1, 3};
	static const int figure[4][4] = {{0, 0, 0, -1}, {2, 2, 1, 3}, {1, 1, 1, 3}, {3, 3, 3, 3}};
	struct ah_rig rig;

	for (unsigned shape = 0; shape < 4; shape++) {
		ah_rig_open(&rig, shape_of(1, shape & 1, false, false));
		for (unsigned i = 0; i < 16; i++)
			ecn_run(&rig, shape & 2, order[i / 4], order[i % 4], figure[i / 4][i % 4]);
		ah_rig_close(&rig);
	}
}

/* ---- IPv4 options ---- */

/* As sent, as hashed, and as it may arrive. */
struct v4_case {
	const char *name;
	uint32_t bytes;
	uint8_t option[40], hashed[40], arrives[40];
	uint32_t final; /* destination at the end of a source route; 0: as it is */
};

#define A1 10, 9, 0, 1
#define A2 10, 9, 0, 2
#define A3 10, 9, 0, 3

static const struct v4_case v4_cases[] = {
	{"none", 0, {0}, {0}, {0}, 0},
	{"NOP", 4, {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, 0},
	{"EOL", 4, {0}, {0}, {0}, 0},
	{"bytes behind EOL", 8, {1, 0, 7, 9, 0xff, 68, 1, 2}, {1, 0, 7, 9, 0xff, 68, 1, 2},
		{1, 0, 7, 9, 0xff, 68, 1, 2}, 0},
	{"record route", 12, {7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0}, {7, 11, 12, A1, A2, 0}, 0},
	{"NOP, record route", 8, {1, 7, 7, 4, 0, 0, 0, 0}, {1}, {1, 7, 7, 8, A1}, 0},
	{"time stamp", 12, {68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0}, {68, 12, 9, 0x10, 1, 2, 3, 4}, 0},
	{"traceroute", 12, {82, 12, 0, 1, 0, 0, 0xff, 0xff, A1}, {0}, {82, 12, 0, 1, 0, 9, 0xff, 0xff, A1},
		0},
	{"stream id", 4, {136, 4, 1, 2}, {0}, {136, 4, 3, 4}, 0},
	{"unknown", 8, {222, 7, 1, 2, 3, 4, 5, 1}, {0, 0, 0, 0, 0, 0, 0, 1}, {222, 7, 9, 9, 9, 9, 9, 1}, 0},
	{"security", 12, {130, 11, 0xab, 1, 2, 3, 4, 5, 6, 7, 8, 0},
		{130, 11, 0xab, 1, 2, 3, 4, 5, 6, 7, 8, 0}, {130, 11, 0xab, 1, 2, 3, 4, 5, 6, 7, 8, 0}, 0},
	{"extended security", 4, {133, 4, 7, 8}, {133, 4, 7, 8}, {133, 4, 7, 8}, 0},
	{"commercial security", 8, {134, 8, 0, 0, 0, 1, 1, 2}, {134, 8, 0, 0, 0, 1, 1, 2},
		{134, 8, 0, 0, 0, 1, 1, 2}, 0},
	{"router alert", 4, {148, 4, 0, 0}, {148, 4, 0, 0}, {148, 4, 0, 0}, 0},
	{"multi-destination", 8, {149, 6, A1, 0, 0}, {149, 6, A1, 0, 0}, {149, 6, A1, 0, 0}, 0},
	{"loose source route", 12, {131, 11, 4, A1, A2, 0}, {0}, {131, 11, 12, 10, 2, 0, 7, A1, 0},
		0x0a090002},
	{"strict source route", 16, {1, 137, 15, 4, A1, A2, A3}, {1}, {1, 137, 15, 16, 10, 2, 0, 7, A1, A2},
		0x0a090003},
	{"source route, half way", 12, {131, 11, 8, A1, A2, 0}, {0}, {131, 11, 12, A1, 10, 2, 0, 7, 0},
		0x0a090002},
	{"source route at its end", 12, {131, 11, 12, A1, A2, 0}, {0}, {131, 11, 12, A1, A2, 0}, 0},
	{"empty source route", 4, {131, 3, 4, 1}, {0, 0, 0, 1}, {131, 3, 4, 1}, 0},
	{"all sorts", 40, {148, 4, 0, 0, 1, 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 130, 11, 1, 2, 3, 4, 5, 6, 7, 8,
				  9, 68, 8, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		{148, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		{148, 4, 0, 0, 1, 7, 11, 12, A1, A2, 130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 68, 8, 9, 0, 1, 1,
			1, 1, 0, 0, 0, 0, 0},
		0},
};

/* The header changes under way as routers change it; the destination of a source route too. */
static void
v4_travel(uint8_t *packet, const struct v4_case *c)
{
	packet[1] ^= 0x5f;
	packet[6] ^= 0x40;
	packet[8] -= 5;
	if (c->bytes)
		memcpy(packet + 20, c->arrives, c->bytes);
	if (c->final)
		store_be32(packet + 16, c->final);
	store_be16(packet + 10, kit_checksum(packet, 20 + c->bytes));
}

/* What decap gives back: the inner header as it arrived. */
static void
v4_expect(uint8_t *inner, const uint8_t *packet, uint32_t at, uint32_t len)
{
	memcpy(inner, packet, at);
	inner[9] = 253;
	store_be16(inner + 2, (uint16_t)len);
	store_be16(inner + 10, kit_checksum(inner, at));
}

static void
v4_case_run(struct ah_rig *rig, const struct v4_case *c)
{
	uint8_t room[AH_ROOM], inner[200], muted[60], *packet = room + IPSEC_AH_SCRATCH;
	uint32_t at = 20 + c->bytes, len = ah_v4(inner, c->option, c->bytes, at + 77);
	uint32_t total = ah_send(rig, packet, inner, len, AH_SEQ);
	struct ah_verdict v;

	memcpy(muted, packet, 20);
	ah_mute_fixed(muted);
	memcpy(muted + 20, c->hashed, c->bytes);
	if (c->final)
		store_be32(muted + 16, c->final);
	check_fields(rig, packet, total, muted, at, 253, AH_SEQ);
	/* all but protocol, length and checksum is the sender's */
	CU_ASSERT(!memcmp(packet, inner, 2) && !memcmp(packet + 4, inner + 4, 5));
	CU_ASSERT(!memcmp(packet + 12, inner + 12, 8 + c->bytes));
	CU_ASSERT(packet[9] == 51 && load_be16(packet + 2) == total && kit_checksum_good(packet));
	v4_travel(packet, c);
	v4_expect(inner, packet, at, len);
	v = ah_receive(rig, packet, total, AH_SEQ);
	CU_ASSERT(ah_got(&v, packet, inner, len));
	if (!ah_got(&v, packet, inner, len))
		printf("%s: drop %u, crypto %u ", c->name, v.drop, v.crypto);
}

static void
test_v4_options(void)
{
	struct ah_rig rig;

	for (unsigned i = 0; i < 2; i++) {
		ah_rig_open(&rig, shape_of(1 + i, false, true, i));
		for (unsigned k = 0; k < sizeof(v4_cases) / sizeof(*v4_cases); k++)
			v4_case_run(&rig, &v4_cases[k]);
		ah_rig_close(&rig);
	}
}

/* ---- IPv6 extension headers ---- */

#define V6(n) 0x20, 1, 0x0d, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, n
#define V6_DST 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7

struct v6_case {
	const char *name;
	uint8_t first; /* number of the first extension */
	uint32_t bytes; /* that stay before AH; the rest (77 bytes) is of number `next` */
	uint8_t next;
	uint8_t sent[80], hashed[80], arrives[80]; /* with next headers as on the wire */
	uint8_t final; /* last byte of the final destination V6(); 0: as it is */
};

static const struct v6_case v6_cases[] = {
	{"none", 253, 0, 253, {0}, {0}, {0}, 0},
	{"hop-by-hop, padding", 0, 8, 253, {51, 0, 1, 4, 0, 0, 0, 0}, {51, 0, 1, 4, 0, 0, 0, 0},
		{51, 0, 1, 4, 0, 0, 0, 0}, 0},
	{"Pad1", 0, 8, 253, {51, 0, 0, 0, 0, 0, 0, 0}, {51}, {51}, 0},
	{"router alert", 0, 8, 253, {51, 0, 5, 2, 0, 0, 1, 0}, {51, 0, 5, 2, 0, 0, 1, 0},
		{51, 0, 5, 2, 0, 0, 1, 0}, 0},
	{"an option that may change", 0, 8, 253, {51, 0, 0x3e, 3, 1, 2, 3, 0}, {51, 0, 0x3e, 3, 0, 0, 0, 0},
		{51, 0, 0x3e, 3, 7, 8, 9, 0}, 0},
	{"one that may and one that may not", 0, 16, 253,
		{51, 1, 0x31, 4, 1, 2, 3, 4, 0x1e, 4, 5, 6, 7, 8, 1, 0},
		{51, 1, 0x31, 4, 0, 0, 0, 0, 0x1e, 4, 5, 6, 7, 8, 1, 0},
		{51, 1, 0x31, 4, 9, 9, 9, 9, 0x1e, 4, 5, 6, 7, 8, 1, 0}, 0},
	{"routing, two to go", 43, 40, 253, {51, 4, 0, 2, 0, 0, 0, 0, V6(1), V6(2)},
		{51, 4, 0, 0, 0, 0, 0, 0, V6_DST, V6(1)}, {51, 4, 0, 0, 0, 0, 0, 0, V6_DST, V6(1)}, 2},
	{"routing, one of two to go", 43, 40, 253, {51, 4, 0, 1, 0, 0, 0, 0, V6(1), V6(2)},
		{51, 4, 0, 0, 0, 0, 0, 0, V6(1), V6_DST}, {51, 4, 0, 0, 0, 0, 0, 0, V6(1), V6_DST}, 2},
	{"routing at its end", 43, 40, 253, {51, 4, 0, 0, 1, 2, 3, 4, V6(1), V6(2)},
		{51, 4, 0, 0, 1, 2, 3, 4, V6(1), V6(2)}, {51, 4, 0, 0, 1, 2, 3, 4, V6(1), V6(2)}, 0},
	{"routing of three", 43, 56, 253, {51, 6, 0, 3, 0, 0, 0, 0, V6(1), V6(2), V6(3)},
		{51, 6, 0, 0, 0, 0, 0, 0, V6_DST, V6(1), V6(2)},
		{51, 6, 0, 0, 0, 0, 0, 0, V6_DST, V6(1), V6(2)},
		3},
	{"home address (type 2)", 43, 24, 253, {51, 2, 2, 1, 0, 0, 0, 0, V6(1)},
		{51, 2, 2, 0, 0, 0, 0, 0, V6_DST}, {51, 2, 2, 0, 0, 0, 0, 0, V6_DST}, 1},
	{"hop-by-hop, options, routing", 0, 40, 253,
		{60, 0, 0x23, 1, 5, 1, 1, 0, 43, 0, 0x2f, 2, 1, 1, 0, 0, 51, 2, 0, 1, 0, 0, 0, 0, V6(9)},
		{60, 0, 0x23, 1, 0, 1, 1, 0, 43, 0, 0x2f, 2, 0, 0, 0, 0, 51, 2, 0, 0, 0, 0, 0, 0, V6_DST},
		{60, 0, 0x23, 1, 8, 1, 1, 0, 43, 0, 0x2f, 2, 8, 8, 0, 0, 51, 2, 0, 0, 0, 0, 0, 0, V6_DST}, 9},
	/* RFC 4302 §3.1.1: destination options alone are the last receiver's and stand behind AH */
	{"destination options", 60, 0, 60, {0}, {0}, {0}, 0},
	{"hop-by-hop, destination options", 0, 8, 60, {51, 0, 1, 4, 0, 0, 0, 0}, {51, 0, 1, 4, 0, 0, 0, 0},
		{51, 0, 1, 4, 0, 0, 0, 0}, 0},
};

/* Where the byte stands that names what follows the extensions of c. */
static uint32_t
v6_next_at(const struct v6_case *c)
{
	uint32_t at = 6, next = 40;

	while (next < 40 + c->bytes) {
		at = next;
		next += (c->sent[next - 40 + 1] + 1u) * 8;
	}
	return at;
}

static void
v6_travel(uint8_t *packet, const struct v6_case *c)
{
	static const uint8_t via[16] = {V6(0)};

	packet[0] ^= 0x0f;
	packet[1] ^= 0xff;
	packet[2] ^= 0x55;
	packet[3] ^= 0xaa;
	packet[7] -= 7;
	if (c->bytes)
		memcpy(packet + 40, c->arrives, c->bytes);
	if (c->final) {
		memcpy(packet + 24, via, 16);
		packet[39] = c->final;
	}
}

/* The inner packet: what stays with its next header, destination options behind it where c says so. */
static uint32_t
v6_make(uint8_t *inner, const struct v6_case *c)
{
	static const uint8_t options[8] = {253, 0, 0x3e, 4, 1, 2, 3, 4};
	uint32_t at = 40 + c->bytes, len = ah_v6(inner, c->first, c->sent, c->bytes, at + 77);

	inner[v6_next_at(c)] = c->next;
	if (c->next == 60)
		memcpy(inner + at, options, 8);
	return len;
}

static void
v6_case_run(struct ah_rig *rig, const struct v6_case *c)
{
	uint8_t room[AH_ROOM], inner[300], muted[120], *packet = room + IPSEC_AH_SCRATCH;
	uint32_t at = 40 + c->bytes, len = v6_make(inner, c);
	uint32_t total = ah_send(rig, packet, inner, len, AH_SEQ);
	struct ah_verdict v;

	memcpy(muted, packet, 40);
	ah_mute_fixed(muted);
	memcpy(muted + 40, c->hashed, c->bytes);
	if (c->final) {
		memcpy(muted + 24, (const uint8_t[]){V6(0)}, 16);
		muted[39] = c->final;
	}
	check_fields(rig, packet, total, muted, at, c->next, AH_SEQ);
	CU_ASSERT_EQUAL(load_be16(packet + 4) + 40u, total);
	CU_ASSERT(!memcmp(packet, inner, 4) && !memcmp(packet + 7, inner + 7, 33));
	CU_ASSERT(!memcmp(packet + 40, c->sent, c->bytes));
	CU_ASSERT_EQUAL(packet[6], c->bytes ? c->first : 51);
	v6_travel(packet, c);
	memcpy(inner, packet, at);
	store_be16(inner + 4, (uint16_t)(len - 40));
	inner[v6_next_at(c)] = c->next;
	v = ah_receive(rig, packet, total, AH_SEQ);
	CU_ASSERT(ah_got(&v, packet, inner, len));
	if (!ah_got(&v, packet, inner, len))
		printf("%s: drop %u, crypto %u ", c->name, v.drop, v.crypto);
}

static void
test_v6_extensions(void)
{
	struct ah_rig rig;

	for (unsigned i = 0; i < 2; i++) {
		ah_rig_open(&rig, shape_of(1 + i, true, true, i));
		for (unsigned k = 0; k < sizeof(v6_cases) / sizeof(*v6_cases); k++)
			v6_case_run(&rig, &v6_cases[k]);
		ah_rig_close(&rig);
	}
}

int
suite_ah(void)
{
	CU_pSuite s = CU_add_suite("ah", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_plain);
	CU_ADD_TEST(s, test_high_half);
	CU_ADD_TEST(s, test_foreign);
	CU_ADD_TEST(s, test_ecn);
	CU_ADD_TEST(s, test_v4_options);
	CU_ADD_TEST(s, test_v6_extensions);
	return (int)CU_get_error();
}
