/* Ports in memory: what is fed comes out in order and in bursts, stamped; what is sent is kept. */
#include "bench/port_memory.h"

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

int suite_port_memory(void);

#define N 10u

static void
test_rx(void)
{
	struct rte_mbuf *in[N], *got[N];
	struct port_memory memory;
	struct port *port = &memory.port;

	CU_ASSERT_FATAL(kit_init());
	for (unsigned i = 0; i < N; i++)
		in[i] = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0);
	port_memory_init(&memory, 4, 1000, NULL);
	CU_ASSERT_EQUAL(port->rate, 1000);
	CU_ASSERT_EQUAL(port->ops->next_due(port), TIME_NEVER);
	CU_ASSERT_EQUAL(port->ops->rx(port, got, N, 5), 0);
	port_memory_feed(&memory, in, 1, N);
	CU_ASSERT_EQUAL(port->ops->next_due(port), 0);
	CU_ASSERT_EQUAL(port->ops->rx(port, got, N, 5), 4);	/* its burst */
	CU_ASSERT_EQUAL(port->ops->rx(port, got + 4, 3, 6), 3); /* what was asked for */
	CU_ASSERT_EQUAL(port->ops->rx(port, got + 7, N, 7), 2); /* the rest */
	CU_ASSERT_EQUAL(port->ops->rx(port, got, N, 8), 0);
	CU_ASSERT_EQUAL(port->ops->next_due(port), TIME_NEVER);
	for (unsigned i = 0; i < N - 1; i++) {
		CU_ASSERT_PTR_EQUAL(got[i], in[i + 1]);
		CU_ASSERT_EQUAL(pkt_of(got[i])->time_ns, i < 4 ? 5 : i < 7 ? 6 : 7);
	}
	rte_pktmbuf_free_bulk(in, N);
}

static void
test_tx(void)
{
	struct rte_mbuf *sent[N], *out[N] = {NULL};
	struct port_memory memory;

	CU_ASSERT_FATAL(kit_init());
	for (unsigned i = 0; i < N; i++)
		sent[i] = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0);
	port_memory_init(&memory, 64, 0, out);
	memory.port.ops->tx(&memory.port, sent, 3);
	memory.port.ops->tx(&memory.port, sent + 3, N - 3);
	CU_ASSERT_EQUAL(memory.n_out, N);
	CU_ASSERT(!memcmp(sent, out, sizeof(sent)));
	rte_pktmbuf_free_bulk(sent, N);
}

int
suite_port_memory(void)
{
	CU_pSuite s = CU_add_suite("port_memory", NULL, NULL);

	CU_ADD_TEST(s, test_rx);
	CU_ADD_TEST(s, test_tx);
	return 0;
}
