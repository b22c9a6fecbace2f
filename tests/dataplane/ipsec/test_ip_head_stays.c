/* ip_head_all() and ip_head_stays(): every chain of up to four extension headers, cut at every byte against a
 * page that faults; fragments; IPv4 with options.  And the checksum of the transport protocols. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/ip_head.h"
#include "tests/dataplane/ipsec/esp_kit.h"

int suite_ip_head_stays(void);

#define CHAIN_MAX 4u

static const uint8_t extensions[3] = {0, 43, 60};
static const uint8_t uppers[] = {6, 17, 41, 44, 50, 51, 58, 59, 135, 255};

/* A chain as it was built, so that nothing has to be walked to know where it ends. */
struct chain {
	uint8_t ip[40 + CHAIN_MAX * 24 + 8];
	uint32_t len; /* with the extensions, without the upper layer */
	uint32_t next_at, stays_len, stays_next_at;
	uint8_t upper;
};

/* `which` is a number of CHAIN_MAX digits to base 3, of which n count; lengths vary with the place. */
static void
chain_build(struct chain *c, unsigned which, unsigned n, uint8_t upper)
{
	memset(c, 0, sizeof(*c));
	c->ip[0] = 0x60;
	c->len = c->stays_len = 40;
	c->next_at = c->stays_next_at = 6;
	c->upper = upper;
	for (unsigned i = 0; i < n; i++, which /= 3) {
		uint8_t proto = extensions[which % 3];
		uint32_t bytes = 8 * (1 + i % 3);

		c->ip[c->next_at] = proto;
		c->next_at = c->len;
		c->ip[c->len + 1] = (uint8_t)(bytes / 8 - 1);
		c->len += bytes;
		if (proto == 60) /* RFC 4303 §3.1.1: goes inside, unless something follows that stays */
			continue;
		c->stays_len = c->len;
		c->stays_next_at = c->next_at;
	}
	c->ip[c->next_at] = upper;
}

static void
chain_check(const struct guard *guard, const struct chain *c)
{
	struct ip_head head;
	bool fragment = c->upper == 44;
	uint8_t *p;

	for (uint32_t n = 0; n < c->len; n++) {
		p = guard_back(guard, n);
		memcpy(p, c->ip, n);
		if (n) { /* an empty packet has no version; nobody asks */
			CU_ASSERT(!ip_head_all(p, n, &head));
			CU_ASSERT(!ip_head_stays(p, n, &head));
		}
	}
	p = guard_back(guard, c->len);
	memcpy(p, c->ip, c->len);
	CU_ASSERT(ip_head_all(p, c->len, &head));
	CU_ASSERT(head.len == c->len && head.next_at == c->next_at && head.next == c->upper);
	CU_ASSERT_EQUAL(ip_head_stays(p, c->len, &head), !fragment);
	if (fragment)
		return;
	CU_ASSERT(head.len == c->stays_len && head.next_at == c->stays_next_at);
	CU_ASSERT_EQUAL(head.next, c->ip[c->stays_next_at]);
}

static void
test_chains(void)
{
	struct guard guard;
	struct chain c;

	guard_init(&guard, 512);
	for (unsigned n = 0, of = 1; n <= CHAIN_MAX; n++, of *= 3)
		for (unsigned which = 0; which < of; which++)
			for (unsigned u = 0; u < sizeof(uppers); u++) {
				chain_build(&c, which, n, uppers[u]);
				chain_check(&guard, &c);
			}
	guard_fini(&guard);
}

/* One extension header that says each of the 256 lengths. */
static void
test_lengths(void)
{
	struct ip_head head;
	struct guard guard;
	uint8_t *p;

	guard_init(&guard, 4096);
	for (unsigned i = 0; i < 3; i++)
		for (uint32_t said = 0; said < 256; said++) {
			uint32_t len = 40 + (said + 1) * 8;

			p = guard_back(&guard, len);
			memset(p, 0, len);
			p[0] = 0x60;
			p[6] = extensions[i];
			p[40] = 17;
			p[41] = (uint8_t)said;
			CU_ASSERT(ip_head_all(p, len, &head) && head.len == len && head.next_at == 40);
			memmove(p + 1, p, len - 1);
			CU_ASSERT(!ip_head_all(p + 1, len - 1, &head));
			CU_ASSERT(!ip_head_stays(p + 1, len - 1, &head));
		}
	guard_fini(&guard);
}

/* Extensions of more than 64 KiB in all: no length may wrap round. */
static void
test_huge(void)
{
	static uint8_t p[70000];
	struct ip_head head;

	for (uint32_t at = 40; at + 2 < sizeof(p); at += 2048) {
		p[at] = 60;
		p[at + 1] = 255;
	}
	p[0] = 0x60;
	p[6] = 60;
	CU_ASSERT(!ip_head_all(p, sizeof(p), &head));
	CU_ASSERT(!ip_head_stays(p, sizeof(p), &head));
}

static void
test_v4(void)
{
	struct ip_head head;
	struct guard guard;

	guard_init(&guard, 64);
	for (unsigned first = 0; first < 256; first++)
		for (uint32_t n = 1; n <= 60; n++) {
			uint32_t ihl = (first & 15) * 4;
			uint8_t *p = guard_back(&guard, n);
			bool good = n >= 20 && ihl >= 20 && ihl <= n;

			if (first >> 4 == 6)
				continue;
			memset(p, 0, n);
			p[0] = (uint8_t)first;
			if (n > 9)
				p[9] = 50;
			CU_ASSERT_EQUAL(ip_head_all(p, n, &head), good);
			CU_ASSERT_EQUAL(ip_head_stays(p, n, &head), good);
			CU_ASSERT(!good || (head.len == ihl && head.next_at == 9 && head.next == 50));
		}
	guard_fini(&guard);
}

/* Flags and offset: a fragment has MF or an offset; DF and the reserved bit make none. */
static void
test_v4_fragments(void)
{
	uint8_t ip[20] = {0x45};
	struct ip_head head;

	for (unsigned word = 0; word < 65536; word++) {
		ip[6] = (uint8_t)(word >> 8);
		ip[7] = (uint8_t)word;
		CU_ASSERT_EQUAL(ip_head_stays(ip, 20, &head), (word & 0x3fff) == 0);
	}
}

/* RFC 768, RFC 8200 §8.1: by definition, 16 bits at a time, over a pseudo header written out. */
static uint16_t
checksum_define(const uint8_t *ip, uint8_t proto, const uint8_t *l4, uint32_t bytes)
{
	uint8_t all[40 + 1600] = {0};
	uint32_t n = ip[0] >> 4 == 6 ? 32 : 8, sum = 0;

	memcpy(all, ip + (n == 32 ? 8 : 12), n);
	store_be32(all + n, bytes);
	store_be32(all + n + 4, proto);
	memcpy(all + n + 8, l4, bytes);
	for (uint32_t i = 0; i < n + 8 + bytes; i += 2) {
		sum += (uint32_t)(all[i] << 8 | all[i + 1]);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void
test_checksum(void)
{
	struct guard guard;
	uint8_t ip[40];

	guard_init(&guard, 2048);
	for (uint32_t bytes = 0; bytes < 1500; bytes += bytes < 70 ? 1 : 61) {
		uint8_t *l4 = guard_back(&guard, bytes);

		for (uint32_t i = 0; i < bytes; i++)
			l4[i] = (uint8_t)(bytes & 1 ? 0xff : i * 73 + bytes);
		for (unsigned v6 = 0; v6 < 2; v6++) {
			for (uint32_t i = 0; i < 40; i++)
				ip[i] = (uint8_t)(i * 59 + bytes);
			ip[0] = v6 ? 0x60 : 0x45;
			CU_ASSERT_EQUAL(ip_transport_checksum(ip, 17, l4, bytes),
				checksum_define(ip, 17, l4, bytes));
			CU_ASSERT_EQUAL(ip_transport_checksum(ip, 58, l4, bytes),
				checksum_define(ip, 58, l4, bytes));
		}
	}
	guard_fini(&guard);
}

int
suite_ip_head_stays(void)
{
	CU_pSuite s = CU_add_suite("ip_head_stays", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_chains);
	CU_ADD_TEST(s, test_lengths);
	CU_ADD_TEST(s, test_huge);
	CU_ADD_TEST(s, test_v4);
	CU_ADD_TEST(s, test_v4_fragments);
	CU_ADD_TEST(s, test_checksum);
	return (int)CU_get_error();
}
