/* Traffic sources that follow a rate: cbr, imix, onoff, poisson.
 *
 * cbr and imix: a packet takes bits / rate, and the next one starts then.  The time is kept as whole
 * nanoseconds and a remainder over the rate, so that a packet leaves at start + floor(1e9 * (bits sent
 * before it) / rate): exact for ever, with no division after creation.  With `pps` in place of `rate` all
 * packets take 1 / pps, pps being taken to the nearest millionth.
 * imix: sizes come from a table in which each block of (sum of weights) packets holds the mix exactly.
 * onoff: durations of bursts and pauses are exponential; `rate` is the PEAK rate.  The clock of the
 * packets stands still in pauses, hence the mean rate is peak * on / (on + off) with no rounding to whole
 * packets a burst; a burst shorter than the gap may be empty.  A run begins with a burst.  off = 0: no
 * pauses.
 * poisson: exponential gaps, and each packet belongs to a flow drawn at random, for only so is each flow
 * a Poisson process too.  The others deal flows out in a circle. */
#include <stdlib.h>

#include "lab/traffic_priv.h"

#define PACKETS_TIMES UINT64_C(1000000) /* pps is kept in millionths */
#define PPS_MAX 1e12
#define RATE_MAX (UINT64_C(1) << 62)
#define WEIGHTS_MAX 65536u  /* sum of weights after cancelling */
#define MIX_MAX 256u	    /* sizes; an entry of the pattern is a byte */
#define PATTERN_BLOCKS 257u /* see pattern_init() */
#define PATTERN_SHORT 1024u
#define ON_MIN_NS UINT64_C(1000) /* shorter bursts would cost more work than packets */

/* What one size adds to the time: whole nanoseconds, and a part of one in units of 1 / clock.den. */
struct step {
	uint64_t whole, rest;
	uint32_t bytes;
};

struct pace {
	uint64_t time; /* ns, of the next packet */
	uint64_t rest; /* 0 .. den - 1 */
	uint64_t den;  /* bit/s, or packets a second in millionths */
};

struct paced {
	struct traffic base;
	struct pace pace;
	uint64_t num;
	uint32_t flow;
	uint32_t position, pattern_len;
	uint8_t *pattern; /* indices of steps */
	struct step *steps;
};

struct onoff {
	struct paced paced; /* its clock counts time in bursts, from start */
	uint64_t burst_end; /* by that clock */
	uint64_t pauses;    /* sum of those that are over: true time less that clock */
	double on, off;
};

struct poisson {
	struct traffic base;
	uint64_t time;
	double fraction; /* of the time, 0 to 1 ns: cutting it off would raise the rate */
	double mean;	 /* ns */
	uint32_t bytes;
	uint64_t *nums; /* per flow */
};

static inline void
pace_advance(struct pace *pace, const struct step *step)
{
	uint64_t rest = pace->rest + step->rest;
	uint64_t carry = rest >= pace->den;

	pace->rest = carry ? rest - pace->den : rest;
	pace->time += step->whole + carry;
}

/* Millionths of packets a second; 0 where the source goes by rate. */
static uint64_t
pps_scaled(const struct cfg_traffic *cfg)
{
	return cfg->pps > 0 ? (uint64_t)(cfg->pps * (double)PACKETS_TIMES + 0.5) : 0;
}

static enum status
pace_init(const struct traffic_args *args, struct pace *pace)
{
	const struct cfg_traffic *cfg = args->cfg;

	if (!(cfg->pps >= 0 && cfg->pps <= PPS_MAX) || (cfg->pps > 0 && !pps_scaled(cfg)))
		return traffic_refuse(
			args, ST_ERR_RANGE, "pps = %g; allowed: 0.000001 to %g", cfg->pps, PPS_MAX);
	pace->den = cfg->pps > 0 ? pps_scaled(cfg) : cfg->rate;
	if (!pace->den || pace->den > RATE_MAX)
		return traffic_refuse(args, ST_ERR_RANGE, "needs a rate or pps above 0 (below 2^62)");
	pace->time = time_min(cfg->start, TRAFFIC_TIME_MAX);
	pace->rest = 0;
	return ST_OK;
}

static enum status
step_init(const struct traffic_args *args, const struct pace *pace, uint32_t bytes, struct step *step)
{
	bool v6 = !ip_is_v4(args->lab->hosts[args->cfg->from_host].address);
	uint32_t least = TRAFFIC_BYTES_MIN + (v6 ? TRAFFIC_V6_BYTES : 0);

	if (bytes < least || bytes > TRAFFIC_BYTES_MAX)
		return traffic_refuse(args, ST_ERR_RANGE, "packets of %u bytes; allowed: %u to %u", bytes,
			least, TRAFFIC_BYTES_MAX);
	uint64_t units = args->cfg->pps > 0 ? PACKETS_TIMES : (uint64_t)bytes * 8;
	step->whole = units * NS_PER_SEC / pace->den;
	step->rest = units * NS_PER_SEC % pace->den;
	step->bytes = bytes;
	return ST_OK;
}

/* ---- cbr and imix ---- */

static unsigned
paced_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	struct paced *p = (struct paced *)traffic;
	const uint64_t until = traffic_until(traffic, now);
	const uint32_t flow_count = traffic->flow_count, pattern_len = p->pattern_len;
	const struct step *steps = p->steps;
	const uint8_t *pattern = p->pattern;
	struct pace pace = p->pace; /* copies: for all the compiler knows, `out` may alias the source */
	uint64_t num = p->num;
	uint32_t flow = p->flow, position = p->position;
	unsigned n;

	for (n = 0; n < max && pace.time < until; n++) {
		const struct step *step = &steps[pattern[position]];
		out[n] = (struct traffic_packet){pace.time, num, flow, step->bytes, NULL};
		pace_advance(&pace, step);
		position = position + 1 == pattern_len ? 0 : position + 1;
		flow = flow + 1 == flow_count ? 0 : flow + 1;
		num += flow == 0;
	}
	p->pace = pace;
	p->num = num;
	p->flow = flow;
	p->position = position;
	traffic_due_set(traffic, pace.time);
	return n;
}

static void
paced_fini(struct traffic *traffic)
{
	struct paced *p = (struct paced *)traffic;

	free(p->pattern);
	free(p->steps);
}

static const struct traffic_ops paced_ops = {.get = paced_get, .fini = paced_fini};

static uint32_t
weights_gcd(const struct cfg_imix_entry *mix, unsigned n)
{
	uint32_t gcd = 0;

	for (unsigned i = 0; i < n; i++)
		for (uint32_t b = mix[i].weight; b;) {
			uint32_t rest = gcd % b;
			gcd = b;
			b = rest;
		}
	return gcd;
}

/* One block: each size as often as its weight says, in random order (Fisher and Yates). */
static void
block_fill(struct rng *rng, uint8_t *block, const struct cfg_imix_entry *mix, unsigned n_mix, uint32_t gcd)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < n_mix; i++)
		for (uint32_t k = mix[i].weight / gcd; k; k--)
			block[n++] = (uint8_t)i;
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = (uint32_t)rng_below(rng, i);
		uint8_t swap = block[i - 1];
		block[i - 1] = block[j];
		block[j] = swap;
	}
}

/* The order of sizes.  As flows go round in a circle, one short block would give each of 12 flows a size
 * of its own for ever.  So a short mix is shuffled anew in each of 257 blocks: a prime, hence a flow meets
 * at least 257 different places of the pattern unless there are a multiple of 257 flows. */
static enum status
pattern_init(
	const struct traffic_args *args, struct paced *p, const struct cfg_imix_entry *mix, unsigned n_mix)
{
	uint32_t gcd = weights_gcd(mix, n_mix);
	uint64_t sum = 0;

	for (unsigned i = 0; i < n_mix && gcd; i++)
		sum += mix[i].weight / gcd;
	if (!sum || sum > WEIGHTS_MAX)
		return traffic_refuse(args, ST_ERR_RANGE, "sum of weights, reduced, is %lu; allowed: 1 to %u",
			(unsigned long)sum, WEIGHTS_MAX);
	uint32_t blocks = n_mix > 1 && sum <= PATTERN_SHORT ? PATTERN_BLOCKS : 1;
	p->pattern_len = blocks * (uint32_t)sum;
	p->pattern = malloc(p->pattern_len);
	if (!p->pattern)
		return ST_ERR_NOMEM;
	for (uint32_t i = 0; i < blocks; i++)
		block_fill(&p->base.rng, p->pattern + i * sum, mix, n_mix, gcd);
	return ST_OK;
}

static enum status
paced_init(const struct traffic_args *args, struct paced *p, const struct cfg_imix_entry *mix, unsigned n_mix)
{
	if (!n_mix || n_mix > MIX_MAX)
		return traffic_refuse(
			args, ST_ERR_RANGE, "mix of %u sizes; allowed: 1 to %u", n_mix, MIX_MAX);
	enum status status = pace_init(args, &p->pace);
	if (status != ST_OK)
		return status;
	p->steps = calloc(n_mix, sizeof(*p->steps));
	if (!p->steps)
		return ST_ERR_NOMEM;
	for (unsigned i = 0; i < n_mix; i++) {
		status = step_init(args, &p->pace, mix[i].bytes, &p->steps[i]);
		if (status != ST_OK)
			return status;
		if (mix[i].bytes > p->base.bytes_max)
			p->base.bytes_max = mix[i].bytes;
	}
	return pattern_init(args, p, mix, n_mix);
}

static enum status
paced_create(const struct traffic_args *args, const struct cfg_imix_entry *mix, unsigned n_mix,
	struct traffic **traffic)
{
	enum status status = traffic_flows_check(args, "flows", args->cfg->flows);
	if (status != ST_OK)
		return status;
	struct paced *p = traffic_alloc(args, &paced_ops, sizeof(*p), args->cfg->flows);
	if (!p)
		return ST_ERR_NOMEM;
	status = paced_init(args, p, mix, n_mix);
	if (status == ST_OK)
		*traffic = &p->base;
	else
		traffic_destroy(&p->base);
	return status;
}

enum status
traffic_cbr_create(const struct traffic_args *args, struct traffic **traffic)
{
	const struct cfg_imix_entry one = {args->cfg->size, 1};
	return paced_create(args, &one, 1, traffic);
}

enum status
traffic_imix_create(const struct traffic_args *args, struct traffic **traffic)
{
	return paced_create(args, args->cfg->mix, args->cfg->n_mix, traffic);
}

/* ---- onoff ---- */

static uint64_t
duration_draw(struct rng *rng, double mean)
{
	double ns = mean * rng_exponential(rng) + 0.5;
	return ns < (double)TRAFFIC_TIME_MAX / 4 ? (uint64_t)ns : TRAFFIC_TIME_MAX / 4;
}

/* Step over pauses until the next packet lies in a burst, or after the end. */
static void
onoff_settle(struct onoff *o)
{
	struct traffic *t = &o->paced.base;

	while (o->paced.pace.time >= o->burst_end && o->paced.pace.time + o->pauses < t->limit) {
		o->pauses += duration_draw(&t->rng, o->off);
		o->burst_end += duration_draw(&t->rng, o->on);
	}
}

static unsigned
onoff_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	struct onoff *o = (struct onoff *)traffic;
	struct paced *p = &o->paced;
	const uint64_t until = traffic_until(traffic, now);
	unsigned n = 0;

	while (n < max && p->pace.time + o->pauses < until) {
		uint64_t time = p->pace.time + o->pauses;
		out[n++] = (struct traffic_packet){time, p->num, p->flow, p->steps[0].bytes, NULL};
		p->flow = p->flow + 1 == traffic->flow_count ? 0 : p->flow + 1;
		p->num += p->flow == 0;
		pace_advance(&p->pace, &p->steps[0]);
		onoff_settle(o);
	}
	traffic_due_set(traffic, p->pace.time + o->pauses);
	return n;
}

static const struct traffic_ops onoff_ops = {.get = onoff_get, .fini = paced_fini};

enum status
traffic_onoff_create(const struct traffic_args *args, struct traffic **traffic)
{
	const struct cfg_imix_entry one = {args->cfg->size, 1};
	enum status status = traffic_flows_check(args, "flows", args->cfg->flows);
	if (status != ST_OK)
		return status;
	if (args->cfg->on < ON_MIN_NS)
		return traffic_refuse(args, ST_ERR_RANGE, "on is shorter than 1 us");
	struct onoff *o = traffic_alloc(args, &onoff_ops, sizeof(*o), args->cfg->flows);
	if (!o)
		return ST_ERR_NOMEM;
	status = paced_init(args, &o->paced, &one, 1);
	if (status != ST_OK) {
		traffic_destroy(&o->paced.base);
		return status;
	}
	o->on = (double)args->cfg->on;
	o->off = (double)args->cfg->off;
	o->burst_end = TIME_NEVER;
	if (args->cfg->off)
		o->burst_end = o->paced.pace.time + duration_draw(&o->paced.base.rng, o->on);
	onoff_settle(o);
	traffic_due_set(&o->paced.base, o->paced.pace.time + o->pauses);
	*traffic = &o->paced.base;
	return ST_OK;
}

/* ---- poisson ---- */

static void
poisson_step(struct poisson *p)
{
	double sum = p->fraction + p->mean * rng_exponential(&p->base.rng);
	uint64_t whole = (uint64_t)sum;

	p->time += whole;
	p->fraction = sum - (double)whole;
}

static unsigned
poisson_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	struct poisson *p = (struct poisson *)traffic;
	const uint64_t until = traffic_until(traffic, now);
	uint32_t flow = 0;
	unsigned n = 0;

	while (n < max && p->time < until) {
		if (traffic->flow_count > 1)
			flow = (uint32_t)rng_below(&traffic->rng, traffic->flow_count);
		out[n++] = (struct traffic_packet){p->time, p->nums[flow]++, flow, p->bytes, NULL};
		poisson_step(p);
	}
	traffic_due_set(traffic, p->time);
	return n;
}

static void
poisson_fini(struct traffic *traffic)
{
	free(((struct poisson *)traffic)->nums);
}

static const struct traffic_ops poisson_ops = {.get = poisson_get, .fini = poisson_fini};

enum status
traffic_poisson_create(const struct traffic_args *args, struct traffic **traffic)
{
	struct pace pace = {0};
	struct step step = {0};
	enum status status = traffic_flows_check(args, "flows", args->cfg->flows);
	if (status == ST_OK)
		status = pace_init(args, &pace);
	if (status == ST_OK)
		status = step_init(args, &pace, args->cfg->size, &step);
	if (status != ST_OK)
		return status;

	struct poisson *p = traffic_alloc(args, &poisson_ops, sizeof(*p), args->cfg->flows);
	if (!p)
		return ST_ERR_NOMEM;
	p->nums = calloc(args->cfg->flows, sizeof(*p->nums));
	if (!p->nums) {
		traffic_destroy(&p->base);
		return ST_ERR_NOMEM;
	}
	p->time = p->base.start;
	p->mean = (double)step.whole + (double)step.rest / (double)pace.den;
	p->bytes = step.bytes;
	poisson_step(p);
	traffic_due_set(&p->base, p->time);
	*traffic = &p->base;
	return ST_OK;
}
