/* Targets: see target.h. */
#include "bench/target.h"

#include <string.h>

#include "crypto/alg.h"

#define TARGET_WINDOW 1024u

static const struct {
	enum bench_direction direction;
	const char *transform;
	bool replayed;
	uint32_t size;
	struct bench_target target;
} targets[] = {
#define TARGET(direction, transform, replayed, size, cycles, ratio)                                          \
	{BENCH_##direction, transform, replayed, size, {cycles, ratio}},
#include "bench/target.def"
#undef TARGET
};

/* "esp-gcm" and "AES_128_GCM" are "esp-gcm 128". */
static bool
transform_equal(const char *words, const char *other)
{
	struct transform a, b;
	char message[256];

	return !transform_parse(words, &a, message, sizeof(message)) &&
	       !transform_parse(other, &b, message, sizeof(message)) && a.cipher == b.cipher &&
	       a.auth == b.auth && a.proto == b.proto;
}

struct bench_target
bench_target_of(const struct bench_esp_request *request, const struct bench_row_request *row)
{
	if (row->workers != 1 || strcmp(request->engine->kind, "ipsec_mb") ||
		(request->direction == BENCH_IN && request->window != TARGET_WINDOW))
		return (struct bench_target){0};
	for (unsigned i = 0; i < sizeof(targets) / sizeof(*targets); i++)
		if (targets[i].direction == request->direction && targets[i].replayed == request->replayed &&
			(!targets[i].size || targets[i].size == row->size) &&
			transform_equal(targets[i].transform, request->transform))
			return targets[i].target;
	return (struct bench_target){0};
}
