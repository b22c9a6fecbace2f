/* replay_verdicts FILE.json: sends every packet of a file in the format of linux-replay.json through the real
 * inbound path of a gateway (SA look-up, high half, window, ICV, commit, decapsulation) and prints each
 * verdict that differs.
 *
 * A packet is made by the codec and the engine under the number that the file wants; the ICV is damaged where
 * the file says so.  Rows recorded with AH are run as ESP NULL with the same HMAC: number and window rules
 * are the same (RFC 4302 §3.4.3), and the program says how many there were.  Exit status: 0 all equal, 1
 * differences, 2 no file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_mbuf.h>

#include "dataplane/ipsec/ipsec.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

#define INNER_BYTES 64u

struct totals {
	unsigned cases, packets, differences, ah;
};

/* The sender: an SA and an engine of its own, free to use any number. */
struct sender {
	struct engine *engine;
	struct sa *sa;
};

static int
sender_open(struct sender *sender, const struct cfg_sa *cfg)
{
	static const struct cfg_engine engine = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	char message[256];

	return !engine_create(&engine, &sender->engine, message, sizeof(message)) &&
	       !sa_create(cfg, 0, sender->engine, &sender->sa, message, sizeof(message));
}

static void
sender_close(struct sender *sender)
{
	sa_destroy(sender->sa, sender->engine);
	engine_destroy(sender->engine);
}

static struct rte_mbuf *
sender_make(struct sender *sender, uint64_t seq, int bad_icv)
{
	struct rte_mbuf *m = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, INNER_BYTES, 0);
	uint32_t total = ipsec_outer_len(&sender->sa->size, INNER_BYTES, 0);
	struct crypto_op *op = &pkt_of(m)->op, *done;
	uint8_t *outer;

	rte_pktmbuf_append(m, (uint16_t)(total - sender->sa->size.front - INNER_BYTES));
	outer = (uint8_t *)rte_pktmbuf_prepend(m, sender->sa->size.front);
	ipsec_protect(sender->sa, outer, INNER_BYTES, seq, op);
	sender->engine->ops->submit(sender->engine, &op, 1, 0);
	sender->engine->ops->poll(sender->engine, &done, 1, 0);
	if (bad_icv)
		outer[total - 1] ^= 0x80;
	return m;
}

/* In the words of the file. */
static const char *
verdict(struct kit_gateway *g)
{
	unsigned delivered = g->port[0].n_out;
	enum drop drop = kit_drop(g, NULL);

	kit_port_empty(&g->port[0]);
	switch (drop) {
	case DROP_NONE:
		return delivered == 1 ? "ok" : "lost";
	case DROP_REPLAY_OLD:
	case DROP_REPLAY_DUP:
	case DROP_SEQ_ZERO:
		return "replay";
	case DROP_ICV:
	case DROP_ICV_ESN:
		return "icv";
	default:
		return drop_info[drop].text;
	}
}

static int
listed(const json_t *indices, size_t i)
{
	for (size_t k = 0; k < json_array_size(indices); k++)
		if ((size_t)json_integer_value(json_array_get(indices, k)) == i)
			return 1;
	return 0;
}

static void
case_packets(const json_t *row, struct kit_gateway *g, struct sender *sender, struct totals *totals)
{
	const json_t *seqs = json_object_get(row, "seqs"), *bad = json_object_get(row, "bad_icv");
	const json_t *reasons = json_object_get(row, "reason");

	for (size_t i = 0; i < json_array_size(seqs); i++) {
		const char *seq = json_string_value(json_array_get(seqs, i));
		const char *expected = json_string_value(json_array_get(reasons, i)), *got;

		kit_send(g, 1, sender_make(sender, strtoull(seq, NULL, 10), listed(bad, i)), 1000 * (i + 1));
		got = verdict(g);
		totals->packets++;
		if (!strcmp(got, expected))
			continue;
		totals->differences++;
		printf("%s, window %lld, packet %zu, number %s: %s expected, %s found\n",
			json_string_value(json_object_get(row, "name")),
			json_integer_value(json_object_get(row, "window")), i, seq, expected, got);
	}
}

static int
case_run(const json_t *row, struct totals *totals)
{
	const char *algo = json_string_value(json_object_get(row, "algo"));
	int ah = !strncmp(algo, "ah-", 3);
	struct kit_gateway g;
	struct sender sender;

	kit_gateway_init(&g, ah ? "esp-null esp-sha-hmac" : "esp-gcm 128");
	for (unsigned i = 0; i < 2; i++)
		g.sas[i].esn = json_is_true(json_object_get(row, "esn"));
	g.sas[1].window = (uint32_t)json_integer_value(json_object_get(row, "window"));
	g.sas[1].first_seq = strtoull(json_string_value(json_object_get(row, "initial_replay_seq")), NULL,
				     10) +
			     1;
	if (!kit_gateway_start(&g) || !sender_open(&sender, &g.sas[0])) {
		fprintf(stderr, "replay_verdicts: the gateway does not start\n");
		return 0;
	}
	case_packets(row, &g, &sender, totals);
	totals->cases++;
	totals->ah += (unsigned)ah;
	sender_close(&sender);
	kit_gateway_stop(&g);
	return 1;
}

int
main(int argc, char **argv)
{
	struct totals totals = {0};
	json_error_t error;
	json_t *file, *cases;
	size_t i = 0;
	int good = 1;

	file = argc == 2 ? json_load_file(argv[1], 0, &error) : NULL;
	cases = json_object_get(file, "cases");
	if (!json_is_array(cases) || !kit_init()) {
		fprintf(stderr, argc == 2 ? "replay_verdicts: %s: %s\n" : "replay_verdicts FILE.json\n",
			argv[argc - 1], file ? "no cases, or no EAL" : error.text);
		return 2;
	}
	for (; good && i < json_array_size(cases); i++)
		good = case_run(json_array_get(cases, i), &totals);
	printf("%u cases, %u packets, %u differences (%u cases recorded with AH)\n", totals.cases,
		totals.packets, totals.differences, totals.ah);
	json_decref(file);
	return good && !totals.differences ? 0 : 1;
}
