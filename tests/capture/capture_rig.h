/* What the tests of captures share: files of keys, packets that the datapath's codec makes, and what
 * decrypting says of them.  Whether the codec itself is right: tests/dataplane/ipsec, and the scenarios with
 * scapy. */
#ifndef TESTS_CAPTURE_CAPTURE_RIG_H
#define TESTS_CAPTURE_CAPTURE_RIG_H

#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "capture/capture_file.h"
#include "capture/decrypt.h"
#include "dataplane/ipsec/ipsec.h"
#include "lab/hooks.h"
#include "tests/lab/folder_rig.h"

#define RIG_FRONT 256u
#define RIG_ROOM 2048u
#define RIG_EVENTS 64u
#define RIG_MESSAGE_BYTES 4096u

/* Text into a file of the folder; reads it as keys. */
static inline enum status
keys_of(const char *text, enum key_format format, struct key_set *set, char message[RIG_MESSAGE_BYTES])
{
	char path[RIG_PATH_BYTES];
	struct folder_rig folder;
	enum status status;
	FILE *file;

	folder_rig_open(&folder);
	file = fopen(folder_rig_path(&folder, "keys", path), "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
	message[0] = '\0';
	status = key_set_read(path, format, lab_hooks(), set, message, RIG_MESSAGE_BYTES);
	folder_rig_close(&folder);
	return status;
}

/* What decrypting told. */
struct rig_log {
	struct decrypt_event event[RIG_EVENTS];
	unsigned n, inners;
	uint32_t inner_len;
	uint8_t inner[RIG_ROOM];
};

static inline void
rig_event(void *ctx, const struct decrypt_event *event)
{
	struct rig_log *log = ctx;

	if (log->n < RIG_EVENTS)
		log->event[log->n++] = *event;
}

static inline void
rig_inner(void *ctx, uint64_t time_ns, const uint8_t *ip, uint32_t len)
{
	struct rig_log *log = ctx;

	(void)time_ns;
	log->inners++;
	log->inner_len = len;
	if (len <= RIG_ROOM)
		memcpy(log->inner, ip, len);
}

/* One frame of raw IP, `captured` bytes of it; the log begins anew. */
static inline const struct decrypt_event *
rig_show(struct decrypt *decrypt, const uint8_t *ip, uint32_t captured, struct rig_log *log)
{
	struct decrypt_sink sink = {rig_event, rig_inner, log};
	struct capture_frame frame = {ip, captured, captured, 1};

	*log = (struct rig_log){.n = 0};
	CU_ASSERT_EQUAL_FATAL(decrypt_frame(decrypt, DLT_RAW, &frame, &sink), ST_OK);
	CU_ASSERT_TRUE_FATAL(log->n > 0);
	return &log->event[0];
}

static inline struct decrypt *
rig_decrypt(struct key_set *keys, uint32_t window, bool esn)
{
	struct decrypt_options options = {window, esn, {{4500}, 1}};
	struct decrypt *decrypt;
	char message[RIG_MESSAGE_BYTES];

	CU_ASSERT_EQUAL_FATAL(decrypt_create(keys, &options, &decrypt, message, sizeof(message)), ST_OK);
	return decrypt;
}

/* An SA that protects, and the same as a row of keys. */
struct rig_sa {
	struct cfg_sa cfg;
	struct cfg_engine engine_cfg;
	struct engine *engine;
	struct sa *sa;
	char transform[64];
};

static inline void
rig_sa_open(struct rig_sa *rig, const char *words, bool v6, enum cfg_mode mode, bool natt, bool esn)
{
	struct ip_addr src6 = {UINT64_C(0x20010db800000000), 1}, dst6 = {UINT64_C(0x20010db800000000), 2};
	struct transform t;
	char message[RIG_MESSAGE_BYTES];

	*rig = (struct rig_sa){.engine_cfg = {.name = "ipsec_mb", .kind = "ipsec_mb"}};
	CU_ASSERT_EQUAL_FATAL(transform_parse(words, &t, message, sizeof(message)), ST_OK);
	snprintf(rig->transform, sizeof(rig->transform), "%s", words);
	rig->cfg = (struct cfg_sa){.name = "rig",
		.direction = CFG_OUT,
		.spi = 0x1001,
		.transform = rig->transform,
		.src = v6 ? src6 : IP_V4(0xc0000201),
		.dst = v6 ? dst6 : IP_V4(0xc0000202),
		.key_len = t.key_len,
		.auth_key_len = t.auth_key_len,
		.esn = esn,
		.first_seq = 1,
		.dscp = -1,
		.ttl = 64,
		.mode = mode,
		.natt = natt,
		.align4 = true};
	for (unsigned i = 0; i < CFG_KEY_MAX; i++) {
		rig->cfg.key[i] = (uint8_t)(i * 7 + 3);
		rig->cfg.auth_key[i] = (uint8_t)(i * 5 + 0x61);
	}
	CU_ASSERT_EQUAL_FATAL(engine_create(&rig->engine_cfg, &rig->engine, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL_FATAL(
		sa_create(&rig->cfg, 0, rig->engine, &rig->sa, message, sizeof(message)), ST_OK);
}

static inline void
rig_sa_close(struct rig_sa *rig)
{
	sa_destroy(rig->sa, rig->engine);
	engine_destroy(rig->engine);
}

/* Its keys, behind those that the set has. */
static inline struct key_sa *
rig_key(const struct rig_sa *rig, struct key_set *set)
{
	struct key_sa *key = key_set_add(set);

	CU_ASSERT_PTR_NOT_NULL_FATAL(key);
	key->proto = rig->sa->transform.proto;
	key->src = (struct key_address){rig->cfg.src, {UINT64_MAX, UINT64_MAX}, false};
	key->dst = (struct key_address){rig->cfg.dst, {UINT64_MAX, UINT64_MAX}, false};
	key->spi = rig->cfg.spi;
	key->spi_mask = UINT32_MAX;
	snprintf(key->transform, sizeof(key->transform), "%s", rig->transform);
	memcpy(key->key, rig->cfg.key, rig->cfg.key_len);
	memcpy(key->auth_key, rig->cfg.auth_key, rig->cfg.auth_key_len);
	key->key_len = rig->cfg.key_len;
	key->auth_key_len = rig->cfg.auth_key_len;
	key->esn = rig->cfg.esn;
	return key;
}

/* An UDP packet between the ends of the SA, of either family, with a good IPv4 checksum. */
static inline void
rig_packet(const struct rig_sa *rig, bool v6, uint8_t *ip, uint32_t bytes)
{
	uint32_t head = v6 ? 40 : 20;
	struct ip_addr any = {UINT64_C(0x20010db800000000), 9};

	memset(ip, 0, head);
	for (uint32_t i = head; i < bytes; i++)
		ip[i] = (uint8_t)(i * 3);
	if (v6) {
		ip[0] = 0x60;
		store_be16(ip + 4, (uint16_t)(bytes - head));
		ip[6] = 17;
		ip[7] = 64;
		ip_store6(ip + 8, ip_is_v4(rig->cfg.src) ? any : rig->cfg.src);
		ip_store6(ip + 24, ip_is_v4(rig->cfg.dst) ? any : rig->cfg.dst);
	} else {
		ip[0] = 0x45;
		store_be16(ip + 2, (uint16_t)bytes);
		ip[8] = 64;
		ip[9] = 17;
		ip_store4(ip + 12, ip_is_v4(rig->cfg.src) ? rig->cfg.src : IP_V4(0x0a000001));
		ip_store4(ip + 16, ip_is_v4(rig->cfg.dst) ? rig->cfg.dst : IP_V4(0x0a000002));
		ipv4_checksum_set(ip, 20);
	}
	store_be16(ip + head + 4, (uint16_t)(bytes - head));
	store_be16(ip + head + 6, 0); /* no checksum, so that nobody mends it */
}

/* Protects ip into out (RIG_FRONT bytes before it and RIG_ROOM behind); returns its length. */
static inline uint32_t
rig_seal(struct rig_sa *rig, const uint8_t *ip, uint32_t bytes, uint64_t seq, uint8_t *out)
{
	uint32_t stay = ipsec_stay(rig->sa, ip, bytes), len = ipsec_outer_len(&rig->sa->size, bytes, stay);
	struct crypto_op op = {0}, *done = &op;

	memcpy(out + rig->sa->size.front, ip, bytes);
	ipsec_protect(rig->sa, out, bytes, seq, &op);
	CU_ASSERT_EQUAL_FATAL(rig->engine->ops->submit(rig->engine, &done, 1, 0), 1);
	CU_ASSERT_EQUAL_FATAL(rig->engine->ops->poll(rig->engine, &done, 1, 0), 1);
	CU_ASSERT_EQUAL_FATAL(op.result, CRYPTO_OK);
	if (rig->sa->finishes)
		ipsec_finish(rig->sa, out, len, &op);
	return len;
}

#endif
