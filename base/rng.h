/* The only maker of random numbers in sim: xoshiro256++, one named stream for each user, so that adding a
 * user does not change what the others see.  Bit for bit the same on any machine and in any build: only
 * integer arithmetic and IEEE + - * / sqrt are used, no libm.  Not for keys of live SAs.  One thread a
 * stream. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* Stream `name` of run `seed`. */
void rng_init(struct rng *rng, uint64_t seed, const char *name);
uint64_t rng_u64(struct rng *rng);
/* Uniform in 0..n-1, n > 0, without bias. */
uint64_t rng_below(struct rng *rng, uint64_t n);
/* Uniform in [0, 1), 53 bits. */
double rng_unit(struct rng *rng);
/* True with probability p. */
int rng_chance(struct rng *rng, double p);
/* Mean 1. */
double rng_exponential(struct rng *rng);
/* Mean 0, deviation 1. */
double rng_normal(struct rng *rng);
/* Pareto type I less its minimum: scale * (U^(-1/shape) - 1), shape > 0. */
double rng_pareto(struct rng *rng, double scale, double shape);
void rng_bytes(struct rng *rng, void *out, uint32_t n);
/* A seed that nobody can foresee, for live gateways: nothing repeats then.  False where the kernel has none.
 */
int rng_seed_draw(uint64_t *seed);

/* ln(x) for x > 0 and e^x, |error| below 1e-14 relative, reproducible everywhere. */
double rng_log(double x);
double rng_exp(double x);

#endif
