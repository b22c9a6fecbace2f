/* conform/, cases of whole ESP and replay: against a subject that is esplab's ESP with one fault.  Without
 * ESN its window stands in front of an SA that has none, so that it can be wrong in every way. */
#include <stdlib.h>

#include "base/bytes.h"
#include "conform/own_esp.h"
#include "tests/conform/conform_rig.h"

int suite_conform_esp(void);

enum fault {
	FAULT_NONE,
	FAULT_NO_ESN, /* says that it has none */
	/* replay */
	FAULT_NO_WINDOW,    /* every number is accepted */
	FAULT_FORGED_MOVES, /* the window moves before the ICV was looked at */
	FAULT_ONE_TOO_OLD,  /* edge - W is accepted */
	FAULT_ROUNDED,	    /* a window of 100 is one of 128 */
	FAULT_ZERO,	    /* number 0 is accepted */
	FAULT_MASK_32,	    /* half of the numbers are never marked, as in librte_ipsec 22.11 */
	FAULT_DUP_OK,	    /* a duplicate in the window is accepted */
	/* packets */
	FAULT_LENIENT,	/* padding and next header are not looked at */
	FAULT_DELIVERS, /* what has a wrong ICV is delivered all the same */
	FAULT_TOUCHES,	/* what is refused comes back changed */
	FAULT_TFC,	/* what follows the inner packet stays behind it */
	FAULT_GOES_ON,	/* after the last number comes the first */
	FAULT_SPI,	/* sends another SPI */
	FAULT_SKIPS,	/* leaves a number out after each */
	FAULT_SMALL,	/* packets above 9100 bytes are refused */
	FAULT_CUT,	/* the last byte of what is delivered is lost */
};

/* The window: one byte a number up to 2^20, which is more than the cases come to without ESN but for the last
 * numbers of 32 bits; these stand behind. */
#define MARKS (1u << 20)

struct bad {
	struct esp_subject subject;
	struct esp_subject *own;
	struct drive *drive;
	enum fault fault;
	uint32_t window;
	uint64_t edge;
	uint8_t seen[2 * MARKS];
};

/* Of one test at a time: what create() has no argument for. */
static struct {
	enum fault fault;
	struct drive *drive;
} bench;

static const struct esp_subject_ops bad_ops;

static uint8_t *
mark_of(struct bad *bad, uint32_t seq)
{
	return &bad->seen[seq < UINT32_MAX / 2 ? seq % MARKS : MARKS + seq % MARKS];
}

static void
bad_destroy(struct esp_subject *subject)
{
	struct bad *bad = (struct bad *)subject;

	if (!bad)
		return;
	bad->own->ops->destroy(bad->own);
	free(bad);
}

static enum status
bad_create(const struct esp_subject_cfg *cfg, struct esp_subject **subject, char *message, size_t bytes)
{
	struct esp_subject_cfg plain = *cfg;
	struct bad *bad;
	enum status status;

	snprintf(message, bytes, "no ESN");
	if (cfg->esn && bench.fault == FAULT_NO_ESN)
		return ST_ERR_UNSUPPORTED;
	bad = calloc(1, sizeof(*bad));
	if (!bad)
		return ST_ERR_NOMEM;
	if (!cfg->esn)
		plain.window = 0;
	bad->subject.ops = &bad_ops;
	bad->fault = bench.fault;
	bad->window = cfg->esn ? 0 : cfg->window;
	if (bad->fault == FAULT_ROUNDED)
		bad->window = (bad->window + 63) / 64 * 64;
	bad->edge = cfg->first_seq - 1;
	*mark_of(bad, (uint32_t)bad->edge) = 1;
	bad->seen[0] = bad->fault != FAULT_ZERO;
	status = own_esp_create(bench.drive, &plain, &bad->own, message, bytes);
	if (status)
		free(bad);
	else
		*subject = &bad->subject;
	return status;
}

static enum esp_verdict
window_check(struct bad *bad, uint32_t seq)
{
	uint32_t w = bad->window + (bad->fault == FAULT_ONE_TOO_OLD);

	if (!bad->window || bad->fault == FAULT_NO_WINDOW || seq > bad->edge)
		return ESP_ACCEPTED;
	if (bad->edge - seq >= w)
		return ESP_REPLAY;
	return *mark_of(bad, seq) && bad->fault != FAULT_DUP_OK ? ESP_REPLAY : ESP_ACCEPTED;
}

static void
window_mark(struct bad *bad, uint32_t seq)
{
	if (bad->fault != FAULT_MASK_32 || seq % 64 < 32)
		*mark_of(bad, seq) = 1;
	if (seq > bad->edge)
		bad->edge = seq;
}

/* What the own ESP refused may be delivered in spite of that: so many bytes of it as there are. */
static enum esp_verdict
packet_spoil(const struct bad *bad, enum esp_verdict verdict, uint8_t *packet, uint32_t *len)
{
	if ((bad->fault == FAULT_LENIENT && verdict == ESP_BAD_PACKET) ||
		(bad->fault == FAULT_DELIVERS && verdict == ESP_BAD_ICV)) {
		*len -= 20;
		return ESP_ACCEPTED;
	}
	if (bad->fault == FAULT_TOUCHES && verdict != ESP_ACCEPTED)
		packet[*len - 1] ^= 1;
	if (bad->fault == FAULT_CUT && verdict == ESP_ACCEPTED)
		*len -= 1;
	return verdict;
}

static enum esp_verdict
bad_unprotect(struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room)
{
	struct bad *bad = (struct bad *)subject;
	uint32_t seq = *len >= 28 ? load_be32(packet + 24) : 0, outer_len = *len;
	enum esp_verdict verdict = *len >= 28 ? window_check(bad, seq) : ESP_ACCEPTED;

	if (verdict == ESP_ACCEPTED) {
		if (bad->fault == FAULT_FORGED_MOVES && bad->window)
			window_mark(bad, seq);
		verdict = bad->own->ops->unprotect(bad->own, packet, len, room);
		if (verdict == ESP_ACCEPTED && bad->window)
			window_mark(bad, seq);
	}
	/* more than 3 bytes of either padding with GCM */
	if (bad->fault == FAULT_TFC && verdict == ESP_ACCEPTED && outer_len > *len + 54 + 3)
		*len += 1;
	return packet_spoil(bad, verdict, packet, len);
}

static enum esp_verdict
bad_protect(struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room, uint64_t seq)
{
	struct bad *bad = (struct bad *)subject;
	uint8_t spare[64];
	uint32_t spare_len = sizeof(spare);
	enum esp_verdict verdict;

	if (bad->fault == FAULT_SMALL && *len > 9100)
		return ESP_BAD_PACKET;
	verdict = bad->own->ops->protect(bad->own, packet, len, room, seq);
	if (bad->fault == FAULT_GOES_ON && verdict == ESP_EXHAUSTED)
		verdict = bad->own->ops->protect(bad->own, packet, len, room, 1);
	if (bad->fault == FAULT_SPI && verdict == ESP_ACCEPTED)
		packet[23] ^= 1;
	if (bad->fault == FAULT_SKIPS) {
		uint8_t whole[256] = {0x45, 0, 0, sizeof(spare)};

		bad->own->ops->protect(bad->own, whole, &spare_len, sizeof(whole), 0);
	}
	return verdict;
}

static const struct esp_subject_ops bad_ops = {
	.name = "bad",
	.create = bad_create,
	.destroy = bad_destroy,
	.protect = bad_protect,
	.unprotect = bad_unprotect,
};

static struct conform_sum
fault_expect(enum fault fault, const char *words, const char *failed)
{
	struct engine *engine = rig_open().engine, *reference = rig_open().engine;
	struct drive *drive = calloc(1, sizeof(*drive));
	const struct conform_subject subject = {.reference = reference, .esp = &bad_ops, .window_most = 128};
	struct heard heard;

	CU_ASSERT_PTR_NOT_NULL_FATAL(drive);
	drive->engine = engine;
	bench.fault = fault;
	bench.drive = drive;
	rig_expect(&subject, words, failed, &heard);
	free(drive);
	engine_destroy(engine);
	engine_destroy(reference);
	return heard.sum;
}

#define GCM "esp-gcm 256"
#define CBC "esp-aes 256 esp-sha256-hmac"

static void
test_sound(void)
{
	fault_expect(FAULT_NONE, GCM, "");
	fault_expect(FAULT_NONE, CBC, "");
	fault_expect(FAULT_NONE, "esp-null esp-sha-hmac", "");
	/* what is not there is no fault: esp_esn, replay_esn and the rows near 2^64 are left out */
	CU_ASSERT_EQUAL(fault_expect(FAULT_NO_ESN, GCM, "").lines[CONFORM_SKIP], 3);
}

static void
test_replay(void)
{
	fault_expect(FAULT_NO_WINDOW, GCM, "replay_rows replay_size replay_zero ");
	fault_expect(FAULT_DUP_OK, GCM, "replay_rows replay_size replay_zero ");
	fault_expect(FAULT_MASK_32, GCM, "replay_rows replay_size ");
	fault_expect(FAULT_FORGED_MOVES, GCM, "replay_rows replay_forged ");
	fault_expect(FAULT_ONE_TOO_OLD, GCM, "replay_rows replay_size ");
	fault_expect(FAULT_ROUNDED, GCM, "replay_rows replay_size ");
	fault_expect(FAULT_ZERO, GCM, "replay_rows replay_zero ");
}

static void
test_packets(void)
{
	fault_expect(FAULT_LENIENT, CBC, "esp_pad esp_pad_beyond esp_next esp_length ");
	fault_expect(FAULT_DELIVERS, GCM, "esp_length esp_icv esp_esn replay_rows replay_forged replay_esn ");
	fault_expect(FAULT_TOUCHES, GCM, "esp_pad esp_pad_beyond esp_next esp_icv esp_esn ");
	fault_expect(FAULT_TFC, GCM, "esp_pad esp_tfc ");
	fault_expect(FAULT_CUT, GCM, "esp_back esp_size esp_pad esp_tfc esp_icv esp_esn ");
	fault_expect(FAULT_GOES_ON, GCM, "esp_last ");
	fault_expect(FAULT_SPI, GCM, "esp_out esp_size esp_esn ");
	fault_expect(FAULT_SKIPS, GCM, "esp_out esp_size esp_esn esp_last ");
	fault_expect(FAULT_SMALL, GCM, "esp_size ");
}

int
suite_conform_esp(void)
{
	CU_pSuite s = CU_add_suite("conform_esp", NULL, NULL);

	if (!s || !CU_add_test(s, "sound ESP passes", test_sound) ||
		!CU_add_test(s, "windows with a fault", test_replay) ||
		!CU_add_test(s, "packets with a fault", test_packets))
		return (int)CU_get_error();
	return 0;
}
