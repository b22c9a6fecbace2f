/* esp_pad, esp_pad_beyond, esp_next, esp_tfc, esp_length, esp_icv: what a receiver does with packets that are
 * sealed well but hold something else, and with packets that are not.  RFC 4303 §2 and §3.4. */
#include <string.h>

#include "conform/esp_case.h"

#define INNER_BYTES 60u
#define TEXT_MAX 512u

static const struct esp_shape inbound = {.direction = CRYPTO_DECRYPT};

/* The length of an inner packet of at least 60 bytes that a padding of `pad` brings to the block's end. */
static uint32_t
inner_for(const struct transform *t, unsigned pad)
{
	uint32_t rest = (INNER_BYTES + pad + 2) % t->block;

	return INNER_BYTES + (rest ? t->block - rest : 0);
}

static void
pad_check(struct esp_rig *rig, unsigned pad)
{
	const unsigned places[] = {0, pad / 2, pad - 1};
	uint32_t inner = inner_for(rig->craft.transform, pad), len;
	uint8_t text[TEXT_MAX];

	craft_inner(text, inner, pad);
	craft_trailer(text + inner, (uint8_t)pad, CRAFT_NEXT_IPV4);
	len = craft_seal(&rig->craft, rig->packet, pad + 1, text, inner + pad + 2);
	esp_rig_accepted(rig, len, text, inner, "pad length", pad);
	for (unsigned i = 0; pad && i < sizeof(places) / sizeof(*places); i++) {
		text[inner + places[i]] ^= 0x40;
		len = craft_seal(&rig->craft, rig->packet, 1000 + pad, text, inner + pad + 2);
		esp_rig_refused(rig, len, ESP_BAD_PACKET, "with a wrong byte, pad length", pad);
		text[inner + places[i]] ^= 0x40;
	}
}

void
case_esp_pad(struct conform *c)
{
	struct esp_rig rig;

	if (esp_rig_open(c, &inbound, &rig)) {
		for (unsigned pad = 0; pad <= 255; pad++)
			pad_check(&rig, pad);
		esp_rig_close(&rig);
	}
	case_end(c, NULL, "");
}

/* Texts of one block and more whose last but one byte says that all before it, and more, is padding. */
void
case_esp_pad_beyond(struct conform *c)
{
	struct esp_rig rig;
	uint8_t text[TEXT_MAX];

	if (esp_rig_open(c, &inbound, &rig)) {
		for (uint32_t n = c->transform->block; n <= 64; n += c->transform->block)
			for (unsigned pad = n - 1; pad <= 255; pad++) {
				for (unsigned i = 0; i < n; i++) /* right, as far as it goes */
					text[i] = (uint8_t)(pad - (n - 2) + i + 1);
				text[n - 2] = (uint8_t)pad;
				text[n - 1] = CRAFT_NEXT_IPV4;
				esp_rig_refused(&rig, craft_seal(&rig.craft, rig.packet, pad, text, n),
					ESP_BAD_PACKET, "pad length", pad);
			}
		esp_rig_close(&rig);
	}
	case_end(c, NULL, "");
}

/* The rest of a dummy packet need not be well formed (RFC 4303 §2.6). */
void
case_esp_next(struct conform *c)
{
	static const uint8_t others[] = {0, 6, 17, 50, 58, 253, 255};
	struct esp_rig rig;
	uint8_t text[TEXT_MAX];
	uint32_t inner = inner_for(c->transform, 0);

	if (esp_rig_open(c, &inbound, &rig)) {
		craft_inner(text, inner, 1);
		for (unsigned i = 0; i < sizeof(others); i++) {
			craft_trailer(text + inner, 0, others[i]);
			esp_rig_refused(&rig, craft_seal(&rig.craft, rig.packet, i + 1, text, inner + 2),
				ESP_BAD_PACKET, "next header", others[i]);
		}
		craft_trailer(text + inner, 0, CRAFT_NEXT_DUMMY);
		esp_rig_refused(&rig, craft_seal(&rig.craft, rig.packet, 20, text, inner + 2), ESP_BAD_PACKET,
			"next header", CRAFT_NEXT_DUMMY);
		case_pattern(text, inner, 2);
		esp_rig_refused(&rig, craft_seal(&rig.craft, rig.packet, 21, text, inner + 2), ESP_BAD_PACKET,
			"round no packet, next header", CRAFT_NEXT_DUMMY);
		esp_rig_close(&rig);
	}
	case_end(c, NULL, "");
}

/* TFC padding stands between the inner packet and the padding of ESP, and no field says how long it is. */
void
case_esp_tfc(struct conform *c)
{
	static const unsigned extra[] = {1, 2, 15, 16, 100, 255, 300};
	struct esp_rig rig;
	uint8_t text[TEXT_MAX], pad;

	if (esp_rig_open(c, &inbound, &rig)) {
		for (unsigned i = 0; i < sizeof(extra) / sizeof(*extra); i++) {
			uint32_t whole = INNER_BYTES + extra[i];

			craft_inner(text, INNER_BYTES, i);
			case_pattern(text + INNER_BYTES, extra[i], i);
			pad = craft_pad(c->transform, whole);
			craft_trailer(text + whole, pad, CRAFT_NEXT_IPV4);
			uint32_t len = craft_seal(&rig.craft, rig.packet, i + 1, text, whole + pad + 2u);
			esp_rig_accepted(
				&rig, len, text, INNER_BYTES, "bytes behind the inner packet:", extra[i]);
		}
		esp_rig_close(&rig);
	}
	case_end(c, NULL, "");
}

void
case_esp_length(struct conform *c)
{
	struct esp_rig rig;

	if (esp_rig_open(c, &inbound, &rig)) {
		uint32_t whole = craft_packet(&rig.craft, rig.packet, 1, INNER_BYTES), got;

		for (uint32_t len = CRAFT_IP_BYTES; len < whole; len++) {
			craft_packet(&rig.craft, rig.packet, 1, INNER_BYTES);
			craft_outer(rig.packet, len);
			got = len;
			enum esp_verdict verdict = esp_rig_take(&rig, &got);
			case_check(c, verdict != ESP_ACCEPTED && verdict != ESP_UNSUPPORTED,
				"%u of %u bytes: %s", len, whole, esp_verdict_text(verdict));
		}
		esp_rig_close(&rig);
	}
	case_end(c, NULL, "");
}

/* From the number to the end of the ICV; the SPI is what the SA was found by. */
void
case_esp_icv(struct conform *c)
{
	struct esp_rig rig;

	if (!c->transform->authenticated) {
		case_skip(c, NULL, "the transform has no ICV");
		return;
	}
	if (esp_rig_open(c, &inbound, &rig)) {
		uint32_t len = craft_packet(&rig.craft, rig.packet, 1, INNER_BYTES),
			 from = CRAFT_IP_BYTES + 4;

		for (uint32_t bit = 8 * from; bit < 8 * len; bit++) {
			len = craft_packet(&rig.craft, rig.packet, 1, INNER_BYTES);
			rig.packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
			esp_rig_refused(&rig, len, ESP_BAD_ICV, "bit", bit);
		}
		len = craft_packet(&rig.craft, rig.packet, 1, INNER_BYTES);
		uint8_t inner[INNER_BYTES];
		craft_inner(inner, INNER_BYTES, 1);
		esp_rig_accepted(&rig, len, inner, INNER_BYTES, "nothing turned, number", 1);
		esp_rig_close(&rig);
	}
	case_end(c, NULL, "");
}
