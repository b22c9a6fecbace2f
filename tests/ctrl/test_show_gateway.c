/* Windows, ports, stages, drops, versions, and what clearing does to them. */
#include <rte_mbuf.h>

#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_show_gateway(void);

static void
start(struct ctrl_rig *rig)
{
	kit_gateway_init(&rig->g, "esp-gcm 128");
	rig->g.sas[1].window = 8;
	rig_start(rig);
}

/* 4, 3, 2, 1, 8, 7, 6, 5, then 9 is lost and 10 comes. */
static void
test_replay(void)
{
	struct ctrl_rig rig;

	start(&rig);
	rig_traffic(&rig, 8, 4, 100, 0);
	kit_send(&rig.g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), 100 * RIG_US);
	rte_pktmbuf_free(rig.g.port[1].out[0]);
	rig.g.port[1].n_out = 0;
	rig_traffic(&rig, 1, 1, 100, 200 * RIG_US);
	rig_peer(&rig);
	rig_expect(&rig, "show crypto ipsec replay", ST_OK,
		"SA self, spi 0x1001: window 8 (bitmap), right edge 10\n"
		"  replays 0, of these duplicates 0\n"
		"                    10 #.######\n"
		"  newest first; #: came, .: did not; 7 of these 8 came\n"
		"  lag of 9 packets: 6 behind the edge, at most 3\n"
		"  lag below        packets  a window of so many would lose\n"
		"          1              3              6\n"
		"          2              2              4\n"
		"          4              4              0\n");
	ctrl_destroy(rig.ctrl);
	kit_gateway_stop(&rig.g);
}

static void
test_drops(void)
{
	struct ctrl_rig rig;

	start(&rig);
	rig_traffic(&rig, 64, 16, 100, 0);
	rig_peer(&rig);
	rig_expect(&rig, "show drops", ST_OK,
		"Reason                      Packets  Rule\n"
		"replay_old                       32  RFC 4303 §3.4.3 (status=4612)\n"
		"received 64 + created 0 = sent 32 + consumed 0 + held 0 + drops 32\n");
	rig_contains(&rig, "show drops all", "seq_exhausted                     0  RFC 4303 §3.3.3\n");
	rig_stop(&rig);
}

static void
test_clear(void)
{
	struct ctrl_rig rig;

	start(&rig);
	rig_traffic(&rig, 64, 16, 100, 0);
	rig_peer(&rig);
	rig_expect(&rig, "clear crypto sa", ST_OK,
		"2 SAs: counters and path MTUs cleared; sequence numbers and windows stay with their keys\n");
	rig_contains(&rig, "show crypto ipsec sa", "#pkts decaps: 0, ");
	rig_contains(&rig, "show drops", "replay_old                       32 ");
	rig_expect(&rig, "clear counters", ST_OK, "All counters begin at 0\n");
	rig_traffic(&rig, 16, 16, 100, 1000 * RIG_US);
	rig_contains(&rig, "show crypto ipsec sa", "#pkts decaps: 8, ");
	rig_contains(&rig, "show crypto ipsec sa", "#recv errors 8\n");
	rig_contains(&rig, "show crypto ipsec replay", "right edge 80\n");
	rig_contains(
		&rig, "show drops", "received 16 + created 0 = sent 8 + consumed 0 + held 0 + drops 8\n");
	rig_contains(&rig, "show interface", "     16 packets input\n");
	/* SAs alone begin anew again, all else goes on from before */
	free(rig_answer(&rig, "clear crypto sa", ST_OK));
	rig_contains(&rig, "show crypto ipsec sa", "#pkts decaps: 0, ");
	rig_contains(&rig, "show drops", "received 16 ");
	rig_stop(&rig);
}

static void
test_interface(void)
{
	struct cfg_prefix more[] = {CFG_PREFIX_V4(0x0b000001, 8),
		{.addr = {UINT64_C(0x20010db8000f0000), 1}, .len = 64, .only_v6 = true}};
	struct ctrl_rig rig;

	kit_gateway_init(&rig.g, "esp-gcm 128");
	rig.g.ports[1].ip_mtu = 1400;
	rig.g.ports[1].more = more;
	rig.g.ports[1].n_more = 2;
	rig_start(&rig);
	rig_traffic(&rig, 4, 1, 100, 0);
	rig_expect(&rig, "show interface name wan", ST_OK,
		"wan is up, line protocol is up\n"
		"  Internet address is 192.0.2.1/24\n"
		"  Secondary address 11.0.0.1/8\n"
		"  Internet address is 2001:db8:f::1/64\n"
		"  MTU 1500 bytes, IP MTU 1400 bytes\n"
		"  Queueing strategy: fifo\n"
		"  Queue fifo: 4 packets, 624 bytes queued; drops: 0 tail, 0 police; depth at most 0\n"
		"     0 packets input\n"
		"     4 packets output, 624 bytes, 0 output drops\n");
	rig_expect(&rig, "show ip mtu", ST_OK,
		"Interface              MTU    IP MTU\n"
		"lan                   1500      1500\n"
		"wan                   1500      1400\n"
		"\n"
		"Outbound SA      Transform                     Path MTU Largest inner  TCP MSS\n"
		"self             esp-gcm 128                       1400         1346     1306\n");
	rig_stop(&rig);
}

static void
test_runtime(void)
{
	struct ctrl_rig rig;

	start(&rig);
	rig_traffic(&rig, 4, 1, 100, 0);
	rig_contains(&rig, "show runtime",
		"\nsa_out                        4              4            1.0              -\n");
	rig_contains(&rig, "show runtime",
		"\nsa_in                         0              0            0.0              -\n");
	rig_stop(&rig);
}

static void
test_version(void)
{
	struct ctrl_rig rig;

	start(&rig);
	rig.single.now = 61000001000;
	rig_expect(&rig, "show version", ST_OK,
		"esplab " ESPLAB_VERSION "\n"
		"gw uptime is 00:01:01.000001 (virtual time)\n"
		"1 worker, 2 ports, 2 SAs, engine ipsec_mb\n");
	rig_stop(&rig);
}

static void
events_take(struct ctrl_rig *rig, struct dp *dp)
{
	struct drop_event event;

	while (dp_events(dp, &event, 1))
		ctrl_event(rig->ctrl, &event);
}

static void
test_debug(void)
{
	struct ctrl_rig rig;

	start(&rig);
	rig_expect(&rig, "show debug", ST_OK, "No debugging is on\n");
	rig_expect(&rig, "debug ip icmp", ST_OK, "ICMP packet debugging is on\n");
	rig_contains(&rig, "debug crypto ipsec", "Crypto IPSEC debugging is on\n");
	kit_send(&rig.g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1490, 0)), RIG_US);
	events_take(&rig, rig.g.dp);
	rig_contains(
		&rig, "show logging", "00:00:00.000001: ICMP: dst (10.2.0.10): frag. needed and DF set.\n");
	rig_expect(&rig, "undebug all", ST_OK, "All possible debugging has been turned off\n");
	kit_send(&rig.g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1490, 0)), 2 * RIG_US);
	events_take(&rig, rig.g.dp);
	rig_contains(&rig, "show logging", ": 1 lines, ");
	kit_port_empty(&rig.g.port[0]);
	rig_stop(&rig);
}

/* What the platform would have said of it, as in syslog.log of a laboratory. */
static void
test_messages(void)
{
	struct ctrl_rig rig;

	kit_gateway_init(&rig.g, "esp-gcm 128");
	rig.g.sas[1].window = 8;
	rig.g.cfg.platform = CFG_PLATFORM_AIM;
	rig_start(&rig);
	rig_traffic(&rig, 9, 9, 100, 0);
	events_take(&rig, rig.g.peer);
	rig_expect(&rig, "show logging", ST_OK,
		"Log buffer (262144 bytes): 1 lines, 0 older ones made room\n"
		"00:00:00.000009: %HW_VPN-1-HPRXERR: Hardware VPN0/0: Packet Encryption/Decryption error, "
		"status=4612\n");
	rig_stop(&rig);
}

/* Every show command has an answer in JSON that can be read, and names its gateway. */
static void
test_all_json(void)
{
	static const char *const lines[] = {
#define WORD(word, text)
#define COMMAND(name, words, arguments, text) words,
#include "ctrl/command.def"
#undef COMMAND
#undef WORD
	};
	struct ctrl_rig rig;

	start(&rig);
	rig_traffic(&rig, 64, 16, 100, 0);
	rig_peer(&rig);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[128];
		json_t *json;

		if (strncmp(lines[i], "show", 4) && strncmp(lines[i], "clear", 5) &&
			!strstr(lines[i], "debug"))
			continue;
		snprintf(line, sizeof(line), "%s | json", lines[i]);
		json = rig_json(&rig, line);
		CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "gateway")), "gw");
		CU_ASSERT(json_object_size(json) > 1);
		json_decref(json);
	}
	rig_stop(&rig);
}

int
suite_ctrl_show_gateway(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_show_gateway", NULL, NULL);

	return !suite || !CU_add_test(suite, "replay", test_replay) ||
	       !CU_add_test(suite, "drops", test_drops) || !CU_add_test(suite, "clear", test_clear) ||
	       !CU_add_test(suite, "interface", test_interface) ||
	       !CU_add_test(suite, "runtime", test_runtime) || !CU_add_test(suite, "version", test_version) ||
	       !CU_add_test(suite, "debug", test_debug) || !CU_add_test(suite, "messages", test_messages) ||
	       !CU_add_test(suite, "all as JSON", test_all_json);
}
