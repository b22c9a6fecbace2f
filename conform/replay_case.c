/* Replay probes: see replay_case.h. */
#include "conform/replay_case.h"

#include <stdio.h>
#include <string.h>

bool
replay_probe_open(struct conform *c, struct replay_probe *probe)
{
	*probe = (struct replay_probe){.c = c, .shape.direction = CRYPTO_DECRYPT};
	if (craft_open(c, &probe->craft))
		return true;
	case_end(c, NULL, "");
	return false;
}

void
replay_probe_end(struct replay_probe *probe, const char *expected)
{
	char note[256] = "";

	esp_subject_end(probe->subject);
	craft_close(&probe->craft);
	if (probe->refused)
		snprintf(note, sizeof(note), "%u sizes of window less", probe->refused);
	if (probe->wrong[0])
		snprintf(note + strlen(note), sizeof(note) - strlen(note), "%swindows%s", note[0] ? "; " : "",
			probe->wrong);
	case_end(probe->c, expected, note);
}

void
replay_probe_note(struct replay_probe *probe, unsigned wrong_before)
{
	size_t used = strlen(probe->wrong);
	bool more = used + 16 > sizeof(probe->wrong);

	if (probe->c->wrong == wrong_before || (more && probe->wrong[used - 1] == '.'))
		return;
	if (more)
		snprintf(probe->wrong + used, sizeof(probe->wrong) - used, " ...");
	else
		snprintf(probe->wrong + used, sizeof(probe->wrong) - used, " %u", probe->window);
}

bool
replay_probe_start(struct replay_probe *probe, uint64_t edge)
{
	char message[256];
	enum status status;

	esp_subject_end(probe->subject);
	probe->subject = NULL;
	probe->edge = edge;
	probe->shape.window = probe->window;
	probe->shape.first_seq = edge + 1;
	probe->craft.esn = probe->shape.esn;
	status = esp_subject_make(probe->c, &probe->shape, &probe->subject, message, sizeof(message));
	if (status == ST_ERR_UNSUPPORTED || status == ST_ERR_RANGE) {
		case_refused(probe->c, message);
		probe->refused += probe->refused_one != probe->window;
		probe->refused_one = probe->window;
		return false;
	}
	return case_check(probe->c, status == ST_OK, "no SA with a window of %u: %s", probe->window, message);
}

enum esp_verdict
replay_probe_send(struct replay_probe *probe, uint64_t seq, bool forged)
{
	uint32_t len = craft_packet(&probe->craft, probe->packet, seq, REPLAY_INNER_BYTES);

	if (forged)
		probe->packet[len - probe->craft.transform->icv_len] ^= 0x80;
	return probe->subject->ops->unprotect(probe->subject, probe->packet, &len, sizeof(probe->packet));
}

void
replay_probe_expect(
	struct replay_probe *probe, uint64_t seq, bool forged, enum esp_verdict want, const char *what)
{
	enum esp_verdict got = replay_probe_send(probe, seq, forged);

	case_check(probe->c, got == want, "window %u%s, edge %llu, %s %llu: %s instead of %s", probe->window,
		probe->shape.esn ? ", ESN" : "", (unsigned long long)probe->edge, what,
		(unsigned long long)seq, esp_verdict_text(got), esp_verdict_text(want));
	if (want == ESP_ACCEPTED && (int64_t)(seq - probe->edge) > 0)
		probe->edge = seq;
}
