/* show crypto ...: the formats of Cisco's document, and what their numbers are. */
#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_show_sa(void);

/* The peer's policies are inbound alone, and both its SAs end at the same address: one block. */
static const char ios_form[] = "interface: wan\n"
			       "  Crypto map tag: site, local addr. 192.0.2.1\n"
			       "  local ident (addr/mask/prot/port): (10.1.0.0/255.255.0.0/0/0)\n"
			       "  remote ident (addr/mask/prot/port): (10.2.0.0/255.255.0.0/0/0)\n"
			       "  current_peer: 192.0.2.1\n"
			       "  PERMIT, flags={origin_is_acl,}\n"
			       "  #pkts encaps: 8, #pkts encrypt: 8, #pkts digest 8\n"
			       "  #pkts decaps: 0, #pkts decrypt: 0, #pkts verify 0\n"
			       "  #pkts compressed: 0, #pkts decompressed: 0\n"
			       "  #pkts not compressed: 0, #pkts compr. failed: 0,\n"
			       "  #pkts decompress failed: 0, #send errors 0, #recv errors 0\n"
			       "  local crypto endpt.: 192.0.2.1, remote crypto endpt.: 192.0.2.1\n"
			       "  path mtu 1500, media mtu 1500\n"
			       "  current outbound spi: 3D3\n"
			       "  inbound esp sas:\n"
			       "  inbound ah sas:\n"
			       "  inbound pcp sas:\n"
			       "  outbound esp sas:\n"
			       "    spi: 0x3D3(979)\n"
			       "    transform: esp-3des esp-md5-hmac ,\n"
			       "    in use settings ={Tunnel, }\n"
			       "    slot: 0, conn id: 1, flow_id: 1, crypto map: site\n"
			       "    no sa timing\n"
			       "    IV size: 8 bytes\n"
			       "    replay detection support: Y\n"
			       "  outbound ah sas:\n"
			       "  outbound pcp sas:\n";

static void
start(struct ctrl_rig *rig, const char *transform, enum cfg_platform platform)
{
	kit_gateway_init(&rig->g, transform);
	rig->g.cfg.platform = platform;
	rig->g.sas[0].spi = rig->g.sas[1].spi = 0x3d3;
	rig_start(rig);
}

static void
test_ios(void)
{
	struct ctrl_rig rig;

	kit_gateway_init(&rig.g, "esp-3des esp-md5-hmac");
	rig.g.sas[0].spi = 0x3d3;
	rig.g.cfg.n_sas = rig.g.cfg.n_policies = 1;
	CU_ASSERT_FATAL(kit_init());
	rig_start(&rig);
	for (unsigned i = 0; i < 8; i++) {
		kit_send(&rig.g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), i * RIG_US);
		kit_port_empty(&rig.g.port[1]);
	}
	rig_expect(&rig, "show crypto ipsec sa", ST_OK, ios_form);
	ctrl_destroy(rig.ctrl);
	kit_gateway_stop(&rig.g);
}

/* The document's PIX has an overhead of 56 with the same transform, and small letters. */
static void
test_pix(void)
{
	struct ctrl_rig rig;

	start(&rig, "esp-3des esp-md5-hmac", CFG_PLATFORM_PIX);
	rig_contains(&rig, "show crypto ipsec sa",
		"  path mtu 1500, ipsec overhead 56, media mtu 1500\n  current outbound spi: 3d3\n");
	rig_contains(&rig, "show crypto ipsec sa", "    slot: 0, conn id: 1, crypto map: site\n");
	rig_contains(&rig, "show crypto ipsec sa ios", "  path mtu 1500, media mtu 1500\n");
	rig_stop(&rig);
	start(&rig, "esp-3des esp-md5-hmac", CFG_PLATFORM_IOS);
	rig_contains(&rig, "show crypto ipsec sa pix", "ipsec overhead 56");
	rig_stop(&rig);
}

/* Groups of 64 arrive turned round: with a window of 32 the last 32 of each group are too late. */
static void
test_errors(void)
{
	struct ctrl_rig rig;

	kit_gateway_init(&rig.g, "esp-gcm 128");
	rig.g.sas[1].window = 32;
	rig_start(&rig);
	rig_traffic(&rig, 128, 64, 100, 0);
	rig_peer(&rig);
	rig_contains(&rig, "show crypto ipsec sa", "#send errors 0, #recv errors 64\n");
	rig_contains(&rig, "show crypto ipsec sa", "#pkts decaps: 64, #pkts decrypt: 64, #pkts verify 64\n");
	rig_stop(&rig);
}

static void
test_other_kinds(void)
{
	struct ctrl_rig rig;

	start(&rig, "esp-aes 128", CFG_PLATFORM_IOS);
	rig_contains(&rig, "show crypto ipsec sa", "    replay detection support: N\n");
	rig_stop(&rig);
	kit_gateway_init(&rig.g, "esp-gcm 128");
	rig.g.sas[0].natt = rig.g.sas[1].natt = true;
	rig_start(&rig);
	rig_contains(&rig, "show crypto ipsec sa", "    in use settings ={Tunnel UDP-Encaps, }\n");
	rig_stop(&rig);
	kit_gateway_init(&rig.g, "esp-3des");
	kit_gateway_bundle(&rig.g, "ah-md5-hmac");
	rig_start(&rig);
	rig_traffic(&rig, 3, 1, 100, 0);
	rig_contains(&rig, "show crypto ipsec sa", "  #pkts encaps: 3, #pkts encrypt: 3, #pkts digest 3\n");
	rig_contains(&rig, "show crypto ipsec sa",
		"  outbound ah sas:\n    spi: 0x2002(8194)\n    transform: ah-md5-hmac ,\n");
	rig_stop(&rig);
}

static void
test_isakmp(void)
{
	struct ctrl_rig rig;

	start(&rig, "esp-gcm 128", CFG_PLATFORM_IOS);
	rig_expect(&rig, "show crypto isakmp sa", ST_OK,
		"dst             src             state      conn-id    slot\n"
		"192.0.2.1       192.0.2.1       STATIC     1          0\n"
		"STATIC: the keys of all SAs are configured; no ISAKMP is spoken\n");
	rig_expect(&rig, "show crypto isakmp sa pix", ST_OK,
		"Total      : 1\nEmbryonic  : 0\n"
		"      dst          src          state      pending    created\n"
		"192.0.2.1        192.0.2.1       STATIC       0          2\n"
		"STATIC: the keys of all SAs are configured; no ISAKMP is spoken\n");
	rig_stop(&rig);
	start(&rig, "esp-gcm 128", CFG_PLATFORM_PIX);
	rig_contains(&rig, "show crypto isakmp sa", "Total      : 1\n");
	rig_contains(&rig, "show crypto isakmp sa ios", "dst             src             state ");
	rig_stop(&rig);
}

static void
test_connections(void)
{
	struct ctrl_rig rig;

	start(&rig, "esp-aes 128 esp-sha-hmac", CFG_PLATFORM_IOS);
	rig_traffic(&rig, 4, 1, 100, 0);
	rig_expect(&rig, "show crypto engine connections active", ST_OK,
		"  ID Interface       IP-Address      State  Algorithm                         Encrypt      "
		"Decrypt\n"
		"   1 wan             192.0.2.1       set    AES_128_CBC+HMAC_SHA1_96                4      "
		"      0\n"
		"   2 wan             192.0.2.1       set    AES_128_CBC+HMAC_SHA1_96                0      "
		"      0\n");
	rig_stop(&rig);
}

static void
test_json(void)
{
	struct ctrl_rig rig;
	json_t *json, *tunnel, *sa;

	start(&rig, "esp-gcm 256", CFG_PLATFORM_IOS);
	rig_traffic(&rig, 5, 1, 100, 0);
	json = rig_json(&rig, "show crypto ipsec sa | json");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "gateway")), "gw");
	CU_ASSERT_EQUAL_FATAL(json_array_size(json_object_get(json, "tunnels")), 2);
	tunnel = json_array_get(json_object_get(json, "tunnels"), 0);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(tunnel, "encaps")), 5);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(tunnel, "sas")), 1);
	sa = json_array_get(json_object_get(tunnel, "sas"), 0);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(sa, "spi")), "0x000003d3");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(sa, "bytes")), 500);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(sa, "last_seq")), 5);
	json_decref(json);
	rig_stop(&rig);
}

/* "remaining key lifetime", as the documents print it, and the end, in the log too. */
static void
test_lifetime(void)
{
	struct ctrl_rig rig;
	struct drop_event event;
	json_t *json, *sa;

	kit_gateway_init(&rig.g, "esp-3des esp-md5-hmac");
	rig.g.sas[0].lifetime_seconds = UINT64_C(3600000000000);
	rig.g.sas[0].lifetime_kilobytes = 4608000;
	rig.g.sas[1].lifetime_kilobytes = 7;
	rig_start(&rig);
	rig_contains(&rig, "show crypto ipsec sa",
		"    sa timing: remaining key lifetime (k/sec): (4608000/3600)\n");
	rig_contains(&rig, "show crypto ipsec sa",
		"    sa timing: remaining key lifetime (k): 7\n");
	rig_traffic(&rig, 64, 32, 100, 0);
	rig_contains(&rig, "show crypto ipsec sa",
		"    sa timing: remaining key lifetime (k/sec): (4607993/3600)\n");
	rig_stop(&rig);
	kit_gateway_init(&rig.g, "esp-3des esp-md5-hmac");
	rig.g.sas[0].lifetime_seconds = 1000 * RIG_US;
	rig_start(&rig);
	rig_contains(&rig, "show crypto ipsec sa",
		"    sa timing: remaining key lifetime (sec): 0\n");
	dp_turn(rig.g.dp, 0);
	dp_turn(rig.g.dp, 1000 * RIG_US);
	CU_ASSERT_EQUAL_FATAL(dp_events(rig.g.dp, &event, 1), 1);
	ctrl_event(rig.ctrl, &event);
	rig_contains(&rig, "show crypto ipsec sa",
		"    it has ended, by lifetime in seconds: it carries nothing\n");
	rig_contains(&rig, "show logging",
		"00:00:00.001000: %ESPLAB-4-SA_EXPIRED: outbound SA, connection id=1, spi=0x1001(4097), "
		"src=192.0.2.1, dst=192.0.2.1: lifetime in seconds\n");
	json = rig_json(&rig, "show crypto ipsec sa | json");
	sa = json_array_get(json_object_get(json_array_get(json_object_get(json, "tunnels"), 0), "sas"), 0);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(sa, "ended")), "seconds");
	json_decref(json);
	rig_stop(&rig);
}

int
suite_ctrl_show_sa(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_show_sa", NULL, NULL);

	return !suite || !CU_add_test(suite, "IOS form", test_ios) ||
	       !CU_add_test(suite, "PIX form", test_pix) ||
	       !CU_add_test(suite, "receive errors", test_errors) ||
	       !CU_add_test(suite, "other kinds", test_other_kinds) ||
	       !CU_add_test(suite, "isakmp", test_isakmp) ||
	       !CU_add_test(suite, "engine connections", test_connections) ||
	       !CU_add_test(suite, "JSON", test_json) ||
	       !CU_add_test(suite, "lifetime", test_lifetime);
}
