/* dataplane/qos/qos.c: what qos_create() refuses, and long random sequences against the reference of
 * reference.h.  Compared are every verdict, every departure and its ns, every due time and every counter. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "base/rng.h"
#include "dataplane/qos/qos.h"
#include "tests/dataplane/qos/reference.h"

int suite_qos(void);

/* ---- random policies ---- */

struct lab {
	struct rng rng;
	struct cfg_class cfg_classes[MAX_CLASSES];
	struct cfg_qos cfg;
	uint64_t rate;
	uint32_t overhead;
	struct qos *qos;
	struct ref ref;
	unsigned id;
};

static uint64_t
pick_rate(struct rng *rng)
{
	static const uint64_t rates[] = {64000, 1000000, 1536000, 9999991, 155520000, UINT64_C(10000000000)};

	return rates[rng_below(rng, 6)];
}

static void
lab_class(struct lab *lab, struct cfg_class *c, unsigned i)
{
	struct rng *rng = &lab->rng;

	*c = (struct cfg_class){.name = "c", .dscp = UINT64_C(1) << i, .unit = rng_below(rng, 2)};
	c->queue_limit = rng_below(rng, 12) * (c->unit == CFG_UNIT_BYTES ? 800 : 1);
	c->police_always = rng_chance(rng, 0.5);
	if (rng_chance(rng, 0.4)) {
		c->priority = pick_rate(rng);
		c->priority /= 1 + rng_below(rng, 7);
		c->burst = 200 + rng_below(rng, 6000);
	} else {
		c->bandwidth = 1000 + rng_below(rng, 9000);
	}
}

static void
lab_init(struct lab *lab, unsigned seed)
{
	struct rng *rng = &lab->rng;
	struct ref *ref = &lab->ref;

	memset(lab, 0, sizeof(*lab));
	rng_init(rng, seed, "qos");
	lab->rate = rng_chance(rng, 0.2) ? 0 : pick_rate(rng);
	lab->overhead = rng_chance(rng, 0.5) ? 38 : 0;
	lab->cfg.classes = lab->cfg_classes;
	lab->cfg.kind = rng_chance(rng, 0.3) ? CFG_QOS_FIFO : CFG_QOS_CBWFQ;
	if (rng_chance(rng, 0.5)) {
		lab->cfg.shape = pick_rate(rng);
		lab->cfg.shape -= rng_below(rng, 1000);
		lab->cfg.shape_burst = rng_chance(rng, 0.4) ? 0 : rng_below(rng, 8000);
	}
	ref->n_classes = 1;
	if (lab->cfg.kind == CFG_QOS_CBWFQ)
		lab->cfg.n_classes = ref->n_classes = 1 + rng_below(rng, MAX_CLASSES);
	for (unsigned i = 0; i < ref->n_classes; i++) {
		lab_class(lab, &lab->cfg_classes[i], i);
		ref->classes[i].cfg = lab->cfg_classes[i];
	}
	lab->cfg.queue_limit = lab->cfg_classes[0].queue_limit;
	lab->cfg.unit = lab->cfg_classes[0].unit;
}

/* The last class of a CBWFQ becomes the default; a fifo is a fair queue alone. */
static void
lab_create(struct lab *lab)
{
	struct ref *ref = &lab->ref;
	struct cfg_class *last = &lab->cfg_classes[ref->n_classes - 1];

	last->dscp = 0;
	last->priority = 0;
	last->bandwidth = 777;
	for (unsigned i = 0; i < ref->n_classes; i++) {
		struct ref_class *class = &ref->classes[i];

		class->cfg = lab->cfg_classes[i];
		class->weight = class->cfg.bandwidth;
		class->policer.rate = class->cfg.priority;
		class->policer.level = class->policer.most = class->cfg.burst * 8 * GIGA;
	}
	ref->rate = lab->rate;
	ref->overhead = lab->overhead;
	ref->shaper.rate = lab->cfg.shape;
	ref->shaper.level = ref->shaper.most = lab->cfg.shape_burst * 8 * GIGA;
	CU_ASSERT_EQUAL_FATAL(qos_create(&lab->cfg, lab->rate, lab->overhead, &lab->qos), ST_OK);
	CU_ASSERT_EQUAL_FATAL(qos_class_count(lab->qos), ref->n_classes);
}

/* ---- the comparison ---- */

static void
lab_get(struct lab *lab, uint64_t now)
{
	struct ref *ref = &lab->ref;
	struct qos_out out[7];
	unsigned n, max = 1 + rng_below(&lab->rng, 7), at = 0;
	uint64_t bytes;
	int index;

	ref_run(ref, now);
	while ((n = qos_get(lab->qos, now, out, max))) {
		CU_ASSERT_TRUE_FATAL(at + n <= ref->n_started);
		for (unsigned i = 0; i < n; i++, at++) {
			CU_ASSERT_PTR_EQUAL_FATAL(out[i].pkt, ref->started[at].pkt);
			CU_ASSERT_EQUAL_FATAL(out[i].start_ns, ref->started[at].start_ns);
		}
	}
	CU_ASSERT_EQUAL_FATAL(at, ref->n_started);
	ref->n_started = 0;
	CU_ASSERT_EQUAL_FATAL(qos_held(lab->qos), ref->n_waiting);
	CU_ASSERT_EQUAL_FATAL(qos_next_due(lab->qos), ref_next_due(ref, &index));
	for (unsigned i = 0; i < ref->n_classes; i++) {
		unsigned depth = ref_count(ref, i, &bytes);

		if (depth > ref->classes[i].depth_max)
			ref->classes[i].depth_max = depth;
	}
}

static void
lab_put(struct lab *lab, uint64_t now)
{
	static const uint32_t sizes[] = {20, 60, 200, 576, 1500, 1500, 4000};
	unsigned n = rng_below(&lab->rng, 8);

	for (unsigned i = 0; i < n; i++) {
		unsigned c = rng_below(&lab->rng, lab->ref.n_classes);
		uint32_t bytes = sizes[rng_below(&lab->rng, 7)];
		unsigned id = ++lab->id;

		bytes += rng_below(&lab->rng, 3);
		CU_ASSERT_EQUAL_FATAL(
			qos_put(lab->qos, PKT(id), bytes, c, now), ref_put(&lab->ref, c, id, bytes, now));
	}
}

/* In = out + drops + held, class by class. */
static void
lab_balance(const struct lab *lab)
{
	uint64_t in = 0, out = 0, drops = 0;

	for (unsigned i = 0; i < lab->ref.n_classes; i++) {
		const struct qos_class_stats *stats = qos_class_stats(lab->qos, i);
		const struct ref_class *class = &lab->ref.classes[i];

		CU_ASSERT_EQUAL_FATAL(stats->packets_out, class->packets_out);
		CU_ASSERT_EQUAL_FATAL(stats->wait_ns_sum, class->wait_sum);
		CU_ASSERT_EQUAL_FATAL(stats->depth_max, class->depth_max);
		in += stats->packets_in;
		out += stats->packets_out;
		drops += stats->tail_drops + stats->police_drops;
	}
	CU_ASSERT_EQUAL_FATAL(in, lab->id);
	CU_ASSERT_EQUAL_FATAL(in, out + drops + qos_held(lab->qos));
}

/* Often exactly at, or 1 ns before, the next start. */
static uint64_t
lab_later(struct lab *lab, uint64_t now)
{
	uint64_t due = qos_next_due(lab->qos), rate = lab->rate ? lab->rate : pick_rate(&lab->rng);
	unsigned dice = rng_below(&lab->rng, 8);

	if (due != TIME_NEVER && dice < 4)
		return due - (dice == 0 && due > now);
	return now + rng_below(&lab->rng, 1 + time_of_bytes(dice == 7 ? 60000 : 3000, rate));
}

static void
test_against_reference(void)
{
	static struct lab lab;
	uint64_t now;

	for (unsigned seed = 0; seed < 400; seed++) {
		lab_init(&lab, seed);
		lab_create(&lab);
		now = rng_below(&lab.rng, 3);
		for (unsigned turn = 0; turn < 150; turn++) {
			lab_get(&lab, now);
			lab_put(&lab, now);
			lab_get(&lab, now);
			now = lab_later(&lab, now);
		}
		lab_balance(&lab);
		while ((now = qos_next_due(lab.qos)) != TIME_NEVER)
			lab_get(&lab, now);
		lab_balance(&lab);
		CU_ASSERT_EQUAL(qos_held(lab.qos), 0);
		qos_destroy(lab.qos);
	}
}

static enum status
create_status(struct cfg_qos cfg, uint64_t rate, uint32_t overhead)
{
	struct qos *qos = PKT(1);
	enum status status = qos_create(&cfg, rate, overhead, &qos);

	CU_ASSERT_EQUAL(qos == NULL, status != ST_OK);
	qos_destroy(qos);
	return status;
}

static void
test_create(void)
{
	struct cfg_class many[65] = {{.name = "x", .dscp = 1, .bandwidth = 1, .queue_limit = 1}};
	struct cfg_qos fifo = {.kind = CFG_QOS_FIFO, .queue_limit = 64};
	struct cfg_qos cbwfq = {.kind = CFG_QOS_CBWFQ, .classes = many};

	for (unsigned i = 1; i < 65; i++)
		many[i] = many[0];
	CU_ASSERT_EQUAL(create_status(fifo, UINT64_C(1) << 46, 65535), ST_OK);
	CU_ASSERT_EQUAL(create_status(fifo, (UINT64_C(1) << 46) + 1, 0), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(create_status(fifo, 1, 65536), ST_ERR_RANGE);
	fifo.queue_limit = (1 << 24) + 1;
	CU_ASSERT_EQUAL(create_status(fifo, 1, 0), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(create_status(cbwfq, 0, 0), ST_OK);
	cbwfq.n_classes = 64;
	CU_ASSERT_EQUAL(create_status(cbwfq, 1000, 0), ST_OK);
	cbwfq.n_classes = 65;
	CU_ASSERT_EQUAL(create_status(cbwfq, 1000, 0), ST_ERR_RANGE);
	cbwfq.n_classes = 2;
	many[0].priority = 1;
	CU_ASSERT_EQUAL(create_status(cbwfq, 1000, 0), ST_ERR_CONFIG);
	many[0].bandwidth = 0;
	CU_ASSERT_EQUAL(create_status(cbwfq, 1000, 0), ST_OK);
	many[0].priority = 0;
	CU_ASSERT_EQUAL(create_status(cbwfq, 1000, 0), ST_ERR_CONFIG);
	many[0].dscp = many[1].dscp = 0;
	CU_ASSERT_EQUAL(create_status(cbwfq, 1000, 0), ST_ERR_CONFIG);
	many[1].dscp = 1;
	many[1].bandwidth = (UINT64_C(1) << 46) + 1;
	CU_ASSERT_EQUAL(create_status(cbwfq, 1000, 0), ST_ERR_RANGE);
}

/* An endless fifo counts what passes as what is put and got, and lets nothing pass what it holds. */
static void
test_pass(void)
{
	struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 4};
	const struct qos_class_stats *stats;
	struct qos_out out;
	struct qos *qos;
	int pkt;

	CU_ASSERT_FATAL(qos_create(&cfg, 1000000, 0, &qos) == ST_OK);
	CU_ASSERT_FALSE(qos_is_endless(qos));
	qos_destroy(qos);
	CU_ASSERT_FATAL(qos_create(&cfg, 0, 38, &qos) == ST_OK);
	stats = qos_class_stats(qos, 0);
	CU_ASSERT(qos_is_endless(qos));
	CU_ASSERT(qos_pass(qos, 100));
	CU_ASSERT_EQUAL(qos_put(qos, &pkt, 200, 0, 5), DROP_NONE);
	CU_ASSERT_FALSE(qos_pass(qos, 1000));
	CU_ASSERT(stats->packets_in == 2 && stats->bytes_in == 300);
	CU_ASSERT(stats->packets_out == 1 && stats->bytes_out == 100);
	CU_ASSERT_EQUAL(qos_get(qos, 5, &out, 1), 1);
	CU_ASSERT(out.pkt == &pkt && out.start_ns == 5);
	CU_ASSERT(qos_pass(qos, 60));
	CU_ASSERT(stats->packets_in == 3 && stats->packets_out == 3 && stats->bytes_out == 360);
	qos_destroy(qos);
	cfg.shape = 1000;
	CU_ASSERT_FATAL(qos_create(&cfg, 0, 0, &qos) == ST_OK);
	CU_ASSERT_FALSE(qos_is_endless(qos));
	qos_destroy(qos);
}

int
suite_qos(void)
{
	CU_pSuite s = CU_add_suite("qos", NULL, NULL);

	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_create);
	CU_ADD_TEST(s, test_pass);
	CU_ADD_TEST(s, test_against_reference);
	return 0;
}
