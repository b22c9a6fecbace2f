/* Faults of the engine card, on demand (struct cfg_fault): by job number, by chance, or both.
 *
 * Each fault has a stream of random numbers of its own, named by gateway, engine and its place in the list,
 * and draws once for every job: one fault more, or another gateway, changes nothing for the others.
 *
 * A fault never makes a card pass off a wrong text as a good one.  What it damages while encrypting fails the
 * peer's ICV; while decrypting, and where there is no ICV, the job itself is reported as bad. */
#include "crypto/card.h"

#include <stdio.h>

void
card_faults_init(struct card *card)
{
	const struct cfg_engine *cfg = card->cfg;

	for (unsigned i = 0; i < cfg->n_faults; i++) {
		char stream[256];

		snprintf(stream, sizeof(stream), "engine.%s.%s.fault.%u", cfg->owner ? cfg->owner : "",
			cfg->name ? cfg->name : "", i);
		card->faults[i] = (struct card_fault){.cfg = &cfg->faults[i]};
		rng_init(&card->faults[i].rng, cfg->seed, stream);
	}
	card->n_faults = cfg->n_faults;
}

static bool
fault_hits(struct card_fault *fault, uint64_t number)
{
	const struct cfg_fault *cfg = fault->cfg;
	bool hit = fault->next < cfg->n_jobs && cfg->jobs[fault->next] == number;

	fault->next += hit;
	if (cfg->rate > 0)
		hit |= rng_chance(&fault->rng, cfg->rate) != 0;
	return hit || (cfg->kind == CFG_FAULT_SHORT && !cfg->n_jobs && !(cfg->rate > 0));
}

/* A good ICV is reported as a miscompare. */
static void
mac_report(struct card *card, struct crypto_op *op)
{
	if (!op->session->decrypt || !op->session->icv_len || op->result != CRYPTO_OK)
		return;
	op->result = CRYPTO_BAD_ICV;
	card->counters[ENGINE_MAC_FALSE]++;
}

static void
short_damage(struct card *card, struct crypto_op *op, uint32_t bytes)
{
	if (card_op_bytes(op) >= bytes || op->result != CRYPTO_OK)
		return;
	card->counters[ENGINE_SHORT_DAMAGED]++;
	if (!op->session->icv_len)
		op->result = CRYPTO_FAILED;
	else if (op->session->decrypt)
		op->result = CRYPTO_BAD_ICV;
	else
		op->icv[0] ^= 1;
}

void
card_fate_draw(struct card *card, struct crypto_op *op, struct card_fate *fate)
{
	for (unsigned i = 0; i < card->n_faults; i++) {
		const struct cfg_fault *cfg = card->faults[i].cfg;

		if (!fault_hits(&card->faults[i], card->queue.number))
			continue;
		switch (cfg->kind) {
		case CFG_FAULT_REORDER:
			fate->overtaken += cfg->delay;
			break;
		case CFG_FAULT_MAC:
			mac_report(card, op);
			break;
		case CFG_FAULT_LOST:
			fate->lost = true;
			break;
		case CFG_FAULT_LATE:
			fate->late += cfg->delay;
			card->counters[ENGINE_LATE]++;
			break;
		case CFG_FAULT_DUPLICATE:
			fate->duplicate = true;
			break;
		case CFG_FAULT_STUCK:
			fate->stuck += cfg->delay;
			card->counters[ENGINE_STUCK]++;
			break;
		case CFG_FAULT_SHORT:
			short_damage(card, op, cfg->bytes);
			break;
		}
	}
}
