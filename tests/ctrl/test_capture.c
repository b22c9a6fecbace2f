/* monitor capture: where, which packets, how many, how much of each, and what goes wrong; files are read back
 * with libpcap. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "capture/capture_file.h"
#include "dataplane/tap.h"
#include "tests/ctrl/ctrl_rig.h"
#include "tests/lab/folder_rig.h"

int suite_ctrl_capture(void);

#define PACKET 100u /* bytes of a clear packet */
#define WIRE 156u   /* as esp-gcm 128 has it on the wire */

struct capture_rig {
	struct ctrl_rig rig;
	struct folder_rig folder;
};

static void
open_rig(struct capture_rig *c)
{
	folder_rig_open(&c->folder);
	kit_gateway_init(&c->rig.g, "esp-gcm 128");
	rig_start(&c->rig);
}

static void
close_rig(struct capture_rig *c)
{
	rig_stop(&c->rig);
	folder_rig_close(&c->folder);
}

/* "monitor capture NAME WORDS file FOLDER/NAME start" */
static void
capture_begin(struct capture_rig *c, const char *name, const char *words)
{
	char line[512];

	snprintf(line, sizeof(line), "monitor capture %s %s file %s/%s start", name, words, c->folder.path,
		name);
	free(rig_answer(&c->rig, line, ST_OK));
}

struct found {
	unsigned n;
	uint32_t captured, bytes; /* of the last one */
	uint64_t first_ns, last_ns;
	uint8_t data[2048]; /* of the last one */
};

static void
file_read(const struct capture_rig *c, const char *name, struct found *found)
{
	char path[RIG_PATH_BYTES], message[512];
	struct capture_frame frame;
	struct capture_file *file;

	*found = (struct found){.n = 0};
	CU_ASSERT_EQUAL_FATAL(
		capture_file_open(folder_rig_path(&c->folder, name, path), &file, message, sizeof(message)),
		ST_OK);
	for (; capture_file_next(file, &frame, message, sizeof(message)) == 1; found->n++) {
		found->captured = frame.captured;
		found->bytes = frame.len;
		found->last_ns = frame.time_ns;
		if (!found->n)
			found->first_ns = frame.time_ns;
		memcpy(found->data, frame.data,
			frame.captured < sizeof(found->data) ? frame.captured : sizeof(found->data));
	}
	capture_file_close(file);
}

/* n packets in, protected, and thrown away. */
static void
protect(struct capture_rig *c, unsigned n, uint32_t src, uint32_t bytes)
{
	for (unsigned i = 0; i < n; i++) {
		kit_send(&c->rig.g, 0, kit_udp(src, KIT_LAN_DST, bytes, 0), (i + 1) * RIG_US);
		kit_port_empty(&c->rig.g.port[1]);
	}
}

static void
expect(const struct capture_rig *c, const char *name, unsigned n, uint32_t captured, uint32_t bytes)
{
	struct found found;

	file_read(c, name, &found);
	CU_ASSERT_EQUAL(found.n, n);
	CU_ASSERT_EQUAL(found.captured, captured);
	CU_ASSERT_EQUAL(found.bytes, bytes);
}

/* Clear before sa_out, with a header before the engine, encrypted behind it; a port both ways. */
static void
test_places(void)
{
	static const struct {
		const char *name, *words;
		uint32_t bytes;
		uint8_t proto;
	} rows[] = {
		{"clear", "stage sa_out", PACKET, 17},
		{"opened", "stage crypto_submit", WIRE, 50},
		{"done", "stage crypto_poll out", WIRE, 50},
		{"leaves", "port wan out", WIRE, 50},
		{"comes", "port lan in", PACKET, 17},
		{"both", "port wan", WIRE, 50},
	};
	struct capture_rig c;

	open_rig(&c);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		capture_begin(&c, rows[i].name, rows[i].words);
	capture_begin(&c, "never", "stage sa_in");
	capture_begin(&c, "against", "stage sa_out in");
	protect(&c, 3, KIT_LAN_SRC, PACKET);
	ctrl_captures_turn(c.rig.ctrl);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct found found;

		expect(&c, rows[i].name, 3, rows[i].bytes, rows[i].bytes);
		file_read(&c, rows[i].name, &found);
		CU_ASSERT_EQUAL(found.data[9], rows[i].proto);
		CU_ASSERT_EQUAL(found.first_ns, RIG_US);
		CU_ASSERT_EQUAL(found.last_ns, 3 * RIG_US);
	}
	expect(&c, "never", 0, 0, 0);
	expect(&c, "against", 0, 0, 0);
	close_rig(&c);
}

static void
test_filter(void)
{
	static const struct {
		const char *name, *words;
		unsigned n;
	} rows[] = {
		{"a", "stage sa_out src 10.1.0.10", 2},
		{"b", "stage sa_out host 10.1.0.11 dst 10.2.0.10", 3},
		{"c", "stage sa_out dst 10.1.0.10", 0},
		{"d", "stage sa_out host 10.2.0.10 proto udp", 5},
		{"e", "stage sa_out proto tcp", 0},
		{"f", "stage sa_out spi 0x1001", 5}, /* the SA that it goes by */
		{"g", "port wan spi 4097 proto esp", 5},
		{"h", "port lan spi 0x1001", 0},
	};
	struct capture_rig c;

	open_rig(&c);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		capture_begin(&c, rows[i].name, rows[i].words);
	protect(&c, 2, KIT_LAN_SRC, PACKET);
	protect(&c, 3, KIT_LAN_SRC + 1, PACKET);
	ctrl_captures_turn(c.rig.ctrl);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct found found;

		file_read(&c, rows[i].name, &found);
		CU_ASSERT_EQUAL(found.n, rows[i].n);
	}
	close_rig(&c);
}

/* It ends by itself, says so, and does not begin again; the snap length keeps the true one. */
static void
test_limit(void)
{
	struct capture_rig c;

	open_rig(&c);
	capture_begin(&c, "few", "stage sa_out limit 3 bytes 30");
	rig_contains(&c.rig, "show monitor capture", "Status : Active\n");
	protect(&c, 5, KIT_LAN_SRC, PACKET);
	ctrl_captures_turn(c.rig.ctrl);
	rig_contains(&c.rig, "show monitor capture", "Status : Limit reached\n");
	rig_contains(&c.rig, "show monitor capture", "  Packets: 3 captured, 90 bytes, 0 missed\n");
	rig_contains(&c.rig, "show logging", "/few: limit reached after 3 packets\n");
	rig_expect(&c.rig, "monitor capture few start", ST_ERR_UNSUPPORTED,
		"% It has come to its end; a new one wants a new file\n");
	protect(&c, 5, KIT_LAN_SRC, PACKET);
	free(rig_answer(&c.rig, "no monitor capture few", ST_OK));
	expect(&c, "few", 3, 30, PACKET);
	rig_expect(&c.rig, "show monitor capture", ST_OK, "There is no capture\n");
	close_rig(&c);
}

/* Nothing before start, nothing after stop, and on again; what was copied before stop is in the file. */
static void
test_start_stop(void)
{
	struct capture_rig c;
	char line[512];

	open_rig(&c);
	snprintf(line, sizeof(line), "monitor capture x stage sa_out file %s/x", c.folder.path);
	rig_expect(&c.rig, line, ST_OK, "Capture x: Inactive, 0 packets\n");
	protect(&c, 2, KIT_LAN_SRC, PACKET);
	rig_expect(&c.rig, "monitor capture x start", ST_OK, "Capture x: Active, 0 packets\n");
	protect(&c, 3, KIT_LAN_SRC, PACKET);
	rig_expect(&c.rig, "monitor capture x stop", ST_OK, "Capture x: Inactive, 3 packets\n");
	protect(&c, 4, KIT_LAN_SRC, PACKET);
	free(rig_answer(&c.rig, "monitor capture x start", ST_OK));
	free(rig_answer(&c.rig, "monitor capture x start", ST_OK)); /* twice is once */
	protect(&c, 1, KIT_LAN_SRC, PACKET);
	snprintf(line, sizeof(line), "Capture x ended: 4 packets, 0 missed, in %s/x\n", c.folder.path);
	rig_expect(&c.rig, "no monitor capture x", ST_OK, line);
	protect(&c, 1, KIT_LAN_SRC, PACKET);
	expect(&c, "x", 4, PACKET, PACKET);
	close_rig(&c);
}

/* Nobody empties the ring: what does not fit is counted, packets go on, and later ones find room again. */
static void
test_ring_full(void)
{
	const unsigned record = sizeof(struct tap_packet) + 1400, fit = TAP_RING_BYTES / record,
		       sent = fit + 500;
	struct found found;
	struct capture_rig c;
	char text[128];

	open_rig(&c);
	capture_begin(&c, "full", "stage sa_out");
	protect(&c, sent, KIT_LAN_SRC, 1400);
	CU_ASSERT_EQUAL(dp_stats(c.rig.g.dp)->tx, sent);
	snprintf(text, sizeof(text), "  Packets: %u captured, %u bytes, 500 missed\n", fit, fit * 1400);
	rig_contains(&c.rig, "show monitor capture", text);
	protect(&c, fit, KIT_LAN_SRC, 1399); /* over the end of the ring, of which records leave something */
	ctrl_captures_turn(c.rig.ctrl);
	protect(&c, fit, KIT_LAN_SRC, 77);
	ctrl_captures_turn(c.rig.ctrl);
	file_read(&c, "full", &found);
	snprintf(text, sizeof(text), "  Packets: %u captured, ", found.n);
	rig_contains(&c.rig, "show monitor capture", text);
	CU_ASSERT(found.n >= 3 * fit - 1 &&
		  found.n <= 3 * fit); /* one may not have found its room in one piece */
	CU_ASSERT_EQUAL(found.bytes, 77);
	close_rig(&c);
}

static void
test_refusals(void)
{
	static const char *const rows[][2] = {
		{"monitor capture x", "% What of it: start, stop, or what is to be captured?\n"},
		{"monitor capture x start", "% There is no capture \"x\"\n"},
		{"no monitor capture x", "% There is no capture \"x\"\n"},
		{"show monitor capture name x", "% There is no capture \"x\"\n"},
		{"monitor capture a/b stage tx file /f",
			"% The name of a capture has 1 to 31 letters, digits, - and _\n"},
		{"monitor capture x file /f", "% A capture wants stage STAGE or port PORT\n"},
		{"monitor capture x stage tx port lan file /f",
			"% A capture wants stage STAGE or port PORT\n"},
		{"monitor capture x port dmz file /f", "% There is no port \"dmz\"; allowed: lan, wan\n"},
		{"monitor capture x stage tx file f",
			"% A capture wants file PATH, and the whole of it: /...\n"},
		{"monitor capture x stage tx", "% A capture wants file PATH, and the whole of it: /...\n"},
		{"monitor capture x stage tx host 1.2.3 file /f", "% \"1.2.3\" is no address\n"},
		{"monitor capture x stage tx proto gre file /f",
			"% proto wants a number from 0 to 255, or icmp, tcp, udp, esp, ah, icmp6, not "
			"\"gre\"\n"},
		{"monitor capture x stage tx limit 0 file /f",
			"% limit wants a number from 1 to 18446744073709551615, not \"0\"\n"},
		{"monitor capture x stage tx bytes 65536 file /f",
			"% bytes wants a number from 1 to 65535, not \"65536\"\n"},
		{"monitor capture x stage tx file /nowhere/f", "% /nowhere/f: No such file or directory\n"},
		{"monitor capture x stage tx file /dev/full",
			"% /dev/full: exists already; a capture makes a file of its own\n"},
	};
	struct capture_rig c;

	open_rig(&c);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *answer;

		CU_ASSERT_NOT_EQUAL(ctrl_run(c.rig.ctrl, rows[i][0], &answer), ST_OK);
		CU_ASSERT_STRING_EQUAL(answer, rows[i][1]);
		free(answer);
	}
	rig_expect(&c.rig, "show monitor capture", ST_OK, "There is no capture\n");
	close_rig(&c);
}

/* The file is the owner's alone, made anew, and not at the other end of a link. */
static void
test_file(void)
{
	char path[RIG_PATH_BYTES], link[RIG_PATH_BYTES], line[1200];
	struct capture_rig c;
	struct stat info;

	open_rig(&c);
	capture_begin(&c, "x", "stage sa_out");
	CU_ASSERT_EQUAL(stat(folder_rig_path(&c.folder, "x", path), &info), 0);
	CU_ASSERT_EQUAL(info.st_mode & 07777, 0600);
	snprintf(line, sizeof(line), "monitor capture y stage tx file %s", path);
	free(rig_answer(&c.rig, line, ST_ERR_EXISTS));
	folder_rig_path(&c.folder, "nowhere", path);
	CU_ASSERT_EQUAL(symlink(path, folder_rig_path(&c.folder, "link", link)), 0);
	snprintf(line, sizeof(line), "monitor capture y stage tx file %s", link);
	free(rig_answer(&c.rig, line, ST_ERR_EXISTS));
	CU_ASSERT(access(path, F_OK) && errno == ENOENT);
	snprintf(line, sizeof(line), "monitor capture x stage tx file %s", path);
	rig_expect(&c.rig, line, ST_ERR_EXISTS, "% There is a capture \"x\"; no monitor capture x ends it\n");
	CU_ASSERT(access(path, F_OK) && errno == ENOENT);
	for (unsigned i = 1; i < 8; i++) {
		snprintf(line, sizeof(line), "c%u", i);
		capture_begin(&c, line, "stage tx");
	}
	snprintf(line, sizeof(line), "monitor capture c8 stage tx file %s", path);
	rig_expect(&c.rig, line, ST_ERR_RANGE, "% There are 8 captures, and there can be no more\n");
	close_rig(&c);
}

/* A file that may not grow: the capture ends and says why, packets go on. */
static void
test_disk_full(void)
{
	struct rlimit before, small;
	struct capture_rig c;

	open_rig(&c);
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){4096, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	capture_begin(&c, "x", "stage sa_out");
	protect(&c, 100, KIT_LAN_SRC, PACKET);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &small), 0);
	ctrl_captures_turn(c.rig.ctrl);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	rig_contains(&c.rig, "show monitor capture", "Status : File too large\n");
	rig_contains(&c.rig, "show logging", "/x: File too large after 100 packets\n");
	protect(&c, 100, KIT_LAN_SRC, PACKET);
	free(rig_answer(&c.rig, "monitor capture x start", ST_ERR_UNSUPPORTED));
	close_rig(&c);
}

static void
test_show(void)
{
	struct capture_rig c;
	char text[1024];
	json_t *json, *row;

	open_rig(&c);
	capture_begin(&c, "x", "port wan out host 192.0.2.1 spi 0x1001 limit 10 bytes 64");
	capture_begin(&c, "y", "stage policy_check");
	protect(&c, 2, KIT_LAN_SRC, PACKET);
	snprintf(text, sizeof(text),
		"Status Information for Capture x\n"
		"  Target Type:\n"
		"   Interface: gw:wan, Direction: out\n"
		"   Status : Active\n"
		"  Filter Details:\n"
		"   host 192.0.2.1\n"
		"   spi 0x1001\n"
		"  File Details:\n"
		"   Associated file name: %s/x\n"
		"  Limit Details:\n"
		"   Number of Packets to capture: 10\n"
		"   Packet Size to capture: 64\n"
		"  Packets: 2 captured, 128 bytes, 0 missed\n",
		c.folder.path);
	rig_expect(&c.rig, "show monitor capture name x", ST_OK, text);
	json = rig_json(&c.rig, "show monitor capture | json");
	row = json_object_get(json, "captures");
	CU_ASSERT_EQUAL(json_array_size(row), 2);
	row = json_array_get(row, 0);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(row, "packets")), 2);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(row, "limit")), 10);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "state")), "Active");
	CU_ASSERT_STRING_EQUAL(
		json_string_value(json_object_get(json_object_get(row, "filter"), "host")), "192.0.2.1");
	json_decref(json);
	close_rig(&c);
}

int
suite_ctrl_capture(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_capture", NULL, NULL);

	return !suite || !CU_add_test(suite, "places", test_places) ||
	       !CU_add_test(suite, "filter", test_filter) || !CU_add_test(suite, "limit", test_limit) ||
	       !CU_add_test(suite, "start and stop", test_start_stop) ||
	       !CU_add_test(suite, "ring full", test_ring_full) ||
	       !CU_add_test(suite, "refusals", test_refusals) || !CU_add_test(suite, "file", test_file) ||
	       !CU_add_test(suite, "disk full", test_disk_full) || !CU_add_test(suite, "show", test_show);
}
