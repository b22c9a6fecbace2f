/* Malformed packets of every kind through gateways of every kind: each ends under the name that is due, or
 * goes on as a good packet; the books balance after each; and afterwards a good packet passes as ever.
 *
 * Where a packet is read beyond its end, the page behind it faults. */
#include "tests/dataplane/malformed/rig.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/ipsec/sa.h"

int suite_malformed(void);

#define MUTATIONS 1500u /* for each gateway and place */

static const char *
fate_text(const struct mal_fate *fate)
{
	return fate->drops ? drop_info[fate->drop].text : fate->left ? "forwarded" : "kept";
}

static bool
fate_is(const struct mal_fate *fate, unsigned wanted)
{
	if (wanted == MAL_FORWARDED)
		return fate->left == 1 && !fate->drops && fate->legal;
	return fate->drops == 1 && fate->drop == wanted && fate->legal;
}

static void
row_check(struct mal *mal, const struct mal_row *row)
{
	uint8_t p[MAL_ROOM];

	for (unsigned tight = 0; tight < 2; tight++) {
		struct mal_fate fate;
		bool wire;
		uint32_t n = mal_row_packet(mal, row, p, &wire);

		if (!n)
			return;
		fate = mal_send(mal, wire, p, n, tight);
		if (tight && !wire && fate_is(&fate, DROP_NO_ROOM)) /* for the trailer */
			continue;
		if (!fate_is(&fate, row->wanted))
			printf("\n%s, traits %x, \"%s\": %s", mal->variant->transform, mal->traits, row->name,
				fate_text(&fate));
		CU_ASSERT(fate_is(&fate, row->wanted));
	}
}

static void
test_rows(void)
{
	for (unsigned v = 0; v < mal_variant_count; v++) {
		struct mal mal;

		mal_start(&mal, &mal_variants[v]);
		for (unsigned r = 0; r < mal_row_count; r++)
			row_check(&mal, &mal_rows[r]);
		mal_check_good(&mal);
		mal_stop(&mal);
	}
}

/* A row that no gateway is for would check nothing. */
static void
test_every_row_counts(void)
{
	for (unsigned r = 0; r < mal_row_count; r++) {
		unsigned n = 0;

		for (unsigned v = 0; v < mal_variant_count; v++) {
			unsigned traits = mal_variants[v].traits;

			traits |= traits & (BUNDLE | NATT) ? 0 : ALONE;
			n += (mal_rows[r].traits & traits) == mal_rows[r].traits;
		}
		CU_ASSERT(n > 0);
	}
}

/* One outcome for one packet, whichever it is. */
static void
any_check(struct mal *mal, bool wire, const uint8_t *p, uint32_t n, bool tight)
{
	struct mal_fate fate = mal_send(mal, wire, p, n, tight);

	mal->seen |= UINT64_C(1) << (fate.drops ? fate.drop : 0);
	CU_ASSERT(fate.legal);
	CU_ASSERT(fate.drops <= 1 || fate.drop == DROP_FRAG_OVERLAP);
}

/* What the walks below begin with is good, and is looked into. */
static void
test_kinds(void)
{
	uint8_t p[MAL_ROOM];

	for (unsigned v = 0; v < mal_variant_count; v++) {
		bool hosts = mal_variants[v].traits & TRANSPORT; /* then ICMP is for one of them */
		struct mal mal;

		mal_start(&mal, &mal_variants[v]);
		for (unsigned k = 0; k < MAL_KINDS; k++) {
			uint32_t n = mal_kind(&mal, (enum mal_kind)k, p);
			struct mal_fate fate = mal_send(&mal, false, p, n, false);

			CU_ASSERT(fate.legal && fate.left == (k != MAL_TOO_BIG));
			CU_ASSERT_EQUAL(fate.drop, k == MAL_TOO_BIG && hosts ? DROP_POLICY_NONE : DROP_NONE);
		}
		CU_ASSERT_EQUAL(dp_mss_clamped(mal.g.dp, 1), 1);
		CU_ASSERT_EQUAL(dp_stats(mal.g.dp)->consumed, hosts ? 1 : 2);
		CU_ASSERT_EQUAL(dp_sa(mal.g.dp, 0)->path_mtu, hosts ? 0 : 1300);
		mal_stop(&mal);
	}
}

/* ---- every length ---- */

/* Cut off at every byte, once as it is and once so that the header says so. */
static void
cuts_check(struct mal *mal, bool wire, const uint8_t *whole, uint32_t n)
{
	uint8_t p[MAL_ROOM];

	for (uint32_t cut = 0; cut < n; cut++)
		for (unsigned said = 0; said < 2; said++) {
			memcpy(p, whole, n);
			mal_edit(p, n, 0, 0, &(struct mal_row){.edit = said ? SAID : CUT, .at = (int)cut});
			any_check(mal, true, p, cut, true);
			if (wire)
				continue;
			any_check(mal, false, p, cut, true);
			any_check(mal, false, p, cut, false);
		}
}

static void
test_every_length(void)
{
	uint8_t clear[MAL_ROOM], p[MAL_ROOM];

	for (unsigned v = 0; v < mal_variant_count; v++) {
		struct mal mal;
		uint32_t n, len;

		mal_start(&mal, &mal_variants[v]);
		for (unsigned k = MAL_KINDS; k-- > 0;) {
			n = mal_kind(&mal, (enum mal_kind)k, clear);
			cuts_check(&mal, false, clear, n);
		}
		len = mal_seal(&mal, clear, n, NULL, NULL, p);
		cuts_check(&mal, true, p, len);
		/* the inner packet is cut, and really encrypted */
		for (uint32_t cut = mal.traits & TRANSPORT ? mal_upper(clear) : 1; cut < n; cut++) {
			len = mal_seal(&mal, clear, cut, NULL, NULL, p);
			any_check(&mal, true, p, len, true);
		}
		mal_check_good(&mal);
		mal_stop(&mal);
	}
}

/* ---- every byte ---- */

struct byte_change {
	uint32_t at; /* from the end of the text, where it is `behind` */
	bool behind, mend;
	unsigned how;
};

static uint8_t
byte_changed(uint8_t was, unsigned how)
{
	switch (how) {
	case 0:
		return 0;
	case 1:
		return 0xff;
	case 2:
		return was ^ 1;
	default:
		return was ^ 0x80;
	}
}

static void
byte_change(void *ctx, uint8_t *text, uint8_t *end)
{
	const struct byte_change *c = ctx;
	uint32_t n = (uint32_t)(end - text), at = c->behind ? n - c->at : c->at;

	if (at >= n)
		return;
	mal_edit(text, n, at, 0, &(struct mal_row){.edit = c->mend ? BYTE : LEFT,
		.value = byte_changed(text[at], c->how)});
}

/* Each of the first bytes, and of the last. */
static void
bytes_check(struct mal *mal, struct byte_change c)
{
	uint8_t clear[MAL_ROOM], p[MAL_ROOM];
	uint32_t n, len;

	for (unsigned k = MAL_KINDS; k-- > 0;) {
		n = mal_kind(mal, (enum mal_kind)k, clear);
		memcpy(p, clear, n);
		byte_change(&c, p, p + n);
		any_check(mal, false, p, n, false);
		any_check(mal, false, p, n, true);
		any_check(mal, true, p, n, true);
	}
	len = mal_seal(mal, clear, n, byte_change, &c, p);
	any_check(mal, true, p, len, true);
	len = mal_seal(mal, clear, n, NULL, NULL, p);
	byte_change(&c, p, p + len);
	any_check(mal, true, p, len, true);
}

static void
test_every_byte(void)
{
	for (unsigned v = 0; v < mal_variant_count; v++) {
		struct mal mal;

		mal_start(&mal, &mal_variants[v]);
		for (unsigned i = 0; i < 4 * 2 * (72 + 20); i++) {
			unsigned at = i / 8;
			bool behind = at >= 72;

			bytes_check(&mal, (struct byte_change){.at = behind ? at - 71 : at,
				.behind = behind, .mend = i & 1, .how = i / 2 % 4});
		}
		mal_check_good(&mal);
		mal_stop(&mal);
	}
}

/* ---- chance ---- */

static uint32_t
edge_value(struct rng *rng)
{
	static const uint32_t edges[] = {0, 1, 0xff, 0x7f, 0x80, 0xffff, 0x7fff, 0x8000, 8, 40, 20, 60};

	if (rng_below(rng, 2))
		return (uint32_t)rng_u64(rng);
	return edges[rng_below(rng, sizeof(edges) / sizeof(*edges))];
}

/* One to four edits of any kind anywhere, mostly in headers. */
static uint32_t
mutate(struct rng *rng, uint8_t *p, uint32_t n)
{
	static const enum mal_edit kinds[] = {BYTE, WORD, LONG, FLIP, LEFT, HEAD, CUT, SAID, GROW};

	for (uint64_t k = rng_below(rng, 4) + 1; k && n > 60; k--) {
		struct mal_row row = {.edit = kinds[rng_below(rng, rng_below(rng, 4) ? 6 : 9)]};
		uint32_t base = (uint32_t)rng_below(rng, rng_below(rng, 4) ? 60 : n - 2);

		row.value = edge_value(rng);
		if (row.edit == HEAD)
			row.at = (int[]){0, 43, 44, 50, 51, 60, 17, 6, 58}[rng_below(rng, 9)];
		if (row.edit == CUT || row.edit == SAID || row.edit == GROW)
			row.at = (int)rng_below(rng, 200);
		n = mal_edit(p, n, base, 0, &row);
	}
	return n;
}

static void
mutated_text(void *ctx, uint8_t *text, uint8_t *end)
{
	struct rng *rng = ctx;
	uint8_t copy[MAL_ROOM];
	uint32_t n = (uint32_t)(end - text);

	memcpy(copy, text, n);
	mutate(rng, copy, n);
	memcpy(text, copy, n);
	if (rng_below(rng, 4) == 0)
		end[-1 - (int)rng_below(rng, 8)] = (uint8_t)edge_value(rng);
}

static void
mutations_check(struct mal *mal, struct rng *rng)
{
	uint8_t clear[MAL_ROOM], p[MAL_ROOM];
	uint32_t n = mal_kind(mal, (enum mal_kind)rng_below(rng, MAL_KINDS), p), len;

	len = mutate(rng, p, n);
	any_check(mal, rng_below(rng, 4) == 0, p, len, rng_below(rng, 2));
	n = mal_clear(mal, clear);
	len = mal_seal(mal, clear, n, mutated_text, rng, p);
	any_check(mal, true, p, len, true);
	len = mal_seal(mal, clear, n, NULL, NULL, p);
	len = mutate(rng, p, len);
	any_check(mal, true, p, len, rng_below(rng, 4));
}

static void
test_mutations(void)
{
	struct rng rng;

	rng_init(&rng, 1, "malformed");
	for (unsigned v = 0; v < mal_variant_count; v++) {
		struct mal mal;

		mal_start(&mal, &mal_variants[v]);
		for (unsigned i = 0; i < MUTATIONS; i++)
			mutations_check(&mal, &rng);
		CU_ASSERT(mal.seen & 1); /* some go on, and others end in many ways */
		CU_ASSERT(__builtin_popcountll(mal.seen) >= 10);
		mal_check_good(&mal);
		mal_stop(&mal);
	}
}

int
suite_malformed(void)
{
	CU_pSuite s = CU_add_suite("malformed", NULL, NULL);

	CU_ADD_TEST(s, test_every_row_counts);
	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_kinds);
	CU_ADD_TEST(s, test_every_length);
	CU_ADD_TEST(s, test_every_byte);
	CU_ADD_TEST(s, test_mutations);
	return 0;
}
