/* Subjects of ESP cases, and their verdicts. */
#include "conform/esp_case.h"

#include <stdlib.h>
#include <string.h>

#include "conform/own_esp.h"

enum status
esp_subject_make(struct conform *c, const struct esp_shape *shape, struct esp_subject **subject,
	char *message, size_t bytes)
{
	const struct transform *t = c->transform;
	struct case_keys keys;
	struct crypto_key key = {
		keys.key, t->key_len - (unsigned)t->salt_len, keys.auth_key, t->auth_key_len};
	struct esp_subject_cfg cfg = {
		.transform = t,
		.key = &key,
		.salt = keys.salt,
		.direction = shape->direction,
		.spi = CRAFT_SPI,
		.tunnel = true,
		.src = IP_V4(CRAFT_SRC),
		.dst = IP_V4(CRAFT_DST),
		.esn = shape->esn,
		.window = shape->window,
		.first_seq = shape->first_seq ? shape->first_seq : 1,
		.engine = c->subject->esp_engine,
	};

	case_keys_fill(&keys);
	*subject = NULL;
	message[0] = '\0';
	if (c->subject->esp)
		return c->subject->esp->create(&cfg, subject, message, bytes);
	return own_esp_create(&c->drive, &cfg, subject, message, bytes);
}

void
esp_subject_end(struct esp_subject *subject)
{
	if (subject)
		subject->ops->destroy(subject);
}

bool
esp_rig_open(struct conform *c, const struct esp_shape *shape, struct esp_rig *rig)
{
	char message[256];
	enum status status;

	*rig = (struct esp_rig){.c = c};
	status = esp_subject_make(c, shape, &rig->subject, message, sizeof(message));
	if (status == ST_ERR_UNSUPPORTED)
		case_refused(c, message);
	else
		case_check(c, status == ST_OK, "no SA: %s", message);
	if (status)
		return false;
	rig->packet = case_alloc(c, ESP_ROOM + CRYPTO_ICV_MAX, 1);
	rig->copy = case_alloc(c, ESP_ROOM + CRYPTO_ICV_MAX, 1);
	if (rig->packet && rig->copy && craft_open(c, &rig->craft)) {
		rig->craft.esn = shape->esn;
		return true;
	}
	esp_rig_close(rig);
	return false;
}

void
esp_rig_close(struct esp_rig *rig)
{
	craft_close(&rig->craft);
	esp_subject_end(rig->subject);
	free(rig->packet);
	free(rig->copy);
}

enum esp_verdict
esp_rig_take(struct esp_rig *rig, uint32_t *len)
{
	memcpy(rig->copy, rig->packet, *len);
	return rig->subject->ops->unprotect(rig->subject, rig->packet, len, ESP_ROOM);
}

void
esp_rig_refused(struct esp_rig *rig, uint32_t len, enum esp_verdict want, const char *what, unsigned n)
{
	uint32_t got = len;
	enum esp_verdict verdict = esp_rig_take(rig, &got);

	case_check(rig->c, verdict == want, "%s %u: %s instead of %s", what, n, esp_verdict_text(verdict),
		esp_verdict_text(want));
	if (verdict != ESP_ACCEPTED)
		case_check(rig->c, got == len && !memcmp(rig->packet, rig->copy, len),
			"%s %u: the packet was changed though it was refused", what, n);
}

void
esp_rig_accepted(struct esp_rig *rig, uint32_t len, const uint8_t *inner, uint32_t inner_len,
	const char *what, unsigned n)
{
	uint32_t got = len;
	enum esp_verdict verdict = esp_rig_take(rig, &got);

	if (!case_check(rig->c, verdict == ESP_ACCEPTED, "%s %u: %s", what, n, esp_verdict_text(verdict)))
		return;
	case_check(
		rig->c, got == inner_len, "%s %u: %u bytes delivered instead of %u", what, n, got, inner_len);
	if (got == inner_len)
		case_check(rig->c, !memcmp(rig->packet, inner, inner_len), "%s %u: other bytes delivered",
			what, n);
}

const char *
esp_verdict_text(enum esp_verdict verdict)
{
	static const char *const texts[ESP_VERDICT_COUNT] = {[ESP_ACCEPTED] = "accepted",
		[ESP_REPLAY] = "refused as a replay",
		[ESP_BAD_ICV] = "wrong ICV",
		[ESP_BAD_PACKET] = "refused as malformed",
		[ESP_UNSUPPORTED] = "not done",
		[ESP_EXHAUSTED] = "numbers used up"};

	return (unsigned)verdict < ESP_VERDICT_COUNT ? texts[verdict] : "no verdict";
}
