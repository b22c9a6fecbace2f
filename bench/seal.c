/* Packets as peers send them: see seal.h. */
#include "bench/seal.h"

#include <stdlib.h>

#include "crypto/engine.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"

#define BURST 64u

struct seal {
	struct engine *engine;
	struct sa *sa;
	uint64_t *seq; /* last number of each SA */
};

enum status
seal_create(const struct cfg_sa *cfg, uint32_t n, struct seal **out, char *message, size_t bytes)
{
	static const struct cfg_engine software = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	struct seal *seal = calloc(1, sizeof(*seal));
	enum status status = ST_ERR_NOMEM;

	*out = NULL;
	if (!seal)
		return status;
	seal->seq = calloc(n, sizeof(*seal->seq));
	if (seal->seq)
		status = engine_create(&software, &seal->engine, message, bytes);
	if (!status)
		status = sa_create(cfg, 0, seal->engine, &seal->sa, message, bytes);
	if (status)
		seal_destroy(seal);
	else
		*out = seal;
	return status;
}

void
seal_destroy(struct seal *seal)
{
	if (!seal)
		return;
	sa_destroy(seal->sa, seal->engine);
	engine_destroy(seal->engine);
	free(seal->seq);
	free(seal);
}

static void
protect_one(struct seal *seal, struct rte_mbuf *m, uint32_t index)
{
	struct sa *sa = seal->sa;
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t inner = rte_pktmbuf_data_len(m), behind = ipsec_behind(sa, ip, inner);

	sa->spi = BENCH_SPI + index;
	ipsec_protect_sized(
		sa, pkt_push(m, sa->size.front, behind), inner, behind, ++seal->seq[index], &pkt_of(m)->op);
}

static bool
burst_run(struct seal *seal, struct rte_mbuf **pkts, const uint32_t *index, unsigned n)
{
	struct crypto_op *ops[BURST];
	unsigned got = 0;

	for (unsigned i = 0; i < n; i++) {
		protect_one(seal, pkts[i], index[i]);
		ops[i] = &pkt_of(pkts[i])->op;
	}
	if (seal->engine->ops->submit(seal->engine, ops, n, 0) != n)
		return false;
	while (got < n)
		got += seal->engine->ops->poll(seal->engine, ops, BURST, 0);
	for (unsigned i = 0; i < n; i++) {
		if (pkt_of(pkts[i])->op.result != CRYPTO_OK)
			return false;
		if (seal->sa->finishes)
			ipsec_finish(seal->sa, rte_pktmbuf_mtod(pkts[i], uint8_t *),
				rte_pktmbuf_data_len(pkts[i]), &pkt_of(pkts[i])->op);
	}
	return true;
}

bool
seal_run(struct seal *seal, struct rte_mbuf **pkts, const uint32_t *index, unsigned n)
{
	for (unsigned i = 0; i < n; i += BURST)
		if (!burst_run(seal, pkts + i, index + i, n - i < BURST ? n - i : BURST))
			return false;
	return true;
}
