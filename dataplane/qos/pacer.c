/* Pacers: set-up, and what only shapers and policers ask.  The line's part stands inline in pacer.h.
 *
 * The reciprocal is Granlund and Montgomery's ("Division by Invariant Integers using Multiplication", 1994):
 * with 2^s < den <= 2^(s+1) and m = ceil(2^(64+s) / den), m * den exceeds 2^(64+s) by less than 2^(s+1), so
 * floor(x * m / 2^(64+s)) is floor(x / den) for every x below 2^63.
 * Checks no ranges: qos_create() did. */
#include "base/clock.h"
#include "dataplane/qos/pacer.h"

#define CREDIT_MAX (UINT64_C(1) << 62) /* ns: 146 years of credit are as good as any more */

static uint64_t
divisor_greatest(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* ns per byte as a fraction, reduced as far as the reciprocal allows, which wants den > 1. */
static void
pacer_rate(struct pacer *pacer, uint64_t bps)
{
	pacer->den = 2;
	if (bps) {
		uint64_t common = divisor_greatest(8 * NS_PER_SEC, bps);

		pacer->num = 8 * NS_PER_SEC / common;
		pacer->den = bps / common;
		if (pacer->den == 1) {
			pacer->num *= 2;
			pacer->den = 2;
		}
	}
	pacer->shift = 63 - __builtin_clzll(pacer->den - 1);

	unsigned __int128 one = (unsigned __int128)1 << (64 + pacer->shift);
	pacer->inverse = (one + pacer->den - 1) / pacer->den;
}

void
pacer_init(struct pacer *pacer, uint64_t bps, uint64_t burst)
{
	*pacer = (struct pacer){.num = 0};
	pacer_rate(pacer, bps);

	unsigned __int128 parts = (unsigned __int128)burst * pacer->num;
	unsigned __int128 ns = parts / pacer->den;
	if (ns >= CREDIT_MAX)
		pacer->credit.ns = CREDIT_MAX;
	else
		pacer->credit = (struct span){ns, parts % pacer->den};
}

static struct span
pacer_span(const struct pacer *pacer, uint64_t parts)
{
	uint64_t ns = pacer_divide(pacer, parts);

	return (struct span){ns, parts - ns * pacer->den};
}

/* a - b, 0 where that is negative. */
static struct span
span_less(struct span a, struct span b, uint64_t den)
{
	bool borrow = a.part < b.part;

	if (a.ns < b.ns + borrow)
		return (struct span){0, 0};
	return (struct span){a.ns - b.ns - borrow, a.part - b.part + (borrow ? den : 0)};
}

uint64_t
pacer_next(const struct pacer *pacer, uint32_t bytes)
{
	if (!(pacer->credit.ns | pacer->credit.part))
		return pacer->full_ns;

	struct span span = pacer_span(pacer, bytes * pacer->num);
	struct span spare = span_less(pacer->credit, span, pacer->den);
	struct span full = pacer_span(pacer, pacer->parts);

	full.ns += pacer->base_ns;
	full = span_less(full, spare, pacer->den);
	return full.ns + (full.part != 0);
}

/* The whole credit, rounded down, less the time of the bytes, rounded up. */
uint64_t
pacer_sure(const struct pacer *pacer, uint32_t bytes)
{
	uint64_t ns = pacer_span(pacer, bytes * pacer->num).ns + 1;

	return pacer->credit.ns > ns ? pacer->credit.ns - ns : 0;
}
