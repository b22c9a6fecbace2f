/* xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state
 * filled by splitmix64 from the seed of the run and a hash (FNV-1a) of the stream's name.
 *
 * Logarithm and exponential are our own: libm may round otherwise on another machine or after an update, and
 * a run must repeat to the bit.  Every floating operation here is one IEEE + - * / or sqrt, in the order
 * written; hence the build's -ffp-contract=off, which keeps the compiler from fusing two of them into one.
 *
 * Not here: cryptographic randomness, the second deviate of the polar method (struct rng keeps no spare, so
 * that a stream is its four words and nothing else), NaN and infinite arguments. */
#include "base/rng.h"

#include <endian.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio, odd: the step of splitmix64 */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* ln 2 in two parts: the upper one has 32 zero bits at its end, so that its product with an exponent is
 * exact. */
#define LN2_HI 0x1.62e42p-1
#define LN2_LO 0x1.fdf473de6af28p-22
#define INV_LN2 0x1.71547652b82fep+0
#define SQRT2 0x1.6a09e667f3bcdp+0

#define MANTISSA UINT64_C(0x000fffffffffffff)
#define EXPONENT_ZERO UINT64_C(0x3ff0000000000000)

#define EXP_OVERFLOW 709.79   /* e^x is above the largest double */
#define EXP_UNDERFLOW -745.14 /* e^x rounds to 0 */

/* 1/3, 1/5, ... of atanh s = s (1 + s²/3 + s⁴/5 + ...).  |s| <= 0.1716, so what is cut off is below 1e-18. */
static const double inv_odd[] = {1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17,
	1.0 / 19, 1.0 / 21, 1.0 / 23};

/* 1/k!.  |r| <= 0.347, so what is cut off is below 1e-17. */
static const double inv_factorial[] = {1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040,
	1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static inline uint64_t
rotate_left(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static uint64_t
splitmix_next(uint64_t *state)
{
	uint64_t z = *state += GOLDEN_GAMMA;
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t
name_hash(const char *name)
{
	uint64_t hash = FNV_OFFSET;
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * FNV_PRIME;
	return hash;
}

void
rng_init(struct rng *rng, uint64_t seed, const char *name)
{
	/* The seed is scrambled first: seeds 1 and 2 must not lie side by side once the hash is mixed in. */
	uint64_t state = seed;
	state = splitmix_next(&state) ^ name_hash(name);
	for (int i = 0; i < 4; i++)
		rng->s[i] = splitmix_next(&state);
}

uint64_t
rng_u64(struct rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

/* Lemire, "Fast random integer generation in an interval", 2019: the upper half of draw * n, where draws
 * whose lower half falls into the first 2^64 mod n values are thrown away, since they would favour some
 * results. */
uint64_t
rng_below(struct rng *rng, uint64_t n)
{
	unsigned __int128 product = (unsigned __int128)rng_u64(rng) * n;
	if ((uint64_t)product < n) {
		uint64_t threshold = -n % n;
		while ((uint64_t)product < threshold)
			product = (unsigned __int128)rng_u64(rng) * n;
	}
	return (uint64_t)(product >> 64);
}

double
rng_unit(struct rng *rng)
{
	return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

/* One draw, whatever p is: another p does not shift the rest of the stream. */
int
rng_chance(struct rng *rng, double p)
{
	return rng_unit(rng) < p;
}

/* Uniform in (0, 1]: what a logarithm can take. */
static double
unit_positive(struct rng *rng)
{
	return 1.0 - rng_unit(rng);
}

double
rng_exponential(struct rng *rng)
{
	return -rng_log(unit_positive(rng));
}

/* Marsaglia's polar method: needs no sine. */
double
rng_normal(struct rng *rng)
{
	double u, v, r;
	do {
		u = 2.0 * rng_unit(rng) - 1.0;
		v = 2.0 * rng_unit(rng) - 1.0;
		r = u * u + v * v;
	} while (r >= 1.0 || r == 0.0);
	return u * sqrt(-2.0 * rng_log(r) / r);
}

double
rng_pareto(struct rng *rng, double scale, double shape)
{
	return scale * (rng_exp(-rng_log(unit_positive(rng)) / shape) - 1.0);
}

int
rng_seed_draw(uint64_t *seed)
{
	return getrandom(seed, sizeof(*seed), 0) == (ssize_t)sizeof(*seed);
}

void
rng_bytes(struct rng *rng, void *out, uint32_t n)
{
	uint8_t *to = out;
	while (n) {
		uint32_t len = n < 8 ? n : 8;
		uint64_t word = htole64(rng_u64(rng));
		memcpy(to, &word, len);
		to += len;
		n -= len;
	}
}

static double
double_of_bits(uint64_t bits)
{
	double v;
	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* 2^k for a normal result. */
static double
power_of_two(int k)
{
	return double_of_bits((uint64_t)(1023 + k) << 52);
}

/* x = m * 2^exponent with m in [1/sqrt 2, sqrt 2]. */
static double
mantissa_split(double x, int *exponent)
{
	uint64_t bits;
	int e = -1023;

	if (x < 0x1p-1022) { /* subnormal: has no hidden bit yet */
		x *= 0x1p54;
		e -= 54;
	}
	memcpy(&bits, &x, sizeof(bits));
	e += (int)(bits >> 52);
	double m = double_of_bits((bits & MANTISSA) | EXPONENT_ZERO);
	if (m > SQRT2) {
		m *= 0.5;
		e++;
	}
	*exponent = e;
	return m;
}

/* ln x = e ln 2 + 2 atanh((m - 1) / (m + 1)).  m - 1 is exact, so the result is relatively right near x = 1
 * too, and elsewhere the two terms cannot cancel, as |ln m| <= ln 2 / 2. */
double
rng_log(double x)
{
	int e;
	double f = mantissa_split(x, &e) - 1.0;
	double s = f / (2.0 + f);
	double z = s * s;
	double p = 0.0;

	for (int i = COUNT(inv_odd) - 1; i >= 0; i--)
		p = p * z + inv_odd[i];
	double two_s = 2.0 * s;
	return e * LN2_HI + (two_s + (two_s * z * p + e * LN2_LO));
}

/* e^x = 2^k e^r with |r| <= ln 2 / 2.  Two factors make 2^k, as one double cannot hold 2^1024 or 2^-1075;
 * a subnormal result has fewer bits than the header promises. */
double
rng_exp(double x)
{
	if (!(x < EXP_OVERFLOW))
		return INFINITY;
	if (x < EXP_UNDERFLOW)
		return 0.0;

	int k = (int)(x * INV_LN2 + (x < 0 ? -0.5 : 0.5));
	double r = (x - k * LN2_HI) - k * LN2_LO;
	double p = 0.0;

	for (int i = COUNT(inv_factorial) - 1; i >= 0; i--)
		p = p * r + inv_factorial[i];
	return p * power_of_two(k / 2) * power_of_two(k - k / 2);
}
