/* capture/decrypt: packets of every transform, mode and family; ICV, replay verdicts, ESN, layers in layers;
 * and captures that others made. */
#include "capture/decrypt.h"

#include "tests/capture/capture_rig.h"

int suite_decrypt(void);

#define CAPTURES ESPLAB_TESTS "/vectors/captures/"

/* ---- what the codec makes ---- */

static void
check_trip(const char *words, bool v6, enum cfg_mode mode, bool natt, bool inner6)
{
	uint8_t ip[200], out[RIG_FRONT + RIG_ROOM];
	struct key_set keys = {0};
	struct rig_log log;
	struct rig_sa rig;

	rig_sa_open(&rig, words, v6, mode, natt, false);
	rig_key(&rig, &keys);
	struct decrypt *d = rig_decrypt(&keys, 64, false);
	for (uint32_t bytes = 64; bytes < 84; bytes++) {
		rig_packet(&rig, inner6, ip, bytes);
		uint32_t len = rig_seal(&rig, ip, bytes, bytes, out + RIG_FRONT);
		const struct decrypt_event *event = rig_show(d, out + RIG_FRONT, len, &log);

		CU_ASSERT_EQUAL(event->kind, CAPTURE_OPENED);
		CU_ASSERT_EQUAL(event->seq, bytes);
		CU_ASSERT_EQUAL(event->found.natt, natt);
		CU_ASSERT_EQUAL(event->icv, rig.sa->authenticated ? VERDICT_ICV_GOOD : VERDICT_ICV_NONE);
		CU_ASSERT_EQUAL(
			event->replay, rig.sa->authenticated ? VERDICT_REPLAY_ACCEPTED : VERDICT_REPLAY_NONE);
		CU_ASSERT_EQUAL(log.inners, 1);
		CU_ASSERT_EQUAL_FATAL(log.inner_len, bytes);
		CU_ASSERT_EQUAL(memcmp(log.inner, ip, bytes), 0);
	}
	CU_ASSERT_EQUAL(decrypt_totals(d)->kinds[CAPTURE_OPENED], 20);
	decrypt_destroy(d);
	key_set_fini(&keys);
	rig_sa_close(&rig);
}

static void
check_words(const char *words)
{
	struct transform t;
	char message[1024];

	if (transform_parse(words, &t, message, sizeof(message)) != ST_OK)
		return;
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned natt = 0; natt < (t.proto == ALG_AH ? 1u : 2u); natt++) {
			check_trip(words, v6, CFG_MODE_TUNNEL, natt, false);
			check_trip(words, v6, CFG_MODE_TUNNEL, natt, true);
			check_trip(words, v6, CFG_MODE_TRANSPORT, natt, v6);
		}
}

static void
test_transforms(void)
{
	char words[128];

	for (unsigned c = 0; c < ALG_CIPHER_COUNT; c++) {
		snprintf(words, sizeof(words), "%.*s%s", (int)strcspn(alg_cipher_info[c].ios, "|"),
			alg_cipher_info[c].ios, alg_cipher_info[c].icv ? "" : " esp-sha-hmac");
		check_words(words);
	}
	for (unsigned a = 1; a < ALG_AUTH_COUNT; a++) {
		snprintf(words, sizeof(words), "esp-aes 128 %s", alg_auth_info[a].esp);
		check_words(words);
		check_words(alg_auth_info[a].ah);
	}
	check_words("esp-aes 256");
	check_words("esp-3des");
}

/* AH padded as RFC 4302 says and as old Linux does, whatever the keys say. */
static void
test_ah_padding(void)
{
	uint8_t ip[100], out[RIG_FRONT + RIG_ROOM];
	struct key_set keys = {0};
	struct rig_log log;
	struct rig_sa rig;

	rig_sa_open(&rig, "ah-sha256-hmac", false, CFG_MODE_TUNNEL, false, false);
	sa_destroy(rig.sa, rig.engine);
	rig.cfg.align4 = false;
	CU_ASSERT_EQUAL_FATAL(sa_create(&rig.cfg, 0, rig.engine, &rig.sa, (char[256]){0}, 256), ST_OK);
	rig_key(&rig, &keys)->align4 = true;
	struct decrypt *d = rig_decrypt(&keys, 64, false);
	rig_packet(&rig, false, ip, sizeof(ip));
	uint32_t len = rig_seal(&rig, ip, sizeof(ip), 1, out + RIG_FRONT);

	CU_ASSERT_EQUAL(len, 100 + 20 + 32);
	CU_ASSERT_EQUAL(rig_show(d, out + RIG_FRONT, len, &log)->icv, VERDICT_ICV_GOOD);
	decrypt_destroy(d);
	key_set_fini(&keys);
	rig_sa_close(&rig);
}

/* ---- verdicts ---- */

static void
test_verdicts(void)
{
	static const struct {
		uint64_t seq;
		enum capture_replay replay;
		int64_t lag;
	} rows[] = {{5, VERDICT_REPLAY_ACCEPTED, -5}, {5, VERDICT_REPLAY_DUPLICATE, 0},
		{1, VERDICT_REPLAY_ACCEPTED, 4}, {1, VERDICT_REPLAY_DUPLICATE, 4},
		{9, VERDICT_REPLAY_ACCEPTED, -4}, {1, VERDICT_REPLAY_OLD, 8}, {2, VERDICT_REPLAY_ACCEPTED, 7},
		{1000, VERDICT_REPLAY_ACCEPTED, -991}, {992, VERDICT_REPLAY_OLD, 8},
		{993, VERDICT_REPLAY_ACCEPTED, 7}};
	uint8_t ip[100], out[RIG_FRONT + RIG_ROOM];
	struct key_set keys = {0};
	struct rig_log log;
	struct rig_sa rig;
	unsigned n;

	rig_sa_open(&rig, "esp-gcm 128", false, CFG_MODE_TUNNEL, false, false);
	rig_key(&rig, &keys);
	struct decrypt *d = rig_decrypt(&keys, 8, false);
	rig_packet(&rig, false, ip, sizeof(ip));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t len = rig_seal(&rig, ip, sizeof(ip), rows[i].seq, out + RIG_FRONT);
		const struct decrypt_event *event = rig_show(d, out + RIG_FRONT, len, &log);

		CU_ASSERT_EQUAL(event->replay, rows[i].replay);
		CU_ASSERT_EQUAL(event->lag, rows[i].lag);
		CU_ASSERT_EQUAL(event->window, 8);
		/* a forged packet far ahead is told, and moves nothing */
		len = rig_seal(&rig, ip, sizeof(ip), rows[i].seq + 100000, out + RIG_FRONT);
		out[RIG_FRONT + 40] ^= 1;
		event = rig_show(d, out + RIG_FRONT, len, &log);
		CU_ASSERT_EQUAL(event->kind, CAPTURE_ICV_BAD);
		CU_ASSERT_EQUAL(event->replay, VERDICT_REPLAY_NONE);
		CU_ASSERT_EQUAL(log.inners, 0);
	}
	const struct decrypt_sa *sas = decrypt_sas(d, &n);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_EQUAL(sas[0].packets, 20);
	CU_ASSERT_EQUAL(sas[0].icv[VERDICT_ICV_BAD], 10);
	CU_ASSERT_EQUAL(sas[0].replay[VERDICT_REPLAY_ACCEPTED], 6);
	CU_ASSERT_EQUAL(sas[0].lag_max, 8);
	decrypt_destroy(d);
	key_set_fini(&keys);
	rig_sa_close(&rig);
}

/* The upper half is not sent: across its change, behind the window, and in a capture that begins anywhere. */
static void
check_esn(const char *words)
{
	static const struct {
		uint64_t seq;
		enum capture_replay replay;
	} rows[] = {{UINT64_C(0x2fffffffe), VERDICT_REPLAY_ACCEPTED},
		{UINT64_C(0x300000001), VERDICT_REPLAY_ACCEPTED},
		{UINT64_C(0x2ffffffff), VERDICT_REPLAY_ACCEPTED},
		{UINT64_C(0x300000001), VERDICT_REPLAY_DUPLICATE},
		{UINT64_C(0x300010000), VERDICT_REPLAY_ACCEPTED}, {UINT64_C(0x300000002), VERDICT_REPLAY_OLD},
		{UINT64_C(0x3f0000000), VERDICT_REPLAY_ACCEPTED},
		{UINT64_C(0x400000005), VERDICT_REPLAY_ACCEPTED}};
	uint8_t ip[100], out[RIG_FRONT + RIG_ROOM];
	struct key_set keys = {0};
	struct rig_log log;
	struct rig_sa rig;

	rig_sa_open(&rig, words, false, CFG_MODE_TUNNEL, false, true);
	rig_key(&rig, &keys)->esn = false;
	struct decrypt *d = rig_decrypt(&keys, 64, true);
	rig_packet(&rig, false, ip, sizeof(ip));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t len = rig_seal(&rig, ip, sizeof(ip), rows[i].seq, out + RIG_FRONT);
		const struct decrypt_event *event = rig_show(d, out + RIG_FRONT, len, &log);

		CU_ASSERT_EQUAL(event->icv, VERDICT_ICV_GOOD);
		CU_ASSERT_EQUAL(event->seq, rows[i].seq);
		CU_ASSERT_EQUAL(event->replay, rows[i].replay);
		CU_ASSERT_EQUAL(log.inner_len, sizeof(ip));
		CU_ASSERT_EQUAL(memcmp(log.inner, ip, sizeof(ip)), 0);
	}
	decrypt_destroy(d);
	key_set_fini(&keys);
	rig_sa_close(&rig);
}

static void
test_esn(void)
{
	check_esn("esp-gcm 256");
	check_esn("esp-aes 128 esp-sha-hmac");
	check_esn("ah-sha256-hmac");
}

/* ---- layers ---- */

static void
test_ah_over_esp(void)
{
	uint8_t ip[100], middle[RIG_FRONT + RIG_ROOM], out[RIG_FRONT + RIG_ROOM];
	struct key_set keys = {0};
	struct rig_sa ah, esp;
	struct rig_log log;

	rig_sa_open(&esp, "esp-aes 128", false, CFG_MODE_TUNNEL, false, false);
	rig_sa_open(&ah, "ah-sha-hmac", false, CFG_MODE_TRANSPORT, false, false);
	rig_key(&ah, &keys);
	rig_key(&esp, &keys);
	struct decrypt *d = rig_decrypt(&keys, KEY_WINDOW_UNKNOWN, false);
	rig_packet(&esp, false, ip, sizeof(ip));
	uint32_t len = rig_seal(&esp, ip, sizeof(ip), 3, middle + RIG_FRONT);
	len = rig_seal(&ah, middle + RIG_FRONT, len, 4, out + RIG_FRONT);
	rig_show(d, out + RIG_FRONT, len, &log);

	CU_ASSERT_EQUAL_FATAL(log.n, 2);
	CU_ASSERT_EQUAL(log.event[0].found.proto, ALG_AH);
	CU_ASSERT_EQUAL(log.event[0].icv, VERDICT_ICV_GOOD);
	CU_ASSERT_EQUAL(log.event[1].found.proto, ALG_ESP);
	CU_ASSERT_EQUAL(log.event[1].depth, 1);
	CU_ASSERT_EQUAL(log.event[1].icv, VERDICT_ICV_NONE);
	CU_ASSERT_EQUAL(log.inners, 1);
	CU_ASSERT_EQUAL_FATAL(log.inner_len, sizeof(ip));
	CU_ASSERT_EQUAL(memcmp(log.inner, ip, sizeof(ip)), 0);
	CU_ASSERT_EQUAL(decrypt_totals(d)->kinds[CAPTURE_OPENED], 1);
	CU_ASSERT_EQUAL(decrypt_totals(d)->nested[CAPTURE_OPENED], 1);
	decrypt_destroy(d);
	key_set_fini(&keys);
	rig_sa_close(&ah);
	rig_sa_close(&esp);
}

/* What is not captured whole is told so, with SPI and number where they are there; so is what has no key. */
static void
test_partial(void)
{
	uint8_t ip[100], out[RIG_FRONT + RIG_ROOM];
	struct key_set keys = {0};
	struct rig_log log;
	struct rig_sa rig;

	rig_sa_open(&rig, "esp-gcm 128", false, CFG_MODE_TUNNEL, false, false);
	rig_key(&rig, &keys);
	struct decrypt *d = rig_decrypt(&keys, 64, false);
	rig_packet(&rig, false, ip, sizeof(ip));
	uint32_t len = rig_seal(&rig, ip, sizeof(ip), 7, out + RIG_FRONT);
	for (uint32_t captured = 0; captured < len; captured++) {
		const struct decrypt_event *event = rig_show(d, out + RIG_FRONT, captured, &log);

		CU_ASSERT_EQUAL(event->kind, captured < 20 ? CAPTURE_NO_IP : CAPTURE_TRUNCATED);
		CU_ASSERT_EQUAL(event->found.spi, captured < 28 ? 0 : 0x1001);
		CU_ASSERT_EQUAL(event->seq, captured < 28 ? 0 : 7);
	}
	out[RIG_FRONT + 23] ^= 2;
	CU_ASSERT_EQUAL(rig_show(d, out + RIG_FRONT, len, &log)->kind, CAPTURE_NO_SA);
	CU_ASSERT_EQUAL(decrypt_totals(d)->kinds[CAPTURE_TRUNCATED], len - 20);
	CU_ASSERT_EQUAL(decrypt_totals(d)->frames, len + 1);
	decrypt_destroy(d);
	key_set_fini(&keys);
	rig_sa_close(&rig);
}

/* ---- captures that others made ---- */

static void
check_capture(const char *capture, const char *key_file, enum capture_icv icv, bool natt)
{
	char message[RIG_MESSAGE_BYTES];
	struct capture_frame frame;
	struct capture_file *file;
	struct key_set keys;
	struct rig_log log = {.n = 0};
	struct decrypt_sink sink = {rig_event, rig_inner, &log};

	CU_ASSERT_EQUAL_FATAL(
		key_set_read(key_file, KEY_FORMAT_AUTO, lab_hooks(), &keys, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL_FATAL(capture_file_open(capture, &file, message, sizeof(message)), ST_OK);
	struct decrypt *d = rig_decrypt(&keys, 64, false);
	while (capture_file_next(file, &frame, message, sizeof(message)) == 1)
		CU_ASSERT_EQUAL(decrypt_frame(d, capture_file_link_type(file), &frame, &sink), ST_OK);
	CU_ASSERT_EQUAL(decrypt_totals(d)->frames, 8);
	CU_ASSERT_EQUAL(decrypt_totals(d)->kinds[CAPTURE_OPENED], 8);
	CU_ASSERT_EQUAL(decrypt_totals(d)->icv[icv], 8);
	CU_ASSERT_EQUAL_FATAL(log.inners, 8);
	for (unsigned i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(log.event[i].seq, i + 1);
		CU_ASSERT_EQUAL(log.event[i].found.natt, natt);
	}
	/* the last of eight echo requests from 192.0.2.1 to 192.0.1.1 */
	CU_ASSERT_EQUAL_FATAL(log.inner_len, 84);
	CU_ASSERT_EQUAL(log.inner[9], 1);
	CU_ASSERT_EQUAL(load_be32(log.inner + 12), 0xc0000201);
	CU_ASSERT_EQUAL(load_be32(log.inner + 16), 0xc0000101);
	CU_ASSERT_EQUAL(log.inner[20], 8);
	decrypt_destroy(d);
	capture_file_close(file);
	key_set_fini(&keys);
}

static void
test_captures(void)
{
	check_capture(
		CAPTURES "02-sunrise-sunset-esp.pcap", CAPTURES "sunrise.esp_sa", VERDICT_ICV_GOOD, false);
	check_capture(CAPTURES "02-sunrise-sunset-esp.pcap", CAPTURES "sunrise.tcpdump",
		VERDICT_ICV_UNCHECKED, false);
	check_capture(CAPTURES "espudp1.pcap", CAPTURES "sunrise.esp_sa", VERDICT_ICV_GOOD, true);
	check_capture(CAPTURES "espudp1.pcap", CAPTURES "sunrise.tcpdump", VERDICT_ICV_UNCHECKED, true);
}

int
suite_decrypt(void)
{
	CU_pSuite s = CU_add_suite("decrypt", NULL, NULL);

	if (!s || !CU_add_test(s, "every transform, mode and family", test_transforms) ||
		!CU_add_test(s, "AH padded either way", test_ah_padding) ||
		!CU_add_test(s, "replay verdicts; forged packets move nothing", test_verdicts) ||
		!CU_add_test(s, "extended sequence numbers", test_esn) ||
		!CU_add_test(s, "AH over ESP", test_ah_over_esp) ||
		!CU_add_test(s, "partial packets and unknown SPIs", test_partial) ||
		!CU_add_test(s, "captures of tcpdump's test suite", test_captures))
		return (int)CU_get_error();
	return 0;
}
