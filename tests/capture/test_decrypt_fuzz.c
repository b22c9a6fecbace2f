/* capture/: no capture and no file of keys, however broken, makes it crash, hang or lose count.  For ASan and
 * UBSan: frames lie in memory of their own length, so that a byte read too many is found. */
#include "capture/decrypt.h"

#include <stdlib.h>

#include "base/rng.h"
#include "tests/capture/capture_rig.h"

int suite_decrypt_fuzz(void);

#define CAPTURES ESPLAB_TESTS "/vectors/captures/"

static const char *const captures[] = {CAPTURES "02-sunrise-sunset-esp.pcap", CAPTURES "espudp1.pcap",
	CAPTURES "isakmp4500.pcap", CAPTURES "OSPFv3_with_AH.pcap"};

/* Rows for every packet there is, with and without ICV, ESN and cipher. */
static const char key_text[] = "\"IPv4\",\"*\",\"192.1.2.45\",\"0x12345678\",\"TripleDES-CBC\","
			       "\"0x4043434545464649494a4a4c4c4f4f51515252545457"
			       "5758\",\"HMAC-MD5-96\",\"0x87658765876587658765876587658765\"\n"
			       "\"Any\",\"*\",\"*\",\"0x*1******\",\"AES-CBC\",\"sixteen letters!\",\"ANY 96 "
			       "bit authentication\",\"\"\n"
			       "\"Any\",\"*\",\"*\",\"0x*3******\",\"AES-GCM with 16 octet ICV\",\"sixteen "
			       "letters!salt\",\"NULL\",\"\",\"64-bit\"\n"
			       "\"Any\",\"*\",\"*\",\"*\",\"NULL\",\"\",\"NULL\",\"\"\n";

static void
keys_make(struct key_set *set)
{
	char message[RIG_MESSAGE_BYTES];
	struct key_sa *ah;

	CU_ASSERT_EQUAL_FATAL(keys_of(key_text, KEY_FORMAT_AUTO, set, message), ST_OK);
	ah = key_set_add(set);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ah);
	ah->proto = ALG_AH;
	strcpy(ah->transform, "ah-sha-hmac");
	ah->auth_key_len = 20;
}

/* A copy that is no byte longer. */
static void
frame_show(struct decrypt *d, int link_type, const uint8_t *data, uint32_t n, const struct decrypt_sink *sink)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct capture_frame frame = {copy, n, n, 0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, data, n);
	CU_ASSERT_EQUAL(decrypt_frame(d, link_type, &frame, sink), ST_OK);
	free(copy);
}

/* Every truncation, then flips of one to four bytes. */
static uint64_t
frame_fuzz(struct decrypt *d, int link_type, const uint8_t *data, uint32_t n, struct rng *rng,
	const struct decrypt_sink *sink)
{
	uint8_t changed[RIG_ROOM];
	uint64_t shown = 0;

	if (n > sizeof(changed))
		n = sizeof(changed);
	for (uint32_t captured = 0; captured <= n; captured++, shown++)
		frame_show(d, link_type, data, captured, sink);
	for (unsigned i = 0; i < 200; i++, shown++) {
		memcpy(changed, data, n);
		for (uint64_t k = rng_u64(rng) % 4 + 1; k; k--)
			changed[rng_u64(rng) % (i % 2 || n < 64 ? n : 64)] = (uint8_t)rng_u64(rng);
		frame_show(d, link_type, changed, n, sink);
	}
	return shown;
}

static void
test_frames(void)
{
	char message[RIG_MESSAGE_BYTES];
	struct rig_log log = {.n = 0};
	struct decrypt_sink sink = {rig_event, rig_inner, &log};
	struct rng rng;
	struct key_set keys;

	rng_init(&rng, 1, "fuzz");
	keys_make(&keys);
	for (unsigned i = 0; i < sizeof(captures) / sizeof(*captures); i++) {
		struct decrypt *d = rig_decrypt(&keys, 64, false);
		struct capture_frame frame;
		struct capture_file *file;
		uint64_t shown = 0, counted = 0;

		CU_ASSERT_EQUAL_FATAL(capture_file_open(captures[i], &file, message, sizeof(message)), ST_OK);
		while (capture_file_next(file, &frame, message, sizeof(message)) == 1)
			shown += frame_fuzz(
				d, capture_file_link_type(file), frame.data, frame.captured, &rng, &sink);
		for (unsigned k = 0; k < CAPTURE_KIND_COUNT; k++)
			counted += decrypt_totals(d)->kinds[k];
		CU_ASSERT_TRUE(shown > 1000);
		CU_ASSERT_EQUAL(counted, shown);
		CU_ASSERT_EQUAL(decrypt_totals(d)->frames, shown);
		capture_file_close(file);
		decrypt_destroy(d);
	}
	CU_ASSERT_TRUE(log.inners > 100);
	key_set_fini(&keys);
}

/* Files of keys with bytes changed or cut off: read or refused, with a message of one line. */
static void
test_keys(void)
{
	static const char *const texts[] = {key_text,
		"# x\n0x12345678@192.1.2.45 "
		"3des-cbc-hmac96:0x4043434545464649494a4a4c4c4f4f515152525454575758\n"
		"aes-cbc:sixteen letters!\nikev2 I 0x01 0x02 a b\n"};
	char text[1024], message[RIG_MESSAGE_BYTES];
	struct key_set set;
	struct rng rng;
	unsigned good = 0;

	rng_init(&rng, 2, "fuzz");
	for (unsigned i = 0; i < 3000; i++) {
		size_t n = strlen(strcpy(text, texts[i % 2]));
		enum status status;

		for (uint64_t k = rng_u64(&rng) % 3; k; k--)
			text[rng_u64(&rng) % n] = (char)(rng_u64(&rng) % 127 + 1);
		if (i % 3 == 0)
			text[rng_u64(&rng) % n] = '\0';
		status = keys_of(text, i % 2 ? KEY_FORMAT_TCPDUMP : KEY_FORMAT_ESP_SA, &set, message);
		CU_ASSERT_TRUE(status == ST_OK || status == ST_ERR_CONFIG);
		CU_ASSERT_EQUAL(status == ST_OK, message[0] == '\0');
		CU_ASSERT_EQUAL(status == ST_OK, set.n > 0);
		good += status == ST_OK;
		key_set_fini(&set);
	}
	CU_ASSERT_TRUE(good > 300 && good < 2700);
}

/* A capture file that is damaged anywhere: an error or fewer packets, and no more than that. */
static void
test_files(void)
{
	char path[RIG_PATH_BYTES], message[RIG_MESSAGE_BYTES];
	struct folder_rig folder;
	uint8_t bytes[4096];
	FILE *in = fopen(captures[0], "rb");
	struct rng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	size_t n = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	folder_rig_open(&folder);
	folder_rig_path(&folder, "x.pcap", path);
	rng_init(&rng, 3, "fuzz");
	for (unsigned i = 0; i < 600; i++) {
		struct capture_frame frame;
		struct capture_file *file;
		uint8_t changed[sizeof(bytes)];
		unsigned frames = 0;
		FILE *out = fopen(path, "wb");

		memcpy(changed, bytes, n);
		for (uint64_t k = rng_u64(&rng) % 4; k; k--)
			changed[rng_u64(&rng) % (i % 2 ? n : 64)] = (uint8_t)rng_u64(&rng);
		fwrite(changed, 1, i % 3 ? n : rng_u64(&rng) % n, out);
		fclose(out);
		if (capture_file_open(path, &file, message, sizeof(message)) != ST_OK)
			continue;
		while (capture_file_next(file, &frame, message, sizeof(message)) == 1)
			frames++;
		CU_ASSERT_TRUE(frames <= 8);
		capture_file_close(file);
	}
	folder_rig_close(&folder);
}

int
suite_decrypt_fuzz(void)
{
	CU_pSuite s = CU_add_suite("decrypt_fuzz", NULL, NULL);

	if (!s || !CU_add_test(s, "frames", test_frames) || !CU_add_test(s, "files of keys", test_keys) ||
		!CU_add_test(s, "capture files", test_files))
		return (int)CU_get_error();
	return 0;
}
