/* Lifetimes of SAs (RFC 4301 §4.4.2.1): each kind, soft and hard, out and in, to the packet and to the ns;
 * what the events say, how the packets end, and that the books balance. */
#include "dataplane/life.h"

#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "dataplane/dp_sas.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/msg.h"
#include "dataplane/tunnel.h"
#include "tests/kit/kit.h"

int suite_life(void);

#define MS UINT64_C(1000000)

static void
init(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(g, "esp-gcm 128");
	g->sas[0].lifetime_soft = g->sas[1].lifetime_soft = 90;
}

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

/* From the LAN to the WAN of the gateway, and from there into its peer. */
static void
pass(struct kit_gateway *g, uint32_t bytes, uint64_t now)
{
	kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0), now);
	if (g->port[1].n_out) {
		g->port[1].n_out = 0;
		kit_send(g, 1, g->port[1].out[0], now);
	}
}

/* Turns it whenever it wants to, until `end`. */
static void
turn(struct dp *dp, uint64_t end)
{
	while (dp_next_due(dp) <= end) {
		uint64_t now = dp_next_due(dp);

		while (dp_turn(dp, now))
			;
	}
}

/* The oldest event of that gateway has this life, or this drop. */
static bool
event_is(struct dp *dp, enum life life, enum drop drop, uint64_t time)
{
	struct drop_event event;

	if (dp_events(dp, &event, 1) != 1)
		return life == LIFE_NONE && drop == DROP_NONE;
	return event.life == life && event.reason == drop && event.time_ns == time;
}

static bool
quiet(struct dp *dp)
{
	return event_is(dp, LIFE_NONE, DROP_NONE, 0);
}

static void
test_seconds(void)
{
	struct kit_gateway g;

	init(&g);
	g.sas[0].lifetime_seconds = 100 * MS;
	g.sas[1].lifetime_seconds = 120 * MS;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	turn(g.dp, 0);
	turn(g.peer, 0);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), 90 * MS);
	turn(g.dp, 90 * MS - 1);
	CU_ASSERT(quiet(g.dp));
	turn(g.dp, 100 * MS - 1);
	CU_ASSERT(event_is(g.dp, LIFE_SOFT_SECONDS, DROP_NONE, 90 * MS));
	CU_ASSERT(quiet(g.dp));
	pass(&g, 100, 100 * MS - 1);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 1);
	CU_ASSERT_EQUAL(life_left(dp_sa(g.dp, 0), 100 * MS - 1).ns, 1);
	pass(&g, 100, 100 * MS);
	CU_ASSERT(event_is(g.dp, LIFE_SECONDS, DROP_NONE, 100 * MS));
	CU_ASSERT(event_is(g.dp, LIFE_NONE, DROP_SA_EXPIRED, 100 * MS));
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->packets, 1);
	CU_ASSERT_EQUAL(dp_lives(g.dp)[LIFE_SECONDS], 1);
	/* the inbound one has 20 ms more */
	turn(g.dp, 200 * MS);
	CU_ASSERT(event_is(g.dp, LIFE_SOFT_SECONDS, DROP_NONE, 108 * MS));
	CU_ASSERT(event_is(g.dp, LIFE_SECONDS, DROP_NONE, 120 * MS));
	CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
	stop(&g);
}

static void
test_seconds_in(void)
{
	struct kit_gateway g;

	init(&g);
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	kit_gateway_stop(&g);
	g.sas[1].lifetime_seconds = 100 * MS;
	g.sas[1].lifetime_soft = 0;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	turn(g.peer, 0);
	pass(&g, 100, 100 * MS - 1);
	CU_ASSERT(quiet(g.peer));
	pass(&g, 100, 100 * MS);
	CU_ASSERT(event_is(g.peer, LIFE_SECONDS, DROP_NONE, 100 * MS));
	CU_ASSERT(event_is(g.peer, LIFE_NONE, DROP_NO_SA, 100 * MS));
	/* a tunnel that comes back does not revive it */
	tunnel_port_down(g.peer, 1);
	tunnel_port_up(g.peer, 1);
	pass(&g, 100, 101 * MS);
	CU_ASSERT(event_is(g.peer, LIFE_NONE, DROP_NO_SA, 101 * MS));
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 1);
	stop(&g);
}

/* 10 kB are 10,240 bytes: of packets of 1,000 the 11th reaches them, and is the last; the 10th the soft
 * limit. */
static void
test_kilobytes_out(void)
{
	struct kit_gateway g;

	init(&g);
	g.sas[0].lifetime_kilobytes = 10;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	for (unsigned i = 0; i < 10; i++)
		pass(&g, 1000, 1000 + i);
	CU_ASSERT_EQUAL(dp_lives(g.dp)[LIFE_SOFT_KILOBYTES], 0); /* seen with the next packet */
	pass(&g, 1000, 1010);
	CU_ASSERT(event_is(g.dp, LIFE_SOFT_KILOBYTES, DROP_NONE, 1010));
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->bytes, 11000);
	CU_ASSERT_EQUAL(life_left(dp_sa(g.dp, 0), 0).bytes, 0);
	for (unsigned i = 11; i < 13; i++)
		pass(&g, 1000, 1000 + i);
	CU_ASSERT(event_is(g.dp, LIFE_KILOBYTES, DROP_NONE, 1011));
	CU_ASSERT(event_is(g.dp, LIFE_NONE, DROP_SA_EXPIRED, 1011));
	CU_ASSERT(event_is(g.dp, LIFE_NONE, DROP_SA_EXPIRED, 1012));
	CU_ASSERT(quiet(g.dp));
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->packets, 11);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_SA_EXPIRED), 2);
	stop(&g);
}

/* So many bytes that seq_max stands far ahead: not one packet too many, nor too few, in one burst. */
static void
test_kilobytes_burst(void)
{
	struct kit_gateway g;
	const unsigned kilobytes = 300, last = (kilobytes * 1024 + 699) / 700;

	init(&g);
	g.sas[0].lifetime_kilobytes = kilobytes;
	g.sas[0].lifetime_soft = 50;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	for (unsigned i = 0; i < last + 10; i++) {
		kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 700, 0), 5);
		kit_port_empty(&g.port[1]);
	}
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->packets, last);
	CU_ASSERT_EQUAL(dp_lives(g.dp)[LIFE_SOFT_KILOBYTES], 1);
	CU_ASSERT_EQUAL(dp_lives(g.dp)[LIFE_KILOBYTES], 1);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_SA_EXPIRED), 10);
	kit_gateway_stop(&g);
}

/* Inbound bytes are compared every LIFE_LOOK_NS. */
static void
test_kilobytes_in(void)
{
	struct kit_gateway g;

	init(&g);
	g.sas[1].lifetime_kilobytes = 10;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	turn(g.peer, 0);
	CU_ASSERT_EQUAL(dp_next_due(g.peer), LIFE_LOOK_NS);
	for (unsigned i = 0; i < 10; i++)
		pass(&g, 1000, 1 + i);
	CU_ASSERT(quiet(g.peer));
	turn(g.peer, LIFE_LOOK_NS);
	CU_ASSERT(event_is(g.peer, LIFE_SOFT_KILOBYTES, DROP_NONE, LIFE_LOOK_NS));
	for (unsigned i = 0; i < 3; i++) /* one between two looks is accepted all the same */
		pass(&g, 1000, LIFE_LOOK_NS + 1 + i);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 13);
	pass(&g, 1000, 2 * LIFE_LOOK_NS);
	CU_ASSERT(event_is(g.peer, LIFE_KILOBYTES, DROP_NONE, 2 * LIFE_LOOK_NS));
	CU_ASSERT(event_is(g.peer, LIFE_NONE, DROP_NO_SA, 2 * LIFE_LOOK_NS));
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 13);
	stop(&g);
}

static void
sequence_check(bool esn)
{
	struct kit_gateway g;
	uint64_t last = esn ? UINT64_MAX : UINT32_MAX;

	init(&g);
	g.sas[0].esn = g.sas[1].esn = esn;
	g.sas[0].first_seq = g.sas[1].first_seq = last / 100 * 90 + last % 100 * 90 / 100 - 1;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	pass(&g, 100, 1);
	pass(&g, 100, 2);
	CU_ASSERT(quiet(g.dp));
	pass(&g, 100, 3);
	CU_ASSERT(event_is(g.dp, LIFE_SOFT_SEQUENCE, DROP_NONE, 3));
	pass(&g, 100, 4);
	CU_ASSERT(quiet(g.dp));
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 4);
	stop(&g);
	g.sas[0].first_seq = g.sas[1].first_seq = last - 1;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	for (unsigned i = 1; i < 5; i++)
		pass(&g, 100, i);
	CU_ASSERT(event_is(g.dp, LIFE_SOFT_SEQUENCE, DROP_NONE, 1));
	CU_ASSERT(event_is(g.dp, LIFE_SEQUENCE, DROP_NONE, 3));
	CU_ASSERT(event_is(g.dp, LIFE_NONE, DROP_SEQ_EXHAUSTED, 3));
	CU_ASSERT(event_is(g.dp, LIFE_NONE, DROP_SEQ_EXHAUSTED, 4));
	CU_ASSERT(quiet(g.dp));
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 2);
	stop(&g);
}

static void
test_sequence(void)
{
	sequence_check(false);
	sequence_check(true);
}

/* What the owner has reserved stops the SA for a while, and is no end of its life. */
static void
test_reserved(void)
{
	struct kit_gateway g;

	init(&g);
	g.sas[0].lifetime_kilobytes = 100;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	dp_sa_limit(g.dp, 0, 2);
	for (unsigned i = 1; i < 4; i++)
		pass(&g, 100, i);
	CU_ASSERT(event_is(g.dp, LIFE_NONE, DROP_SEQ_EXHAUSTED, 3));
	dp_sa_limit(g.dp, 0, 3);
	pass(&g, 100, 4);
	pass(&g, 100, 5);
	CU_ASSERT(event_is(g.dp, LIFE_NONE, DROP_SEQ_EXHAUSTED, 5));
	CU_ASSERT(quiet(g.dp));
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, 3);
	stop(&g);
}

/* Each packet counts; the end comes after the idle time, and at most an eighth of it later. */
static void
test_idle(void)
{
	struct kit_gateway g;
	struct drop_event event;
	uint64_t idle = 80 * MS, last = 0;

	init(&g);
	g.sas[0].idle_time = g.sas[1].idle_time = idle;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	for (uint64_t now = 0; now < 1000 * MS; now += 70 * MS) {
		turn(g.dp, now);
		turn(g.peer, now);
		pass(&g, 100, now);
		last = now;
	}
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 15);
	CU_ASSERT_EQUAL(dp_lives(g.dp)[LIFE_IDLE], 1); /* the way back has seen none */
	CU_ASSERT(event_is(g.dp, LIFE_IDLE, DROP_NONE, idle));
	turn(g.dp, last + 2 * idle);
	turn(g.peer, last + 2 * idle);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(dp_events(i ? g.peer : g.dp, &event, 1), 1);
		while (event.time_ns == idle && dp_events(g.peer, &event, 1))
			; /* the peer's own outbound one */
		CU_ASSERT_EQUAL(event.life, LIFE_IDLE);
		CU_ASSERT(event.time_ns >= last + idle && event.time_ns <= last + idle + idle / 8 + 8);
	}
	pass(&g, 100, last + 3 * idle);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_SA_EXPIRED), 1);
	stop(&g);
}

/* The laboratory is over: nothing to wait for. */
static void
test_until(void)
{
	struct kit_gateway g;

	init(&g);
	g.sas[0].idle_time = 80 * MS;
	g.sas[0].lifetime_kilobytes = 1000;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	dp_keepalive_until(g.dp, 50 * MS);
	turn(g.dp, 100 * MS);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
	CU_ASSERT(quiet(g.dp));
	stop(&g);
}

/* A thousand SAs in slices: all end at the same instant. */
static void
test_many(void)
{
	static struct cfg_sa sas[1000];
	struct kit_gateway g;

	init(&g);
	for (unsigned i = 0; i < 1000; i++) {
		sas[i] = g.sas[0];
		sas[i].spi = 0x5000 + i;
		sas[i].lifetime_seconds = 10 * MS;
		sas[i].lifetime_soft = 0;
	}
	g.cfg.sas = sas;
	g.cfg.n_sas = 1000;
	g.cfg.n_policies = 1;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	turn(g.dp, 10 * MS - 1);
	CU_ASSERT_EQUAL(dp_lives(g.dp)[LIFE_SECONDS], 0);
	turn(g.dp, 10 * MS);
	CU_ASSERT_EQUAL(dp_lives(g.dp)[LIFE_SECONDS], 1000);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
	stop(&g);
}

/* Other lifetimes for an SA that runs: its age and bytes go on. */
static void
test_altered(void)
{
	struct kit_gateway g;
	struct cfg_gateway fresh;
	struct dp_change *change;
	struct cfg_sa sas[2];
	char message[512];
	bool done;

	init(&g);
	g.sas[0].lifetime_seconds = 1000 * MS;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	turn(g.dp, 0);
	pass(&g, 1000, 5);
	fresh = g.cfg;
	memcpy(sas, g.sas, sizeof(sas));
	fresh.sas = sas;
	sas[0].lifetime_seconds = 100 * MS;
	sas[0].lifetime_kilobytes = 2;
	CU_ASSERT_EQUAL_FATAL(dp_change_create(g.dp, &fresh, &change, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL(dp_change_count(change), 1);
	CU_ASSERT_EQUAL(dp_change_make(g.dp, change, 10, &done, message, sizeof(message)), ST_OK);
	dp_change_commit(g.dp, change, 50 * MS);
	dp_change_settle(g.dp, change, 50 * MS, 10, &done);
	CU_ASSERT(done);
	dp_change_destroy(change);
	turn(g.dp, 50 * MS);
	CU_ASSERT_EQUAL(life_left(dp_sa(g.dp, 0), 50 * MS).ns, 50 * MS);
	CU_ASSERT_EQUAL(life_left(dp_sa(g.dp, 0), 50 * MS).bytes, 1048);
	turn(g.dp, 100 * MS);
	CU_ASSERT(event_is(g.dp, LIFE_SOFT_SECONDS, DROP_NONE, 90 * MS));
	CU_ASSERT(event_is(g.dp, LIFE_SECONDS, DROP_NONE, 100 * MS));
	stop(&g);
}

static void
line_check(enum cfg_platform platform, enum life life, const char *wanted)
{
	static const struct sa sa = {.direction = CFG_OUT, .index = 4};
	struct drop_event event = {.life = (uint8_t)life,
		.sa = &sa,
		.spi = 0x1001,
		.src = IP_V4(0xc0000201),
		.dst = IP_V4(0xc6336402)};
	char text[MSG_BYTES] = "";
	unsigned n = 0;

	for (unsigned m = 0; m < MSG_COUNT; m++)
		if (msg_notices((enum msg)m, platform, life)) {
			msg_text((enum msg)m, &event, text, sizeof(text));
			n++;
		}
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_STRING_EQUAL(text, wanted);
}

static void
test_messages(void)
{
	line_check(CFG_PLATFORM_PIX, LIFE_SOFT_SEQUENCE,
		"%PIX-3-702305: IPSEC: An outbound LAN-to-LAN SA (SPI= 0x00001001) between 192.0.2.1 and "
		"198.51.100.2 (user= 198.51.100.2) is rekeying due to sequence number rollover.");
	line_check(CFG_PLATFORM_IOS, LIFE_SOFT_SEQUENCE,
		"%ESPLAB-5-SA_SOFT_LIFETIME: outbound SA, connection id=5, spi=0x1001(4097), src=192.0.2.1, "
		"dst=198.51.100.2: sequence numbers run out");
	line_check(CFG_PLATFORM_PIX, LIFE_IDLE,
		"%ESPLAB-4-SA_EXPIRED: outbound SA, connection id=5, spi=0x1001(4097), src=192.0.2.1, "
		"dst=198.51.100.2: idle time");
	for (unsigned p = CFG_PLATFORM_IOS; p <= CFG_PLATFORM_IOSXE; p++)
		for (unsigned l = LIFE_NONE + 1, n; l < LIFE_COUNT; l++) {
			n = 0;
			for (unsigned m = 0; m < MSG_COUNT; m++)
				n += msg_notices((enum msg)m, (enum cfg_platform)p, (enum life)l);
			CU_ASSERT_EQUAL(n, 1);
		}
}

int
suite_life(void)
{
	CU_pSuite s = CU_add_suite("life", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_seconds);
	CU_ADD_TEST(s, test_seconds_in);
	CU_ADD_TEST(s, test_kilobytes_out);
	CU_ADD_TEST(s, test_kilobytes_burst);
	CU_ADD_TEST(s, test_kilobytes_in);
	CU_ADD_TEST(s, test_sequence);
	CU_ADD_TEST(s, test_reserved);
	CU_ADD_TEST(s, test_idle);
	CU_ADD_TEST(s, test_until);
	CU_ADD_TEST(s, test_many);
	CU_ADD_TEST(s, test_altered);
	CU_ADD_TEST(s, test_messages);
	return 0;
}
