/* Profiles of the engine card, from card.def: which shape a configuration asks for.  A number that the
 * configuration gives itself overrides that of the profile. */
#include "crypto/card.h"

#include <stdio.h>
#include <string.h>

#define DEPTH 1024u /* of a card without profile */

#define SHAPE(queue_, units_, packet, byte, latency, slots, fallback_)                                       \
	.queue = (queue_), .units = (units_), .packet_ns = (packet),                                         \
	.byte_ps = (uint64_t)((byte) * 1000 + 0.5), .latency_ns = (latency), .sa_slots = (slots),            \
	.fallback = (fallback_)
#define C(cipher) (UINT64_C(1) << ALG_CIPHER_##cipher)
#define A(auth) (UINT64_C(1) << ALG_AUTH_##auth)
#define ANY UINT64_MAX
#define KNOWS(ciphers_, auths_) .ciphers = (ciphers_), .auths = (auths_)

_Static_assert(ALG_CIPHER_COUNT <= 64 && ALG_AUTH_COUNT <= 64, "rows are bits");

static const struct {
	const char *name;
	struct card_shape shape;
} profiles[] = {
#define CARD(name, shape, knows, source) {name, {shape, knows}},
#include "crypto/card.def"
#undef CARD
};

static const struct card_shape plain = {SHAPE(DEPTH, 1, 0, 0, 0, UINT32_MAX, false), KNOWS(ANY, ANY)};

static const struct card_shape *
profile_find(const char *name)
{
	for (unsigned i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (!strcmp(profiles[i].name, name))
			return &profiles[i].shape;
	return NULL;
}

enum status
card_shape_set(struct card_shape *shape, const struct cfg_engine *cfg, char *message, size_t bytes)
{
	const struct card_shape *profile = cfg->profile ? profile_find(cfg->profile) : &plain;

	if (!profile) {
		snprintf(message, bytes, "engine %s: unknown profile \"%s\"", cfg->name, cfg->profile);
		return ST_ERR_CONFIG;
	}
	*shape = *profile;
	if (cfg->queue)
		shape->queue = cfg->queue;
	if (cfg->units)
		shape->units = cfg->units;
	if (cfg->packet_time)
		shape->packet_ns = cfg->packet_time;
	if (cfg->byte_time > 0)
		shape->byte_ps = (uint64_t)(cfg->byte_time * 1000 + 0.5);
	if (cfg->latency)
		shape->latency_ns = cfg->latency;
	if (cfg->sa_slots)
		shape->sa_slots = cfg->sa_slots;
	if (cfg->fallback != CFG_FALLBACK_PROFILE)
		shape->fallback = cfg->fallback == CFG_FALLBACK_ON;
	return ST_OK;
}

bool
card_knows(const struct card_shape *shape, const struct transform *transform)
{
	return shape->ciphers >> transform->cipher & 1 && shape->auths >> transform->auth & 1;
}
