/* replay_size, replay_zero, replay_forged, replay_esn: what a receiver decides about numbers, beside the row
 * table.  RFC 4303 §3.4.3 and A2. */
#include "conform/replay_case.h"

#define B32 (UINT64_C(1) << 32)

/* Sizes asked for one by one: powers of two, their neighbours, and others. */
static uint32_t
window_next(uint32_t window)
{
	static const uint32_t sizes[] = {191, 192, 255, 256, 257, 511, 512, 1000, 1023, 1024, 1025, 2048};

	if (window < 130)
		return window + 1;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (window < sizes[i])
			return sizes[i];
	return 0;
}

/* Exactly the last W numbers are in the window, wherever the edge is in a word. */
static void
size_check(struct replay_probe *probe, uint64_t edge)
{
	uint32_t w = probe->window;

	if (!replay_probe_start(probe, 0))
		return;
	replay_probe_expect(probe, edge, false, ESP_ACCEPTED, "a jump to");
	replay_probe_expect(probe, edge - w, false, ESP_REPLAY, "just left of the window,");
	if (w > 1)
		replay_probe_expect(probe, edge - w + 1, false, ESP_ACCEPTED, "the last in the window,");
	replay_probe_expect(probe, edge - w + 1, false, ESP_REPLAY, "a duplicate of");
	replay_probe_expect(probe, edge + 1, false, ESP_ACCEPTED, "the next,");
	replay_probe_expect(probe, edge - w + 1, false, ESP_REPLAY, "just left of the window,");
}

void
case_replay_size(struct conform *c)
{
	struct replay_probe probe;

	if (!replay_probe_open(c, &probe))
		return;
	for (uint32_t window = 1; window; window = window_next(window)) {
		unsigned before = c->wrong;

		probe.window = window;
		size_check(&probe, 3 * (uint64_t)window + 64);
		size_check(&probe, 3 * (uint64_t)window + 127);
		replay_probe_note(&probe, before);
	}
	replay_probe_end(&probe, NULL);
}

/* 0 is never sent (RFC 4303 §2.2, §3.3.3); with ESN a low half of 0 is a number as any other. */
void
case_replay_zero(struct conform *c)
{
	struct replay_probe probe;

	if (!replay_probe_open(c, &probe))
		return;
	probe.window = 64;
	for (unsigned esn = 0; esn < 2; esn++) {
		probe.shape.esn = esn;
		if (!replay_probe_start(&probe, 0))
			continue;
		enum esp_verdict first = replay_probe_send(&probe, 0, false);
		case_check(c, first != ESP_ACCEPTED, "as the first packet%s: accepted", esn ? ", ESN" : "");
		replay_probe_expect(&probe, 1, false, ESP_ACCEPTED, "number");
		enum esp_verdict then = replay_probe_send(&probe, 0, false);
		case_check(c, then != ESP_ACCEPTED, "behind number 1%s: accepted", esn ? ", ESN" : "");
		replay_probe_expect(&probe, 2, false, ESP_ACCEPTED, "number");
	}
	if (replay_probe_start(&probe, B32 - 2)) {
		replay_probe_expect(&probe, B32 - 1, false, ESP_ACCEPTED, "number");
		replay_probe_expect(&probe, B32, false, ESP_ACCEPTED, "number");
		replay_probe_expect(&probe, B32, false, ESP_REPLAY, "a duplicate of");
		replay_probe_expect(&probe, B32 + 1, false, ESP_ACCEPTED, "number");
	}
	replay_probe_end(&probe, NULL);
}

#define FORGED_EDGE UINT64_C(10000)
#define FORGED_WINDOW_MAX 1024u

/* What the numbers in the window, and as many behind it, are answered: with forged packets before them that
 * are ahead, or without. */
static bool
answers_take(struct replay_probe *probe, bool forge, uint8_t *answers)
{
	const uint32_t w = probe->window;
	const uint64_t ahead[] = {1, 2, w / 2 + 1, w, w + 1, 64 * (uint64_t)w, 1u << 30};

	if (!replay_probe_start(probe, 0))
		return false;
	replay_probe_expect(probe, FORGED_EDGE, false, ESP_ACCEPTED, "number");
	for (unsigned i = 0; forge && i < sizeof(ahead) / sizeof(*ahead); i++)
		replay_probe_expect(probe, FORGED_EDGE + ahead[i], true, ESP_BAD_ICV, "forged");
	for (uint32_t i = 0; i < 2 * w; i++)
		answers[i] = (uint8_t)replay_probe_send(probe, FORGED_EDGE - w + 1 + i, false);
	return true;
}

/* Where a window is wrong for other reasons too, only what forged packets change is told here. */
static void
forged_check(struct replay_probe *probe)
{
	uint8_t with[2 * FORGED_WINDOW_MAX], without[2 * FORGED_WINDOW_MAX];

	if (!answers_take(probe, false, without) || !answers_take(probe, true, with))
		return;
	for (uint32_t i = 0; i < 2 * probe->window; i++)
		case_check(probe->c, with[i] == without[i],
			"window %u%s, edge %llu, number %llu: %s, and without forged packets before it %s",
			probe->window, probe->shape.esn ? ", ESN" : "", (unsigned long long)FORGED_EDGE,
			(unsigned long long)FORGED_EDGE - probe->window + 1 + i, esp_verdict_text(with[i]),
			esp_verdict_text(without[i]));
}

void
case_replay_forged(struct conform *c)
{
	static const uint32_t windows[] = {32, 64, 100, 128, FORGED_WINDOW_MAX};
	struct replay_probe probe;

	if (!replay_probe_open(c, &probe))
		return;
	for (unsigned i = 0; i < sizeof(windows) / sizeof(*windows); i++)
		for (unsigned esn = 0; esn < 2; esn++) {
			probe.window = windows[i];
			probe.shape.esn = esn;
			forged_check(&probe);
		}
	replay_probe_end(&probe, NULL);
}

/* Round the boundary of two subspaces, the upper of which has the high half th (RFC 4303 A2.2, case B), and
 * far from one (case A). */
static void
subspace_check(struct replay_probe *probe, uint64_t th)
{
	const uint64_t border = th << 32, w = probe->window;

	if (!replay_probe_start(probe, border - 2 * w))
		return;
	replay_probe_expect(probe, border - w / 2, false, ESP_ACCEPTED, "number");
	replay_probe_expect(probe, border + w / 4, false, ESP_ACCEPTED, "over the border, number");
	replay_probe_expect(probe, border - 1, false, ESP_ACCEPTED, "late from below the border, number");
	replay_probe_expect(probe, border - 1, false, ESP_REPLAY, "a duplicate of");
	replay_probe_expect(probe, border - w / 2, false, ESP_REPLAY, "a duplicate of");
	replay_probe_expect(probe, border, false, ESP_ACCEPTED, "number");
	/* left of the window: taken for one of the subspace above, so its ICV is wrong */
	replay_probe_expect(probe, border + w / 4 - w, false, ESP_BAD_ICV, "left of the window, number");
	replay_probe_expect(probe, border + w, false, ESP_ACCEPTED, "number");
	replay_probe_expect(probe, border - 2, false, ESP_BAD_ICV, "left of the window, number");
	replay_probe_expect(probe, border + (UINT64_C(1) << 31), false, ESP_ACCEPTED, "a jump to");
	replay_probe_expect(probe, border + (UINT64_C(1) << 31) - w + 1, false, ESP_ACCEPTED, "number");
	/* with a high half that is one too low or too high it is another packet */
	replay_probe_expect(probe, border + (UINT64_C(1) << 31) + 1 - B32, false, ESP_BAD_ICV, "number");
	replay_probe_expect(probe, border + (UINT64_C(1) << 31) + 1 + B32, false, ESP_BAD_ICV, "number");
	replay_probe_expect(probe, border + (UINT64_C(1) << 31) + 1, false, ESP_ACCEPTED, "number");
}

/* In the first subspace nothing is below: high numbers are ahead, or of a subspace that there is not. */
static void
first_subspace_check(struct replay_probe *probe)
{
	uint64_t w = probe->window;

	if (!replay_probe_start(probe, 0))
		return;
	replay_probe_expect(probe, w / 2, false, ESP_ACCEPTED, "number");
	replay_probe_expect(probe, B32 - 1, false, ESP_BAD_ICV, "as if below 0, number");
	replay_probe_expect(probe, w / 2 + 1, false, ESP_ACCEPTED, "number");
}

void
case_replay_esn(struct conform *c)
{
	static const uint64_t highs[] = {1, 2, 6, UINT64_C(1) << 31, UINT32_MAX - UINT64_C(1)};
	static const uint32_t windows[] = {32, 64, 100, 128, 1024};
	struct replay_probe probe;

	if (!replay_probe_open(c, &probe))
		return;
	probe.shape.esn = true;
	for (unsigned i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		probe.window = windows[i];
		for (unsigned k = 0; k < sizeof(highs) / sizeof(*highs); k++)
			subspace_check(&probe, highs[k]);
		first_subspace_check(&probe);
	}
	replay_probe_end(&probe, NULL);
}
