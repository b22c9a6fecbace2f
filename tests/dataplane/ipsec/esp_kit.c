/* The tools of the ESP tests: SAs, packets, guard pages.  The second ESP stands in esp_ref.c.
 * Lets CUnit fail where the tools themselves cannot work; tests nothing. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "tests/dataplane/ipsec/esp_kit.h"

void
esp_kit_init(struct kit *kit, const struct kit_transform *t, bool esn)
{
	static const struct cfg_engine engine = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	char message[256];
	struct cfg_sa *cfg = &kit->out_cfg;

	memset(kit, 0, sizeof(*kit));
	kit->t = t;
	cfg->name = "test";
	cfg->direction = CFG_OUT;
	cfg->spi = KIT_SPI;
	cfg->src = ip_v4(KIT_SRC);
	cfg->dst = ip_v4(KIT_DST);
	cfg->transform = t->words;
	for (unsigned i = 0; i < CFG_KEY_MAX; i++) {
		cfg->key[i] = (uint8_t)(i * 7 + 3);
		cfg->auth_key[i] = (uint8_t)(i * 5 + 0x61);
	}
	cfg->key_len = t->key + t->salt;
	cfg->auth_key_len = t->auth_key;
	cfg->esn = esn;
	cfg->first_seq = 1;
	cfg->df = CFG_DF_COPY;
	cfg->dscp = -1;
	cfg->ttl = 64;
	kit->in_cfg = *cfg;
	kit->in_cfg.direction = CFG_IN;
	kit->in_cfg.window = 64;
	kit->in_cfg.replay = "bitmap";
	CU_ASSERT_FATAL(engine_create(&engine, &kit->engine, message, sizeof(message)) == ST_OK);
}

void
kit_start(struct kit *kit)
{
	char message[256];

	CU_ASSERT_FATAL(sa_create(&kit->out_cfg, 0, kit->engine, &kit->out,
			message, sizeof(message)) == ST_OK);
	CU_ASSERT_FATAL(sa_create(&kit->in_cfg, 1, kit->engine, &kit->in,
			message, sizeof(message)) == ST_OK);
}

void
esp_kit_fini(struct kit *kit)
{
	sa_destroy(kit->out, kit->engine);
	sa_destroy(kit->in, kit->engine);
	engine_destroy(kit->engine);
}

const struct kit_transform *
kit_find(const char *words)
{
	for (unsigned i = 0; i < kit_transform_count; i++)
		if (!strcmp(kit_transforms[i].words, words))
			return &kit_transforms[i];
	CU_FAIL_FATAL("no such transform");
	return NULL;
}

void
kit_each(void (*test)(struct kit *kit))
{
	struct kit kit;

	for (unsigned i = 0; i < 2 * kit_transform_count; i++) {
		esp_kit_init(&kit, &kit_transforms[i / 2], i & 1);
		kit_start(&kit);
		test(&kit);
		esp_kit_fini(&kit);
	}
}

uint8_t
kit_run(struct kit *kit, struct crypto_op *op)
{
	struct crypto_op *done = NULL;

	CU_ASSERT_FATAL(kit->engine->ops->submit(kit->engine, &op, 1, 0) == 1);
	while (!kit->engine->ops->poll(kit->engine, &done, 1, 0))
		;
	CU_ASSERT_PTR_EQUAL(done, op);
	return op->result;
}

void
kit_inner(uint8_t *ip, uint32_t len, uint8_t tos, uint16_t fragment)
{
	const uint8_t header[] = {0x45, tos, (uint8_t)(len >> 8), (uint8_t)len, 0x12, 0x34,
		(uint8_t)(fragment >> 8), (uint8_t)fragment, 61, 17, 0, 0, 10, 1, 0, 5, 10, 2, 0, 7};
	uint16_t sum;

	memcpy(ip, header, sizeof(header));
	for (uint32_t i = sizeof(header); i < len; i++)
		ip[i] = (uint8_t)(i * 31 + len);
	sum = kit_checksum(ip, 20);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

uint16_t
kit_checksum(const uint8_t *ip, uint32_t header_len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < header_len; i += 2)
		if (i != 10)
			sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(0xffff - sum);
}

bool
kit_checksum_good(const uint8_t *ip)
{
	return (ip[10] << 8 | ip[11]) == kit_checksum(ip, (ip[0] & 15) * 4);
}

uint32_t
kit_trailer(uint8_t *p, uint8_t pad, uint8_t next_header)
{
	for (uint32_t i = 0; i < pad; i++)
		p[i] = (uint8_t)(i + 1);
	p[pad] = pad;
	p[pad + 1] = next_header;
	return pad + 2u;
}

struct kit_verdict
kit_receive(struct kit *kit, uint8_t *packet, uint32_t len, uint64_t seq)
{
	struct kit_verdict v = {.crypto = CRYPTO_FAILED};
	struct crypto_op op;

	v.open = ipsec_open(kit->in, packet, len, kit_at(packet), seq, &op);
	if (v.open != DROP_NONE)
		return v;
	v.crypto = kit_run(kit, &op);
	if (v.crypto == CRYPTO_OK)
		v.decap = kit_decap(kit->in, packet, len, &v.inner);
	return v;
}

void
guard_init(struct guard *guard, size_t room)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	guard->room = (room + page - 1) / page * page;
	guard->map_bytes = guard->room + 2 * page;
	guard->map = mmap(NULL, guard->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_FATAL(guard->map != MAP_FAILED);
	CU_ASSERT_FATAL(mprotect(guard->map + page, guard->room, PROT_READ | PROT_WRITE) == 0);
}

void
guard_fini(struct guard *guard)
{
	munmap(guard->map, guard->map_bytes);
}

uint8_t *
guard_front(const struct guard *guard)
{
	return guard->map + (guard->map_bytes - guard->room) / 2;
}

uint8_t *
guard_back(const struct guard *guard, size_t n)
{
	return guard_front(guard) + guard->room - n;
}
