/* esp_out, esp_back, esp_size, esp_esn, esp_last: what a sender makes, opened by hand (craft.c), and taken by
 * the subject itself. RFC 4303 §2 and §3.3. */
#include <string.h>

#include "base/bytes.h"
#include "conform/esp_case.h"
#include "dataplane/ipsec/ipv4.h"

/* What stands round the text. */
static void
header_check(struct conform *c, const uint8_t *packet, uint32_t len, uint64_t seq)
{
	const uint8_t *esp = packet + CRAFT_IP_BYTES;

	case_check(c,
		packet[0] == 0x45 && load_be16(packet + IPV4_LENGTH) == len &&
			packet[IPV4_PROTO] == IPV4_PROTO_ESP && ipv4_checksum_ok(packet, CRAFT_IP_BYTES),
		"a packet of %u bytes has another outer header", len);
	case_check(c, load_be32(packet + IPV4_SRC) == CRAFT_SRC && load_be32(packet + IPV4_DST) == CRAFT_DST,
		"the outer addresses are not those of the tunnel");
	case_check(c, load_be32(esp) == CRAFT_SPI, "another SPI: %08x", load_be32(esp));
	case_check(c, load_be32(esp + 4) == (uint32_t)seq, "number %u instead of %u", load_be32(esp + 4),
		(uint32_t)seq);
}

/* Inner packet, padding 1, 2, 3 ..., pad length, next header. */
static void
text_check(
	struct conform *c, const uint8_t *text, uint32_t text_len, const uint8_t *inner, uint32_t inner_len)
{
	uint32_t pad = text[text_len - 2], good = 0;

	if (!case_check(c, inner_len + pad + 2 == text_len, "%u bytes in a text of %u with a padding of %u",
		    inner_len, text_len, pad))
		return;
	case_check(c, !memcmp(text, inner, inner_len), "%u bytes are not as they were", inner_len);
	for (; good < pad && text[inner_len + good] == good + 1; good++)
		continue;
	case_check(c, good == pad, "behind %u bytes the padding is not 1, 2, 3 ...", inner_len);
	case_check(c, text[text_len - 1] == CRAFT_NEXT_IPV4, "next header %u", text[text_len - 1]);
	case_check(c, text_len % c->transform->block == 0, "a text of %u bytes is no multiple of the block",
		text_len);
}

/* One packet of the subject's, with its next number, which has to be seq. */
static void
sent_check(struct esp_rig *rig, uint32_t inner_len, uint64_t seq)
{
	struct conform *c = rig->c;
	uint8_t *text;
	uint32_t len = inner_len, text_len;
	enum esp_verdict verdict;

	craft_inner(rig->packet, inner_len, inner_len);
	memcpy(rig->copy, rig->packet, inner_len);
	verdict = rig->subject->ops->protect(rig->subject, rig->packet, &len, ESP_ROOM, 0);
	if (!case_check(c, verdict == ESP_ACCEPTED, "protecting %u bytes: %s", inner_len,
		    esp_verdict_text(verdict)))
		return;
	header_check(c, rig->packet, len, seq);
	if (case_check(c, craft_unseal(&rig->craft, rig->packet, len, seq, &text, &text_len),
		    "%u bytes as number %llu: the ICV is wrong", inner_len, (unsigned long long)seq))
		text_check(c, text, text_len, rig->copy, inner_len);
}

/* Inner packets with 0 to 64 bytes behind their header, and common sizes; 0 behind the last. */
static uint32_t
inner_next(uint32_t inner)
{
	static const uint32_t sizes[] = {576, 1400, 1500, 9000};

	if (inner < CRAFT_IP_BYTES + 64)
		return inner + 1;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (inner < sizes[i])
			return sizes[i];
	return 0;
}

/* The largest that fits 65535 bytes with all that goes round it. */
static uint32_t
inner_most(const struct transform *t)
{
	uint32_t text = 65535 - CRAFT_IP_BYTES - case_front(t) - t->icv_len;

	return text - text % t->block - 2;
}

void
case_esp_out(struct conform *c)
{
	const struct esp_shape shape = {.direction = CRYPTO_ENCRYPT};
	struct esp_rig rig;
	uint64_t seq = 1;

	if (esp_rig_open(c, &shape, &rig)) {
		for (uint32_t inner = CRAFT_IP_BYTES; inner; inner = inner_next(inner))
			sent_check(&rig, inner, seq++);
		esp_rig_close(&rig);
	}
	case_end(c, NULL, "");
}

/* What the subject protects it takes itself. */
static void
back_check(struct esp_rig *out, struct esp_rig *in, uint32_t inner_len, uint8_t *inner)
{
	uint32_t len = inner_len;

	craft_inner(inner, inner_len, inner_len);
	memcpy(in->packet, inner, inner_len);
	enum esp_verdict verdict = out->subject->ops->protect(out->subject, in->packet, &len, ESP_ROOM, 0);

	if (case_check(out->c, verdict == ESP_ACCEPTED, "protecting %u bytes: %s", inner_len,
		    esp_verdict_text(verdict)))
		esp_rig_accepted(in, len, inner, inner_len, "inner bytes", inner_len);
}

/* Both ends. */
struct ends {
	struct esp_rig out, in;
};

static bool
ends_open(struct conform *c, struct ends *ends)
{
	const struct esp_shape out = {.direction = CRYPTO_ENCRYPT}, in = {.direction = CRYPTO_DECRYPT};

	if (!esp_rig_open(c, &out, &ends->out))
		return false;
	if (esp_rig_open(c, &in, &ends->in))
		return true;
	esp_rig_close(&ends->out);
	return false;
}

static void
ends_close(struct ends *ends)
{
	esp_rig_close(&ends->out);
	esp_rig_close(&ends->in);
}

void
case_esp_back(struct conform *c)
{
	struct ends ends;

	if (ends_open(c, &ends)) {
		for (uint32_t inner = CRAFT_IP_BYTES; inner; inner = inner_next(inner))
			back_check(&ends.out, &ends.in, inner, ends.out.packet);
		ends_close(&ends);
	}
	case_end(c, NULL, "");
}

void
case_esp_size(struct conform *c)
{
	const struct esp_shape shape = {.direction = CRYPTO_ENCRYPT};
	uint32_t most = inner_most(c->transform);
	struct esp_rig rig;
	struct ends ends;

	if (esp_rig_open(c, &shape, &rig)) {
		sent_check(&rig, most - 1, 1);
		sent_check(&rig, most, 2);
		esp_rig_close(&rig);
	}
	if (ends_open(c, &ends)) {
		back_check(&ends.out, &ends.in, most - 1, ends.out.packet);
		back_check(&ends.out, &ends.in, most, ends.out.packet);
		ends_close(&ends);
	}
	case_end(c, NULL, "");
}

/* A receiver's SA whose edge is at edge: the number seq is taken, or its ICV is wrong with another high half.
 */
static void
esn_in_check(struct conform *c, uint64_t edge, uint64_t seq)
{
	const struct esp_shape shape = {
		.direction = CRYPTO_DECRYPT, .esn = true, .window = 64, .first_seq = edge + 1};
	struct esp_rig rig;
	uint8_t inner[64];

	if (!esp_rig_open(c, &shape, &rig))
		return;
	uint32_t len = craft_packet(&rig.craft, rig.packet, seq ^ UINT64_C(1) << 32, sizeof(inner));
	esp_rig_refused(&rig, len, ESP_BAD_ICV, "another high half, low half", (uint32_t)seq);
	craft_inner(inner, sizeof(inner), (uint32_t)seq);
	len = craft_packet(&rig.craft, rig.packet, seq, sizeof(inner));
	esp_rig_accepted(&rig, len, inner, sizeof(inner), "low half", (uint32_t)seq);
	esp_rig_close(&rig);
}

/* From 2^32 - 2 on: two numbers of the first subspace, then of the next. */
static void
esn_out_check(struct conform *c)
{
	const struct esp_shape shape = {
		.direction = CRYPTO_ENCRYPT, .esn = true, .first_seq = UINT32_MAX - UINT64_C(1)};
	struct esp_rig rig;

	if (!esp_rig_open(c, &shape, &rig))
		return;
	for (unsigned i = 0; i < 5; i++)
		sent_check(&rig, 60 + i, shape.first_seq + i);
	esp_rig_close(&rig);
}

void
case_esp_esn(struct conform *c)
{
	const uint64_t high = UINT64_C(5) << 32;

	if (!c->transform->authenticated) {
		case_skip(c, NULL, "the transform has no ICV, and extended numbers are in nothing else");
		return;
	}
	esn_in_check(c, 100, 101);
	esn_in_check(c, high + 100, high + 101);
	esn_in_check(c, UINT32_MAX, UINT64_C(1) << 32);
	esn_in_check(c, high + 3, high - 3);
	esn_out_check(c);
	case_end(c, NULL, "");
}

/* Exactly `left` packets can be protected from that number on. */
static void
last_check(struct conform *c, bool esn, uint64_t first, unsigned left)
{
	const struct esp_shape shape = {.direction = CRYPTO_ENCRYPT, .esn = esn, .first_seq = first};
	struct esp_rig rig;

	if (!esp_rig_open(c, &shape, &rig))
		return;
	for (unsigned i = 0; i < left + 3; i++) {
		uint32_t len = 60;

		craft_inner(rig.packet, len, 1);
		enum esp_verdict verdict = rig.subject->ops->protect(
			rig.subject, rig.packet, &len, ESP_ROOM, 0);
		enum esp_verdict want = i < left ? ESP_ACCEPTED : ESP_EXHAUSTED;
		case_check(c, verdict == want, "%s, number 2^%u %+d: %s instead of %s",
			esn ? "ESN" : "32 bits", esn ? 64u : 32u, (int)i - (int)left,
			esp_verdict_text(verdict), esp_verdict_text(want));
	}
	esp_rig_close(&rig);
}

void
case_esp_last(struct conform *c)
{
	last_check(c, false, UINT32_MAX - UINT64_C(1), 2);
	if (c->transform->authenticated)
		last_check(c, true, UINT64_MAX - 1, 2);
	case_end(c, NULL, "");
}
