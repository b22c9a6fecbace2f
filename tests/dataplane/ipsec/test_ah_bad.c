/* AH on bad packets: flipped bits, truncations, lengths that lie, broken options, headers that are too long.
 * Packets stand against pages that fault, with the room that ipsec.h asks for and no more. */
#include "tests/dataplane/ipsec/ah_rig.h"

int suite_ah_bad(void);

static uint32_t
inner_make(const struct ah_rig *rig, uint8_t *inner, uint32_t len)
{
	return rig->shape.v6 ? ah_v6(inner, 253, NULL, 0, len) : ah_v4(inner, NULL, 0, len);
}

static uint32_t
head_of(const struct ah_rig *rig)
{
	return rig->shape.v6 ? 40 : 20;
}

/* ---- bits ---- */

/* Bits of the fixed header that may change under way (RFC 4302 §3.3.3.1.1.1, §3.3.3.1.2.1). */
static bool
may_change(bool v6, uint32_t bit)
{
	uint32_t byte = bit / 8;

	if (v6)
		return (byte == 0 && bit % 8 < 4) || (byte >= 1 && byte <= 3) || byte == 7;
	return byte == 1 || byte == 6 || byte == 7 || byte == 8 || byte == 10 || byte == 11;
}

static void
check_flips(struct ah_rig *rig)
{
	uint8_t room[AH_ROOM], inner[100], whole[AH_ROOM], *packet = room + IPSEC_AH_SCRATCH;
	uint32_t total, at = head_of(rig);

	inner_make(rig, inner, 75);
	total = ah_send(rig, packet, inner, 75, AH_SEQ);
	memcpy(whole, packet, total);
	for (uint32_t bit = 0; bit < total * 8; bit++) {
		struct ah_verdict v;

		memcpy(packet, whole, total);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		v = ah_receive_at(rig, packet, total, at, AH_SEQ);
		if (bit / 8 == at + 1) { /* the length of AH */
			CU_ASSERT_EQUAL(v.drop, DROP_AH_LENGTH);
		} else if (may_change(rig->shape.v6, bit)) {
			CU_ASSERT(v.drop == DROP_NONE && v.crypto == CRYPTO_OK);
		} else {
			CU_ASSERT(v.drop == DROP_IP_HEADER ||
				  (v.drop == DROP_NONE && v.crypto == CRYPTO_BAD_ICV));
		}
	}
}

static void
test_flips(void)
{
	ah_each(check_flips);
}

/* ---- lengths ---- */

/* The first n bytes of a good packet, with nothing behind but what ESN may use. */
static void
truncated_receive(struct ah_rig *rig, uint8_t *packet, const uint8_t *whole, uint32_t n)
{
	uint32_t at = head_of(rig);
	struct ipsec_peek peek = {0};
	struct ah_verdict v;

	memcpy(packet, whole, n);
	CU_ASSERT_EQUAL(ipsec_peek(packet, n, &peek), n < at + 12 ? DROP_AH_LENGTH : DROP_NONE);
	if (n >= at + 12)
		CU_ASSERT(peek.at == at && peek.spi == AH_SPI && peek.seq == (uint32_t)AH_SEQ);
	v = ah_receive_at(rig, packet, n, at, AH_SEQ);
	if (n < at + ah_bytes(&rig->shape)) {
		CU_ASSERT_EQUAL(v.drop, DROP_AH_LENGTH);
	} else {
		CU_ASSERT(v.drop == DROP_NONE && v.crypto == CRYPTO_BAD_ICV);
	}
}

static void
check_truncation(struct ah_rig *rig)
{
	uint32_t esn = rig->shape.esn ? IPSEC_ESN_BYTES : 0, total;
	uint8_t room[AH_ROOM], inner[100], *whole = room + IPSEC_AH_SCRATCH;
	struct guard guard;

	guard_init(&guard, 512);
	inner_make(rig, inner, 75);
	total = ah_send(rig, whole, inner, 75, AH_SEQ);
	for (uint32_t n = head_of(rig); n < total; n++) {
		truncated_receive(rig, guard_back(&guard, n + esn), whole, n);
		truncated_receive(rig, guard_front(&guard) + head_of(rig), whole, n);
	}
	guard_fini(&guard);
}

/* Both directions with scratch before and ESN behind, and no byte more. */
static void
check_bounds(struct ah_rig *rig)
{
	uint32_t esn = rig->shape.esn ? IPSEC_ESN_BYTES : 0, least = head_of(rig);
	uint32_t front = ah_bytes(&rig->shape) + (rig->shape.transport ? 0 : least);
	uint8_t inner[200];
	struct guard guard;

	guard_init(&guard, 512);
	for (uint32_t i = 0; i < 80; i++) {
		uint32_t len = least + i / 2, total = front + len;
		uint8_t *packet =
			i & 1 ? guard_back(&guard, total + esn) : guard_front(&guard) + least;
		struct ah_verdict v;

		inner_make(rig, inner, len);
		CU_ASSERT_EQUAL(ah_send(rig, packet, inner, len, AH_SEQ), total);
		v = ah_receive(rig, packet, total, AH_SEQ);
		CU_ASSERT(ah_got(&v, packet, inner, len));
	}
	guard_fini(&guard);
}

/* Every length that the header can say of itself. */
static void
check_length_field(struct ah_rig *rig)
{
	uint8_t room[AH_ROOM], inner[1200], *packet = room + IPSEC_AH_SCRATCH;
	uint32_t total, at = head_of(rig);

	inner_make(rig, inner, 1200);
	total = ah_send(rig, packet, inner, 1200, AH_SEQ);
	for (unsigned said = 0; said < 256; said++) {
		bool good = (said + 2) * 4 == ah_bytes(&rig->shape);
		struct ah_verdict v;

		if (good)
			continue;
		packet[at + 1] = (uint8_t)said;
		v = ah_receive(rig, packet, total, AH_SEQ);
		CU_ASSERT_EQUAL(v.drop, DROP_AH_LENGTH);
	}
}

static void
test_lengths(void)
{
	ah_each(check_truncation);
	ah_each(check_bounds);
	ah_each(check_length_field);
}

/* ---- options ---- */

struct broken {
	const char *name;
	uint8_t first; /* IPv6: number of the first extension */
	uint32_t bytes;
	uint8_t options[40];
};

static const struct broken v4_broken[] = {
	{"no length", 0, 4, {1, 1, 1, 7}},
	{"length 0", 0, 4, {7, 0, 0, 0}},
	{"length 1", 0, 4, {148, 1, 0, 0}},
	{"longer than the header", 0, 8, {7, 9, 4, 0, 0, 0, 0, 0}},
	{"one too long behind NOPs", 0, 8, {1, 1, 1, 1, 1, 148, 4, 0}},
	{"length 255", 0, 40, {130, 255}},
	{"source route that is too long", 0, 4, {131, 11, 4, 0}},
};

static const struct broken v6_broken[] = {
	{"no length", 0, 8, {51, 0, 1, 3, 0, 0, 0, 7}},
	{"one too long", 0, 8, {51, 0, 1, 5, 0, 0, 0, 0}},
	{"length 255", 0, 8, {51, 0, 0x3e, 255, 0, 0, 0, 0}},
	{"the second too long", 0, 16, {51, 1, 1, 4, 0, 0, 0, 0, 0x3e, 7, 0, 0, 0, 0, 0, 0}},
	{"in destination options", 0, 40,
		{60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 0x3e, 6, 0, 0, 0, 0, 51, 2, 0, 0, 0, 0, 0, 0}},
};

/* A header with broken options as it came from the wire. */
static void
broken_receive(struct ah_rig *rig, const struct broken *c)
{
	uint8_t packet_room[AH_ROOM] = {0}, *packet = packet_room + IPSEC_AH_SCRATCH;
	uint32_t at = head_of(rig) + c->bytes, len = at + 100;
	struct ah_verdict v;

	if (rig->shape.v6) {
		ah_v6(packet, c->first, c->options, c->bytes, len);
	} else {
		ah_v4(packet, c->options, c->bytes, len);
		packet[9] = 51;
	}
	packet[at + 1] = (uint8_t)(ah_bytes(&rig->shape) / 4 - 2);
	v = ah_receive(rig, packet, len, AH_SEQ);
	CU_ASSERT_EQUAL(v.drop, DROP_IP_HEADER);
}

/* The same header on its way out: what the peer would refuse is not sent. */
static void
broken_send(struct ah_rig *rig, const struct broken *c)
{
	uint32_t at = head_of(rig) + c->bytes, len = at + 50;
	uint8_t inner[200];

	if (rig->shape.v6)
		ah_v6(inner, c->first, c->options, c->bytes, len);
	else
		ah_v4(inner, c->options, c->bytes, len);
	CU_ASSERT_EQUAL(ipsec_behind(rig->out, inner, len), UINT32_MAX);
}

static void
test_options(void)
{
	struct ah_rig rig;

	ah_rig_open(&rig, (struct ah_shape){&ah_macs[1], false, false, true, true});
	for (unsigned i = 0; i < sizeof(v4_broken) / sizeof(*v4_broken); i++) {
		broken_receive(&rig, &v4_broken[i]);
		broken_send(&rig, &v4_broken[i]);
	}
	ah_rig_close(&rig);
	ah_rig_open(&rig, (struct ah_shape){&ah_macs[2], true, true, true, true});
	for (unsigned i = 0; i < sizeof(v6_broken) / sizeof(*v6_broken); i++) {
		broken_receive(&rig, &v6_broken[i]);
		broken_send(&rig, &v6_broken[i]);
	}
	ah_rig_close(&rig);
}

/* A routing header that says there is more to go than it holds. */
static void
test_segments(void)
{
	static const struct broken c = {"segments", 43, 24, {51, 2, 0, 2}};
	struct ah_rig rig;

	ah_rig_open(&rig, (struct ah_shape){&ah_macs[1], true, false, true, true});
	broken_send(&rig, &c);
	ah_rig_close(&rig);
}

/* Extension headers of `bytes` in front, options that are all padding. */
static uint32_t
long_make(uint8_t *ip, uint8_t next, uint32_t bytes, uint32_t len)
{
	uint8_t extension[2048] = {next, (uint8_t)(bytes / 8 - 1)};

	return ah_v6(ip, 0, extension, bytes, len);
}

/* RFC 4302 sets no limit; ours is the scratch in front. */
static void
test_long_headers(void)
{
	uint8_t room[AH_ROOM], packet_room[AH_ROOM], *packet = room + IPSEC_AH_SCRATCH;
	struct ah_rig rig;

	ah_rig_open(&rig, (struct ah_shape){&ah_macs[1], true, true, true, true});
	for (uint32_t bytes = 8; bytes <= 1024; bytes += 8) {
		uint32_t len = long_make(packet_room, 253, bytes, 40 + bytes + 60), total;
		bool good = 40 + bytes <= IPSEC_AH_SCRATCH;
		struct ah_verdict v;

		CU_ASSERT_EQUAL(ipsec_behind(rig.out, packet_room, len), good ? 0 : UINT32_MAX);
		if (good) {
			total = ah_send(&rig, packet, packet_room, len, AH_SEQ);
			v = ah_receive(&rig, packet, total, AH_SEQ);
			CU_ASSERT(ah_got(&v, packet, packet_room, len));
		} else {
			long_make(packet, 51, bytes, len);
			packet[40 + bytes + 1] = (uint8_t)(ah_bytes(&rig.shape) / 4 - 2);
			v = ah_receive(&rig, packet, len, AH_SEQ);
			CU_ASSERT_EQUAL(v.drop, DROP_AH_LENGTH);
		}
	}
	ah_rig_close(&rig);
}

/* ---- what is inside ---- */

/* Tunnel: only IPv4 and IPv6, whole; transport: whatever the next header says. */
static void
check_next(struct ah_rig *rig)
{
	uint8_t room[AH_ROOM], inner[100], muted[40], icv[EVP_MAX_MD_SIZE], whole[AH_ROOM];
	uint8_t *packet = room + IPSEC_AH_SCRATCH;
	uint32_t total, at = head_of(rig);

	inner_make(rig, inner, 80);
	total = ah_send(rig, packet, inner, 80, AH_SEQ);
	memcpy(whole, packet, total);
	memcpy(muted, packet, at);
	ah_mute_fixed(muted);
	for (unsigned next = 0; next < 256; next++) {
		bool own = next == (rig->shape.v6 ? 41 : 4), other = next == (rig->shape.v6 ? 4 : 41);
		struct ah_verdict v;

		memcpy(packet, whole, total);
		packet[at] = (uint8_t)next;
		ah_icv(rig, packet, total, muted, at, AH_SEQ, icv);
		memcpy(packet + at + 12, icv, rig->shape.mac->icv);
		v = ah_receive(rig, packet, total, AH_SEQ);
		CU_ASSERT(v.drop == DROP_NONE && v.crypto == CRYPTO_OK);
		if (rig->shape.transport) {
			CU_ASSERT_EQUAL(v.decap, DROP_NONE);
			CU_ASSERT_EQUAL(packet[v.inner.offset + (rig->shape.v6 ? 6 : 9)], next);
		} else {
			CU_ASSERT_EQUAL(v.decap,
				own ? DROP_NONE : other ? DROP_IP_HEADER : DROP_NEXT_HEADER);
		}
	}
}

static void
test_next(void)
{
	ah_each(check_next);
}

/* Too little for a header, under a good ICV, with nothing behind: not a byte of what is not there is read. */
static void
check_runts(struct ah_rig *rig)
{
	uint32_t at = head_of(rig), esn = rig->shape.esn ? IPSEC_ESN_BYTES : 0, bytes = ah_bytes(&rig->shape);
	uint8_t room[AH_ROOM], inner[100], muted[40], icv[EVP_MAX_MD_SIZE], *whole = room + IPSEC_AH_SCRATCH;
	struct guard guard;

	if (rig->shape.transport)
		return;
	guard_init(&guard, 512);
	inner_make(rig, inner, 80);
	ah_send(rig, whole, inner, 80, AH_SEQ);
	memcpy(muted, whole, at);
	ah_mute_fixed(muted);
	for (uint32_t n = 0; n < at; n++) {
		uint8_t *packet = guard_back(&guard, at + bytes + n + esn);
		struct ah_verdict v;

		memcpy(packet, whole, at + bytes + n);
		ah_icv(rig, packet, at + bytes + n, muted, at, AH_SEQ, icv);
		memcpy(packet + at + 12, icv, rig->shape.mac->icv);
		v = ah_receive(rig, packet, at + bytes + n, AH_SEQ);
		CU_ASSERT(v.drop == DROP_NONE && v.crypto == CRYPTO_OK && v.decap == DROP_IP_HEADER);
	}
	guard_fini(&guard);
}

static void
test_runts(void)
{
	ah_each(check_runts);
}

int
suite_ah_bad(void)
{
	CU_pSuite s = CU_add_suite("ah_bad", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_flips);
	CU_ADD_TEST(s, test_lengths);
	CU_ADD_TEST(s, test_options);
	CU_ADD_TEST(s, test_segments);
	CU_ADD_TEST(s, test_long_headers);
	CU_ADD_TEST(s, test_next);
	CU_ADD_TEST(s, test_runts);
	return (int)CU_get_error();
}
