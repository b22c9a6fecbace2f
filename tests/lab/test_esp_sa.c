/* lab/esp_sa: the rows as tshark reads them, once each, in a file that nobody else may read. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <CUnit/CUnit.h>

#include "lab/esp_sa.h"
#include "tests/lab/folder_rig.h"

int suite_esp_sa(void);

static void
sa_fill(struct cfg_sa *sa, const char *name, uint32_t spi, const char *transform, unsigned key, unsigned auth)
{
	*sa = (struct cfg_sa){.name = name,
		.spi = spi,
		.src = IP_V4(0xc0000201),
		.dst = IP_V4(0xc0000202),
		.transform = transform,
		.key_len = key,
		.auth_key_len = auth};
	for (unsigned i = 0; i < key; i++)
		sa->key[i] = (uint8_t)i;
	for (unsigned i = 0; i < auth; i++)
		sa->auth_key[i] = (uint8_t)(0xa0 + i);
}

static const char expected[] =
	"\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00001001\",\"AES-GCM with 16 octet ICV [RFC4106]\","
	"\"0x000102030405060708090a0b0c0d0e0f10111213\",\"NULL\",\"\"\n"
	"\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00001002\",\"AES-CBC [RFC3602]\","
	"\"0x000102030405060708090a0b0c0d0e0f\",\"HMAC-SHA-1-96 [RFC2404]\","
	"\"0xa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3\"\n"
	"\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0xfffffffe\",\"NULL\",\"\",\"HMAC-SHA-256-128 [RFC4868]\","
	"\"0xa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf\"\n"
	"\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00000100\",\"AES-CBC [RFC3602]\","
	"\"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\"NULL\",\"\"\n";

static void
test_rows(void)
{
	struct cfg_sa sas[5];
	struct cfg_gateway gateways[2] = {{.sas = sas, .n_sas = 3}, {.sas = &sas[3], .n_sas = 2}};
	struct cfg_lab lab = {.gateways = gateways, .n_gateways = 2};
	char path[RIG_PATH_BYTES], *text;
	struct folder_rig rig;
	struct stat info;

	sa_fill(&sas[0], "a", 0x1001, "esp-gcm 128", 20, 0);
	sa_fill(&sas[1], "b", 0x1002, "esp-aes 128 esp-sha-hmac", 16, 20);
	sa_fill(&sas[2], "c", 0xfffffffe, "esp-null esp-sha256-hmac", 0, 32);
	sas[3] = sas[0]; /* the other end */
	sas[3].direction = CFG_IN;
	sa_fill(&sas[4], "d", 0x100, "esp-aes 256", 32, 0);
	folder_rig_open(&rig);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(esp_sa_write(&lab, folder_rig_path(&rig, "esp_sa", path)), ST_OK);
		text = folder_rig_read(&rig, "esp_sa", NULL);
		CU_ASSERT_STRING_EQUAL(text, expected);
		free(text);
		CU_ASSERT_EQUAL(stat(path, &info), 0);
		CU_ASSERT_EQUAL(info.st_mode & 0777, 0600);
		chmod(path, 0666); /* the next one is narrow again */
	}
	folder_rig_close(&rig);
}

/* IPv6, and AH, which has no row. */
static void
test_families(void)
{
	struct cfg_sa sas[2];
	struct cfg_gateway gateway = {.sas = sas, .n_sas = 2};
	struct cfg_lab lab = {.gateways = &gateway, .n_gateways = 1};
	char path[RIG_PATH_BYTES], *text;
	struct folder_rig rig;

	sa_fill(&sas[0], "ah", 0x1001, "ah-sha-hmac", 0, 20);
	sa_fill(&sas[1], "esp", 0x1002, "esp-gcm 128", 20, 0);
	sas[1].src = (struct ip_addr){0x20010db800000000, 1};
	sas[1].dst = (struct ip_addr){0x20010db800000000, 2};
	folder_rig_open(&rig);
	CU_ASSERT_EQUAL(esp_sa_write(&lab, folder_rig_path(&rig, "esp_sa", path)), ST_OK);
	text = folder_rig_read(&rig, "esp_sa", NULL);
	CU_ASSERT_STRING_EQUAL(text,
		"\"IPv6\",\"2001:db8::1\",\"2001:db8::2\",\"0x00001002\",\"AES-GCM with 16 octet ICV "
		"[RFC4106]\",\"0x000102030405060708090a0b0c0d0e0f10111213\",\"NULL\",\"\"\n");
	free(text);
	folder_rig_close(&rig);
}

/* The same SPI with another key is another SA. */
static void
test_distinct(void)
{
	struct cfg_sa sas[2];
	struct cfg_gateway gateway = {.sas = sas, .n_sas = 2};
	struct cfg_lab lab = {.gateways = &gateway, .n_gateways = 1};
	char path[RIG_PATH_BYTES], *text;
	struct folder_rig rig;

	sa_fill(&sas[0], "a", 0x1001, "esp-gcm 128", 20, 0);
	sas[1] = sas[0];
	sas[1].key[19] ^= 1;
	folder_rig_open(&rig);
	CU_ASSERT_EQUAL(esp_sa_write(&lab, folder_rig_path(&rig, "esp_sa", path)), ST_OK);
	text = folder_rig_read(&rig, "esp_sa", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(strchr(text, '\n'));
	CU_ASSERT_PTR_NOT_NULL(strstr(strchr(text, '\n'), "0f10111212\""));
	free(text);
	folder_rig_close(&rig);
}

/* What the table has no words for: a comment, and for AH nothing. */
static void
test_unknown(void)
{
	struct cfg_sa sas[3];
	struct cfg_gateway gateway = {.sas = sas, .n_sas = 3};
	struct cfg_lab lab = {.gateways = &gateway, .n_gateways = 1};
	char path[RIG_PATH_BYTES], *text;
	struct folder_rig rig;

	sa_fill(&sas[0], "a", 0x1001, "esp-ccm 256", 35, 0);
	sa_fill(&sas[1], "b", 0x1002, "ah-sha-hmac", 0, 20);
	sa_fill(&sas[2], "c", 0x1002, "esp-gcm-8 128", 20, 0);
	folder_rig_open(&rig);
	CU_ASSERT_EQUAL(esp_sa_write(&lab, folder_rig_path(&rig, "esp_sa", path)), ST_OK);
	text = folder_rig_read(&rig, "esp_sa", NULL);
	CU_ASSERT_STRING_EQUAL(text,
		"# 0x00001001: Wireshark does not know AES_256_CCM\n"
		"\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00001002\",\"AES-GCM with 8 octet ICV [RFC4106]\","
		"\"0x000102030405060708090a0b0c0d0e0f10111213\",\"NULL\",\"\"\n");
	free(text);
	folder_rig_close(&rig);
}

static void
test_failures(void)
{
	struct cfg_sa sa;
	struct cfg_gateway gateway = {.sas = &sa, .n_sas = 1};
	struct cfg_lab lab = {.gateways = &gateway, .n_gateways = 1};
	char path[RIG_PATH_BYTES];
	struct folder_rig rig;

	sa_fill(&sa, "a", 1, "esp-rot13", 0, 0);
	folder_rig_open(&rig);
	CU_ASSERT_EQUAL(esp_sa_write(&lab, folder_rig_path(&rig, "esp_sa", path)), ST_ERR_CONFIG);
	CU_ASSERT_EQUAL(esp_sa_write(&lab, "/nonexistent/esp_sa"), ST_ERR_IO);
	CU_ASSERT_EQUAL(esp_sa_write(&lab, rig.path), ST_ERR_IO);
	folder_rig_close(&rig);
}

int
suite_esp_sa(void)
{
	CU_pSuite s = CU_add_suite("esp_sa", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_families);
	CU_ADD_TEST(s, test_distinct);
	CU_ADD_TEST(s, test_unknown);
	CU_ADD_TEST(s, test_failures);
	return 0;
}
