/* lab/recorder, and lab/drop_line behind it: the files of a small laboratory, line by line. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <jansson.h>

#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"
#include "lab/recorder.h"
#include "tests/lab/folder_rig.h"

int suite_recorder(void);

/* Nodes: hosts ha 0 and hb 1, gateways gwa 2 and gwb 3, links lan 4 and wan 5. */
struct lab_rig {
	struct cfg_host hosts[2];
	struct cfg_gateway gateways[2];
	struct cfg_link links[2];
	struct cfg_sa cfg_sa;
	struct sa in, out;
	struct cfg_lab lab;
};

static void
lab_rig_init(struct lab_rig *rig)
{
	*rig = (struct lab_rig){
		.hosts = {{.name = "ha"}, {.name = "hb"}},
		.gateways = {{.name = "gwa"}, {.name = "gwb", .platform = CFG_PLATFORM_AIM}},
		.links = {{.name = "lan", .ends = {"ha", "gwa.lan"}},
			{.name = "wan", .ends = {"gwa.wan", "gwb.wan"}, .capture = true}},
		.cfg_sa = {.name = "a\"b", .spi = 0x1001, .src = IP_V4(1), .dst = IP_V4(2),
			.transform = "esp-gcm 128",
			.key_len = 20},
		.lab = {.hosts = rig->hosts, .n_hosts = 2, .gateways = rig->gateways, .n_gateways = 2,
			.links = rig->links, .n_links = 2, .events = true},
	};
	rig->in = (struct sa){.cfg = &rig->cfg_sa, .spi = 0x1001, .direction = CFG_IN};
	rig->out = (struct sa){.cfg = &rig->cfg_sa, .spi = 0x1001, .direction = CFG_OUT};
	rig->gateways[1].sas = &rig->cfg_sa;
	rig->gateways[1].n_sas = 1;
}

static struct drop_event
event_of(const struct lab_rig *rig, enum drop reason, int64_t lag)
{
	return (struct drop_event){.time_ns = 1000000000,
		.seq = 900,
		.right_edge = (uint64_t)(900 + lag),
		.lag = lag,
		.num = 12,
		.sa = &rig->in,
		.spi = 0x1001,
		.flow = 3,
		.src = IP_V4(0x0a000001),
		.dst = IP_V4(0xc0a80001),
		.bytes = 1400,
		.window = 64,
		.ip_id = 5,
		.proto = 50,
		.dscp = 46,
		.reason = (uint8_t)reason};
}

/* Two drops of the window, one in a queue, one on the wire after encryption, one of a stranger at a host. */
static void
run_record(struct lab_rig *rig, const char *folder)
{
	char message[256] = "";
	struct recorder *r;
	struct drop_event event = event_of(rig, DROP_REPLAY_OLD, 100);
	static const uint8_t packet[20] = {0x45};

	CU_ASSERT_EQUAL_FATAL(recorder_open(&rig->lab, folder, &r, message, sizeof(message)), ST_OK);
	recorder_drop(r, 3, &event, "voice");
	event = event_of(rig, DROP_REPLAY_DUP, 0);
	event.is_clone = 1;
	recorder_drop(r, 3, &event, "voice");
	event = event_of(rig, DROP_ICV_ESN, 64);
	recorder_drop(r, 3, &event, "voice");
	event = event_of(rig, DROP_WIRE_LOSS, 0);
	event.sa = &rig->out;
	recorder_drop(r, 5, &event, "da\\ta\n");
	event = event_of(rig, DROP_NO_SA, 0);
	event.sa = NULL;
	recorder_drop(r, 2, &event, "voice");
	event = (struct drop_event){.time_ns = UINT64_MAX, .flow = PKT_NO_FLOW, .reason = DROP_NOT_MINE};
	event.src = event.dst = ip_v4(0);
	recorder_drop(r, 1, &event, NULL);
	recorder_capture(r, 1, 0, 10, packet, sizeof(packet));
	recorder_capture(r, 0, 0, 10, packet, sizeof(packet)); /* not asked for: nothing */
	CU_ASSERT_EQUAL(recorder_close(r, 2000000000, message, sizeof(message)), ST_OK);
	CU_ASSERT_STRING_EQUAL(message, "");
}

#define PACKET                                                                                               \
	"\"protocol\": 50, \"src\": \"10.0.0.1\", \"dst\": \"192.168.0.1\", \"ip_id\": 5, \"dscp\": 46, "    \
	"\"bytes\": 1400"
#define SA ", \"sa\": \"a\\\"b\", \"spi\": \"0x00001001\", \"seq\": 900"

static const char drops[] =
	"{\"time_ns\": 1000000000, \"node\": \"gwb\", \"reason\": \"replay_old\", \"status\": 4612, "
	"\"class\": \"voice\", \"flow\": 3, \"num\": 12, \"copy\": false, " PACKET SA
	", \"right_edge\": 1000, \"lag\": 100, \"window\": 64, \"kind\": \"too old\", \"window_needed\": "
	"101}\n"
	"{\"time_ns\": 1000000000, \"node\": \"gwb\", \"reason\": \"replay_duplicate\", \"status\": 4612, "
	"\"class\": \"voice\", \"flow\": 3, \"num\": 12, \"copy\": true, " PACKET SA
	", \"right_edge\": 900, \"lag\": 0, \"window\": 64, \"kind\": \"duplicate\", \"window_needed\": "
	"null}\n"
	"{\"time_ns\": 1000000000, \"node\": \"gwb\", \"reason\": \"icv_esn_old\", \"status\": 0, "
	"\"class\": \"voice\", \"flow\": 3, \"num\": 12, \"copy\": false, " PACKET SA
	", \"right_edge\": 964, \"lag\": 64, \"window\": 64, \"kind\": \"too old\", \"window_needed\": 65}\n"
	"{\"time_ns\": 1000000000, \"node\": \"wan\", \"reason\": \"wire_loss\", \"status\": 0, "
	"\"class\": \"da\\\\ta\\u000a\", \"flow\": 3, \"num\": 12, \"copy\": false, " PACKET SA "}\n"
	"{\"time_ns\": 1000000000, \"node\": \"gwa\", \"reason\": \"no_sa\", \"status\": 0, "
	"\"class\": \"voice\", \"flow\": 3, \"num\": 12, \"copy\": false, " PACKET
	", \"spi\": \"0x00001001\"}\n"
	"{\"time_ns\": 18446744073709551615, \"node\": \"hb\", \"reason\": \"not_for_this_host\", "
	"\"status\": 0, \"class\": null, \"protocol\": 0, \"src\": \"0.0.0.0\", \"dst\": \"0.0.0.0\", "
	"\"ip_id\": 0, \"dscp\": 0, \"bytes\": 0}\n";

#define AIM                                                                                                  \
	"00:00:01.000000 gwb: %HW_VPN-1-HPRXERR: Hardware VPN0/0: Packet Encryption/Decryption error, "      \
	"status=4612\n"

static void
file_expect(const struct folder_rig *rig, const char *name, const char *expected)
{
	char *text = folder_rig_read(rig, name, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

static void
test_files(void)
{
	struct folder_rig folder;
	struct lab_rig rig;
	char path[RIG_PATH_BYTES];

	lab_rig_init(&rig);
	folder_rig_open(&folder);
	run_record(&rig, folder_rig_path(&folder, "new/and/deep/", path)); /* parents are made */
	file_expect(&folder, "new/and/deep/drops.ndjson", drops);
	file_expect(&folder, "new/and/deep/syslog.log",
		AIM AIM "00:00:01.000000 gwa: %CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has "
			"invalid spi for "
			"destaddr=192.168.0.1, prot=50, spi=0x1001(4097), srcaddr=10.0.0.1\n");
	CU_ASSERT_EQUAL(access(folder_rig_path(&folder, "new/and/deep/esp_sa", path), R_OK), 0);
	CU_ASSERT_EQUAL(access(folder_rig_path(&folder, "new/and/deep/wan.pcapng", path), R_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(folder_rig_path(&folder, "new/and/deep/lan.pcapng", path), F_OK), 0);
	folder_rig_close(&folder);
}

/* Each line is JSON for others too. */
static void
test_json(void)
{
	struct folder_rig folder;
	struct lab_rig rig;
	char *text, *line, *rest = NULL;
	unsigned n = 0;

	lab_rig_init(&rig);
	folder_rig_open(&folder);
	run_record(&rig, folder.path);
	text = folder_rig_read(&folder, "drops.ndjson", NULL);
	for (line = strtok_r(text, "\n", &rest); line && n < 5; line = strtok_r(NULL, "\n", &rest), n++) {
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(json);
		CU_ASSERT_EQUAL(json_integer_value(json_object_get(json, "ip_id")), 5);
		if (n == 3)
			CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "class")), "da\\ta\n");
		json_decref(json);
	}
	CU_ASSERT_EQUAL(n, 5);
	free(text);
	folder_rig_close(&folder);
}

/* Two runs write the same bytes; a run into the same folder leaves nothing of the one before. */
static void
test_repeat(void)
{
	static const char *const names[] = {"drops.ndjson", "syslog.log", "esp_sa", "wan.pcapng"};
	struct folder_rig a, b;
	struct lab_rig rig;

	lab_rig_init(&rig);
	folder_rig_open(&a);
	folder_rig_open(&b);
	run_record(&rig, a.path);
	run_record(&rig, b.path);
	run_record(&rig, b.path);
	for (unsigned i = 0; i < 4; i++) {
		size_t bytes_a = 0, bytes_b = 1;
		char *text_a = folder_rig_read(&a, names[i], &bytes_a),
		     *text_b = folder_rig_read(&b, names[i], &bytes_b);

		CU_ASSERT(bytes_a > 0);
		CU_ASSERT_EQUAL_FATAL(bytes_a, bytes_b);
		CU_ASSERT_EQUAL(memcmp(text_a, text_b, bytes_a), 0);
		free(text_a);
		free(text_b);
	}
	folder_rig_close(&a);
	folder_rig_close(&b);
}

/* Without events there are no event files, not even old ones. */
static void
test_no_events(void)
{
	struct folder_rig folder;
	struct lab_rig rig;
	char path[RIG_PATH_BYTES];

	lab_rig_init(&rig);
	folder_rig_open(&folder);
	run_record(&rig, folder.path);
	rig.lab.events = false;
	run_record(&rig, folder.path);
	CU_ASSERT_NOT_EQUAL(access(folder_rig_path(&folder, "drops.ndjson", path), F_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(folder_rig_path(&folder, "syslog.log", path), F_OK), 0);
	CU_ASSERT_EQUAL(access(folder_rig_path(&folder, "wan.pcapng", path), F_OK), 0);
	folder_rig_close(&folder);
}

static void
open_fails(struct lab_rig *rig, const char *folder, enum status expected, const char *part)
{
	char message[256] = "";
	struct recorder *r = (struct recorder *)rig;

	CU_ASSERT_EQUAL(recorder_open(&rig->lab, folder, &r, message, sizeof(message)), expected);
	CU_ASSERT_PTR_NULL(r);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, part));
}

static void
test_failures(void)
{
	char path[RIG_PATH_BYTES], message[256] = "", *longest = calloc(1, 5000);
	struct folder_rig folder;
	struct lab_rig rig;
	struct recorder *r;
	struct drop_event event;

	lab_rig_init(&rig);
	folder_rig_open(&folder);
	open_fails(&rig, "", ST_ERR_RANGE, "empty");
	open_fails(&rig, memset(longest, 'x', 4999), ST_ERR_RANGE, "too long");
	open_fails(&rig, "/dev/null/x", ST_ERR_IO, "/dev/null");
	rig.cfg_sa.transform = "esp-rot13";
	open_fails(&rig, folder.path, ST_ERR_CONFIG, "esp_sa");
	lab_rig_init(&rig);
	/* a full disk is told at the end */
	CU_ASSERT_EQUAL(unlink(folder_rig_path(&folder, "drops.ndjson", path)), 0);
	CU_ASSERT_EQUAL(symlink("/dev/full", path), 0);
	CU_ASSERT_EQUAL_FATAL(recorder_open(&rig.lab, folder.path, &r, message, sizeof(message)), ST_OK);
	event = event_of(&rig, DROP_REPLAY_OLD, 100);
	recorder_drop(r, 3, &event, NULL);
	CU_ASSERT_EQUAL(recorder_close(r, 0, message, sizeof(message)), ST_ERR_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "drops.ndjson"));
	CU_ASSERT_EQUAL(recorder_close(NULL, 0, NULL, 0), ST_OK);
	free(longest);
	folder_rig_close(&folder);
}

int
suite_recorder(void)
{
	CU_pSuite s = CU_add_suite("recorder", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_files);
	CU_ADD_TEST(s, test_json);
	CU_ADD_TEST(s, test_repeat);
	CU_ADD_TEST(s, test_no_events);
	CU_ADD_TEST(s, test_failures);
	return 0;
}
