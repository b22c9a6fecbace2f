/* crypto/ipsec_mb against published vectors: tests/vectors/crypto/ (JSON); each file names its source.
 *
 * Every case is encrypted and decrypted, and refused with a wrong ICV. */
#include <stdlib.h>

#include <jansson.h>

#include "tests/crypto/crypto_rig.h"

int suite_ipsec_mb_vectors(void);

#define CANARY 0xa5
#define TEXT_MAX 1024

struct bytes {
	uint8_t data[TEXT_MAX];
	unsigned n;
};

static struct bytes
bytes_of(const json_t *entry, const char *name)
{
	const char *hex = json_string_value(json_object_get(entry, name));
	struct bytes bytes = {.n = 0};
	unsigned value;

	for (; hex && sscanf(hex, "%2x", &value) == 1; hex += 2) {
		CU_ASSERT_FATAL(bytes.n < TEXT_MAX);
		bytes.data[bytes.n++] = (uint8_t)value;
	}
	return bytes;
}

struct vector {
	const char *name;
	struct transform transform;
	struct bytes key, auth_key, iv, aad, text, out, icv;
};

static struct vector
vector_of(const json_t *entry)
{
	struct vector v = {
		.name = json_string_value(json_object_get(entry, "name")),
		.transform = rig_words(json_string_value(json_object_get(entry, "transform"))),
		.key = bytes_of(entry, "key"),
		.auth_key = bytes_of(entry, "auth_key"),
		.iv = bytes_of(entry, "iv"),
		.aad = bytes_of(entry, "aad"),
		.text = bytes_of(entry, "text"),
		.out = bytes_of(entry, "out"),
		.icv = bytes_of(entry, "icv"),
	};

	if (v.transform.mode == ALG_MODE_GMAC)
		v.text = v.out = bytes_of(entry, "auth");
	CU_ASSERT_EQUAL_FATAL(v.key.n, alg_cipher_info[v.transform.cipher].key);
	CU_ASSERT_EQUAL_FATAL(v.icv.n, v.transform.icv_len);
	CU_ASSERT_EQUAL_FATAL(v.text.n, v.out.n);
	return v;
}

/* The text alone is authenticated by a MAC, and is not one with GMAC.  The GCM specification has cases with
 * 20 bytes of AAD, more than ESP ever needs; they run on into icv_copy, which stands behind and is free here.
 */
static struct crypto_op
op_of(const struct vector *v, struct crypto_session *session, uint8_t *text, uint8_t *icv)
{
	struct crypto_op op = {
		.session = session,
		.text = text,
		.icv = icv,
		.text_len = v->transform.mode == ALG_MODE_GMAC ? 0 : v->text.n,
		.auth_len = v->text.n,
		.aad_len = (uint8_t)v->aad.n,
		.result = 0xee,
	};

	memcpy(op.iv, v->iv.data, v->iv.n);
	memcpy((uint8_t *)&op + offsetof(struct crypto_op, aad), v->aad.data, v->aad.n);
	return op;
}

static void
vector_encrypt(struct rig *rig, const struct vector *v)
{
	uint8_t buffer[2 * TEXT_MAX];
	struct crypto_session *session = rig_session_with(
		rig, &v->transform, v->key.data, v->auth_key.data, CRYPTO_ENCRYPT);
	struct crypto_op op = op_of(v, session, buffer, buffer + v->text.n);

	memset(buffer, CANARY, sizeof(buffer));
	memcpy(buffer, v->text.data, v->text.n);
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	CU_ASSERT_EQUAL(memcmp(buffer, v->out.data, v->out.n), 0);
	CU_ASSERT_EQUAL(memcmp(buffer + v->out.n, v->icv.data, v->icv.n), 0);
	for (unsigned i = v->out.n + v->icv.n; i < sizeof(buffer); i++)
		CU_ASSERT_EQUAL(buffer[i], CANARY);
	rig->ops->session_destroy(rig->engine, session);
}

static void
vector_decrypt(struct rig *rig, const struct vector *v)
{
	uint8_t buffer[TEXT_MAX], icv[CRYPTO_ICV_MAX];
	struct crypto_session *session = rig_session_with(
		rig, &v->transform, v->key.data, v->auth_key.data, CRYPTO_DECRYPT);
	struct crypto_op op = op_of(v, session, buffer, icv);

	memcpy(icv, v->icv.data, v->icv.n);
	memcpy(buffer, v->out.data, v->out.n);
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	CU_ASSERT_EQUAL(memcmp(buffer, v->text.data, v->text.n), 0);
	CU_ASSERT_EQUAL(memcmp(icv, v->icv.data, v->icv.n), 0);
	if (v->icv.n) {
		memcpy(buffer, v->out.data, v->out.n);
		icv[v->icv.n - 1] ^= 1;
		CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_BAD_ICV);
	}
	rig->ops->session_destroy(rig->engine, session);
}

static void
vector_run(struct rig *rig, const struct vector *v)
{
	unsigned failures = CU_get_number_of_failure_records();

	vector_encrypt(rig, v);
	vector_decrypt(rig, v);
	if (CU_get_number_of_failure_records() != failures)
		printf("\n    %s", v->name);
}

/* Shorter ICVs of GCM are the first bytes of the long one (SP 800-38D §7.1), unlike those of CCM. */
static void
vector_run_shorter(struct rig *rig, struct vector v)
{
	static const enum alg_cipher longest[] = {
		ALG_CIPHER_AES_128_GCM, ALG_CIPHER_AES_192_GCM, ALG_CIPHER_AES_256_GCM};
	static const char *const shorter[][2] = {{"AES_128_GCM_12", "AES_128_GCM_8"},
		{"AES_192_GCM_12", "AES_192_GCM_8"}, {"AES_256_GCM_12", "AES_256_GCM_8"}};

	for (unsigned i = 0; i < 6; i++) {
		if (v.transform.cipher != longest[i / 2])
			continue;
		struct vector cut = v;
		cut.transform = rig_words(shorter[i / 2][i % 2]);
		cut.icv.n = cut.transform.icv_len;
		vector_run(rig, &cut);
	}
}

static void
file_run(const char *path, unsigned cases)
{
	struct rig rig = rig_open();
	json_error_t error;
	json_t *file = json_load_file(path, 0, &error), *list = json_object_get(file, "cases");
	const json_t *entry;
	size_t i;

	CU_ASSERT_EQUAL_FATAL(json_array_size(list), cases);
	json_array_foreach(list, i, entry)
	{
		struct vector v = vector_of(entry);

		vector_run(&rig, &v);
		vector_run_shorter(&rig, v);
	}
	json_decref(file);
	rig_close(&rig);
}

static void
test_gcm_nist(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/gcm_nist.json", 12);
}

static void
test_gcm_esp(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/gcm_esp.json", 14);
}

static void
test_cbc(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/cbc.json", 11);
}

static void
test_hmac(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/hmac.json", 33);
}

static void
test_des(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/des.json", 46);
}

static void
test_ctr(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/ctr.json", 9);
}

static void
test_ccm(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/ccm.json", 18);
}

static void
test_gmac(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/gmac.json", 28);
}

static void
test_chacha20_poly1305(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/chacha20_poly1305.json", 62);
}

static void
test_aes_mac(void)
{
	file_run(ESPLAB_TESTS "/vectors/crypto/aes_mac.json", 28);
}

int
suite_ipsec_mb_vectors(void)
{
	CU_pSuite s = CU_add_suite("ipsec_mb_vectors", NULL, NULL);

	if (!s || !CU_add_test(s, "AES-GCM: specification, appendix B", test_gcm_nist) ||
		!CU_add_test(s, "AES-GCM in ESP: draft-mcgrew-gcm-test-01", test_gcm_esp) ||
		!CU_add_test(s, "AES-CBC: RFC 3602, SP 800-38A", test_cbc) ||
		!CU_add_test(s, "HMAC: RFC 2202, 4231, 4868", test_hmac) ||
		!CU_add_test(s, "DES, 3DES: FIPS 81, SP 800-17, 800-20, 800-67", test_des) ||
		!CU_add_test(s, "AES-CTR: RFC 3686", test_ctr) ||
		!CU_add_test(s, "AES-CCM: Wycheproof", test_ccm) ||
		!CU_add_test(s, "GMAC: draft-mcgrew-gcm-test-01, Wycheproof", test_gmac) ||
		!CU_add_test(
			s, "ChaCha20-Poly1305: RFC 8439, RFC 7634, Wycheproof", test_chacha20_poly1305) ||
		!CU_add_test(s, "AES-XCBC, AES-CMAC: RFC 3566, RFC 4494, Wycheproof", test_aes_mac))
		return (int)CU_get_error();
	return 0;
}
