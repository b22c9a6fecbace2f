/* Time is an argument: unsigned nanoseconds since the start of the run.  Only the live driver reads a
 * hardware clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SEC UINT64_C(1000000000)
#define TIME_NEVER UINT64_MAX

/* The first multiple of `step` at or after `t`; TIME_NEVER stays. */
static inline uint64_t
time_round_up(uint64_t t, uint64_t step)
{
	if (t == TIME_NEVER)
		return t;
	uint64_t rest = t % step;
	return rest ? t - rest + step : t;
}

static inline uint64_t
time_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nanoseconds that `bytes` take at `bps`, rounded up; rate 0 means infinitely fast.
 * 8e9 * bytes fits 64 bits up to 2 GB. */
static inline uint64_t
time_of_bytes(uint64_t bytes, uint64_t bps)
{
	return bps ? (bytes * 8 * NS_PER_SEC + bps - 1) / bps : 0;
}

#endif
