/* crypto sa ..., reload: through the console, with packets before and after. */
#include <malloc.h>

#include <rte_mbuf.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "ctrl/sadb.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/sa.h"
#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_sadb(void);

#define KEY_A "0x000102030405060708090a0b0c0d0e0f10111213"
#define KEY_B "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:20:21:22:23"

/* A console at the gateway and one at its peer. */
struct both {
	struct ctrl_rig rig;
	struct ctrl_single peer_single;
	struct ctrl *peer;
};

static void
start(struct both *b)
{
	struct ctrl_target target;

	kit_gateway_init(&b->rig.g, "esp-gcm 128");
	rig_start(&b->rig);
	b->peer_single = (struct ctrl_single){.dp = b->rig.g.peer};
	ctrl_single_target(&b->peer_single, &target);
	CU_ASSERT_EQUAL_FATAL(ctrl_create(&target, &b->peer), ST_OK);
}

static void
stop(struct both *b)
{
	rig_stop(&b->rig);
	ctrl_destroy(b->peer);
}

static void
at_peer(struct both *b, const char *line, enum status status)
{
	char *answer;

	CU_ASSERT_EQUAL(ctrl_run(b->peer, line, &answer), status);
	free(answer);
}

/* n packets through the tunnel; how many arrived, and the SPI of the last. */
static unsigned
pass(struct both *b, unsigned n, uint64_t now, uint32_t *spi)
{
	struct kit_gateway *g = &b->rig.g;
	unsigned arrived = 0;

	for (unsigned i = 0; i < n; i++, now += RIG_US) {
		kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), now);
		CU_ASSERT_EQUAL_FATAL(g->port[1].n_out, 1);
		g->port[1].n_out = 0;
		*spi = load_be32(rte_pktmbuf_mtod(g->port[1].out[0], uint8_t *) + IPV4_MIN_BYTES);
		kit_send(g, 1, g->port[1].out[0], now);
		arrived += g->port[0].n_out;
		kit_port_empty(&g->port[0]);
	}
	return arrived;
}

/* As two operators do it: the receiver first.  Nothing is lost, and in the end nothing is left of the old. */
static void
test_rekey(void)
{
	struct both b;
	uint32_t spi;

	start(&b);
	CU_ASSERT_EQUAL(pass(&b, 10, RIG_US, &spi), 10);
	rig_expect(&b.rig, "debug crypto ipsec", ST_OK, "Crypto IPSEC debugging is on\n");
	at_peer(&b, "crypto sa rekey self in spi 0x5005 key " KEY_A, ST_OK);
	CU_ASSERT_EQUAL(pass(&b, 10, 100 * RIG_US, &spi), 10);
	CU_ASSERT_EQUAL(spi, KIT_SPI);
	rig_expect(&b.rig, "crypto sa rekey self out spi 0x5005 key " KEY_A, ST_OK,
		"SA self: spi 0x5005 in place of 0x1001\n");
	CU_ASSERT_EQUAL(pass(&b, 10, 200 * RIG_US, &spi), 10);
	CU_ASSERT_EQUAL(spi, 0x5005);
	rig_contains(&b.rig, "show crypto ipsec sa", "  current outbound spi: 5005\n");
	rig_contains(&b.rig, "show logging",
		": IPSEC(key_engine): got a queue event...\n00:00:00.000000: IPSEC(initialize_sas): ,\n"
		"00:00:00.000000: (key eng. msg.) src= 192.0.2.1, dest= 192.0.2.1,\n"
		"00:00:00.000000:   src_proxy= 10.1.0.0/255.255.0.0/0/0,\n"
		"00:00:00.000000:   dest_proxy= 10.2.0.0/255.255.0.0/0/0,\n"
		"00:00:00.000000:   protocol= ESP, transform= esp-gcm 128 ,\n"
		"00:00:00.000000:   lifedur= 0s and 0kb,\n"
		"00:00:00.000000:   spi= 0x5005(20485), conn_id= 1, keysize= 128, flags= 0x4\n"
		"00:00:00.000000: IPSEC(create_sa): sa created,\n"
		"00:00:00.000000:   (sa) sa_dest= 192.0.2.1, sa_prot= 50,\n"
		"00:00:00.000000:   sa_spi= 0x5005(20485),\n"
		"00:00:00.000000:   sa_trans= esp-gcm 128 , sa_conn_id= 1\n");
	for (unsigned i = 0; i < 4; i++) {
		b.peer_single.now += SADB_IDLE_NS;
		ctrl_tick(b.peer);
		ctrl_tick(b.rig.ctrl);
	}
	CU_ASSERT_EQUAL(pass(&b, 10, 300 * RIG_US, &spi), 10);
	stop(&b);
}

/* Many times over, without a pause: what was is given back. */
static void
test_again(void)
{
	struct both b;
	char line[160];
	uint32_t spi;

	start(&b);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "crypto sa rekey self in spi %u key %040x", 0x6000 + i, i + 1);
		at_peer(&b, line, ST_OK);
		snprintf(line, sizeof(line), "crypto sa rekey self out spi %u key %040x", 0x6000 + i, i + 1);
		free(rig_answer(&b.rig, line, ST_OK));
		CU_ASSERT_EQUAL(pass(&b, 3, (i + 1) * 100 * RIG_US, &spi), 3);
		CU_ASSERT_EQUAL(spi, 0x6000 + i);
		if (i % 3 == 0) {
			b.peer_single.now += SADB_IDLE_NS;
			ctrl_tick(b.peer);
			ctrl_tick(b.rig.ctrl);
		}
	}
	stop(&b);
}

/* Of the whole process; 0 under AddressSanitizer, which tells by itself what is read after its end. */
static size_t
heap_used(void)
{
	return mallinfo2().uordblks;
}

static void
round_rekey(struct both *b, unsigned i)
{
	char line[160];

	snprintf(line, sizeof(line), "crypto sa rekey self in spi %u key %040x", 0x6000 + i, i + 1);
	at_peer(b, line, ST_OK);
	snprintf(line, sizeof(line), "crypto sa rekey self out spi %u key %040x", 0x6000 + i, i + 1);
	free(rig_answer(&b->rig, line, ST_OK));
}

/* An SA that comes and goes, and counters of SAs that have gone. */
static void
round_add(struct both *b, unsigned i)
{
	char line[160];

	snprintf(line, sizeof(line), "crypto sa add more%u like self out spi %u key %040x", i, 0x106000 + i,
		i + 0x100001);
	free(rig_answer(&b->rig, line, ST_OK));
	free(rig_answer(&b->rig, "clear counters", ST_OK));
	snprintf(line, sizeof(line), "crypto sa delete more%u", i);
	free(rig_answer(&b->rig, line, ST_OK));
	free(rig_answer(&b->rig, "show crypto ipsec sa", ST_OK));
}

/* Once a second there is a change, so that at no time all that was replaced has gone: memory stays where it
 * is after the first 30 s, but for what is kept of each key that was used. */
static void
check_memory(void (*change)(struct both *b, unsigned i))
{
	enum { WARM = 100, ROUNDS = 1000, BYTES = 512 };
	struct both b;
	size_t warm = 0;
	uint32_t spi;

	start(&b);
	for (unsigned i = 0; i < WARM + ROUNDS; i++) {
		uint64_t now = (i + 1) * NS_PER_SEC;

		if (i == WARM)
			warm = heap_used();
		change(&b, i);
		CU_ASSERT_EQUAL(pass(&b, 1, now, &spi), 1);
		b.peer_single.now = b.rig.single.now = now;
		ctrl_tick(b.peer);
		ctrl_tick(b.rig.ctrl);
	}
	CU_ASSERT(heap_used() < warm + (size_t)ROUNDS * BYTES);
	if (heap_used() >= warm + (size_t)ROUNDS * BYTES)
		printf("\n%zu bytes after %d changes, %zu after %d\n", warm, WARM, heap_used(),
			WARM + ROUNDS);
	stop(&b);
}

static void
test_memory(void)
{
	check_memory(round_rekey);
	check_memory(round_add);
}

static void
test_refused(void)
{
	static const char *const lines[][2] = {
		{"crypto sa rekey self spi 5000 key " KEY_A, "% There are two SAs \"self\": in or out?\n"},
		{"crypto sa rekey none spi 5000 key " KEY_A, "% There is no SA \"none\"\n"},
		{"crypto sa rekey self in spi 255 key " KEY_A,
			"% SA self: the SPIs 0 to 255 are reserved (RFC 4303 §2.1)\n"},
		{"crypto sa rekey self in spi -1 key " KEY_A,
			"% spi wants a number from 256 to 4294967295, not \"-1\"\n"},
		{"crypto sa rekey self in spi 5000",
			"% A new SA wants spi NUMBER and key HEX, auth-key HEX, or both\n"},
		{"crypto sa rekey self in spi 5000 key 0102",
			"% SA self: esp-gcm 128 wants a key of 20 bytes (2 given) and an auth-key of 0 (0 "
			"given)\n"},
		{"crypto sa rekey self in spi 5000 key 012",
			"% A key wants pairs of hexadecimal digits, at most 64\n"},
		{"crypto sa rekey self in spi 5000 key xyz",
			"% A key wants pairs of hexadecimal digits, at most 64\n"},
		{"crypto sa rekey self in spi 0x1001 key " KEY_A,
			"% SA self: it has this SPI already; a new SA wants a new one\n"},
		{"crypto sa delete self out", "% SA self: policy site names it\n"},
		{"crypto sa window self 100 out", "% SA self: an outbound SA has no window\n"},
		{"crypto sa window self many in",
			"% A window wants a number of packets from 0 to 4194304, not \"many\"\n"},
		{"crypto sa add new like self in spi 5000 key " KEY_A,
			"% SA self: inbound policies name it, and the new one would want its own: by "
			"reload\n"},
		{"crypto sa add new spi 5000 key " KEY_A,
			"% A new SA wants like NAME: the SA that it is to stand beside\n"},
		{"crypto sa add self like self out spi 5000 key " KEY_A,
			"% SA self: there is one of that name; crypto sa rekey replaces it\n"},
		{"crypto sa add new like self out spi 0x1001 key " KEY_A,
			"% SA new: another SA to the same end has this SPI\n"},
		{"reload any.cfg", "% This gateway did not come from a file\n"},
	};
	struct both b;
	uint32_t spi;

	start(&b);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *answer;

		CU_ASSERT_NOT_EQUAL(ctrl_run(b.rig.ctrl, lines[i][0], &answer), ST_OK);
		CU_ASSERT_STRING_EQUAL(answer, lines[i][1]);
		if (strcmp(answer, lines[i][1]))
			printf("\n%s: %s", lines[i][0], answer);
		free(answer);
	}
	CU_ASSERT_EQUAL(pass(&b, 3, RIG_US, &spi), 3);
	CU_ASSERT_EQUAL(spi, KIT_SPI);
	stop(&b);
}

static void
test_add_delete(void)
{
	struct both b;

	start(&b);
	rig_expect(&b.rig, "crypto sa add new like self out spi 0x7007 key " KEY_B, ST_OK,
		"SA new: added beside self, spi 0x7007\n");
	rig_contains(&b.rig, "show crypto engine connections active",
		"\n   3 wan             192.0.2.1       set ");
	free(rig_answer(
		&b.rig, "crypto sa add third like new spi 0x7008 key " KEY_B, ST_ERR_CONFIG)); /* same key */
	rig_expect(&b.rig, "crypto sa delete new", ST_OK, "SA new: deleted, spi 0x7007\n");
	rig_expect(&b.rig, "show crypto ipsec sa name new", ST_ERR_NOT_FOUND, "% There is no SA \"new\"\n");
	stop(&b);
}

/* Back to a key that was in use: as after `reload` of a file that is behind the console. */
static void
test_used(void)
{
	struct both b;
	uint32_t spi;

	start(&b);
	free(rig_answer(&b.rig, "crypto sa rekey self out spi 0x5005 key " KEY_A, ST_OK));
	free(rig_answer(&b.rig, "crypto sa rekey self out spi 0x5006 key " KEY_B, ST_OK));
	rig_expect(&b.rig, "crypto sa rekey self out spi 0x5007 key " KEY_A, ST_ERR_CONFIG,
		"% SA self: its key was in use before, and its sequence numbers would be used twice: a new "
		"SA "
		"wants a new key\n");
	at_peer(&b, "crypto sa rekey self in spi 0x5006 key " KEY_B, ST_OK);
	CU_ASSERT_EQUAL(pass(&b, 3, RIG_US, &spi), 3);
	CU_ASSERT_EQUAL(spi, 0x5006);
	stop(&b);
}

static void
test_window(void)
{
	struct both b;
	uint32_t spi;

	start(&b);
	CU_ASSERT_EQUAL(pass(&b, 100, RIG_US, &spi), 100);
	at_peer(&b, "crypto sa window self 1024 in", ST_OK);
	CU_ASSERT_EQUAL(dp_sa(b.rig.g.peer, 1)->window_size, 1024);
	CU_ASSERT_EQUAL(dp_sa(b.rig.g.peer, 1)->packets, 100);
	CU_ASSERT_EQUAL(pass(&b, 100, 200 * RIG_US, &spi), 100);
	stop(&b);
}

static void
test_fixed(void)
{
	struct ctrl_target target;
	struct ctrl *ctrl;
	struct both b;
	char *answer;

	start(&b);
	ctrl_single_target(&b.rig.single, &target);
	target.fixed = "They are fixed";
	CU_ASSERT_EQUAL_FATAL(ctrl_create(&target, &ctrl), ST_OK);
	CU_ASSERT_EQUAL(ctrl_run(ctrl, "crypto sa delete self in", &answer), ST_ERR_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(answer, "% They are fixed\n");
	free(answer);
	ctrl_destroy(ctrl);
	stop(&b);
}

int
suite_ctrl_sadb(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_sadb", NULL, NULL);

	return !suite || !CU_add_test(suite, "rekey", test_rekey) ||
	       !CU_add_test(suite, "again and again", test_again) ||
	       !CU_add_test(suite, "memory", test_memory) || !CU_add_test(suite, "refused", test_refused) ||
	       !CU_add_test(suite, "add and delete", test_add_delete) ||
	       !CU_add_test(suite, "a key of before", test_used) ||
	       !CU_add_test(suite, "window", test_window) || !CU_add_test(suite, "fixed", test_fixed);
}
