/* Names of algorithms in key files, and the transform that they stand for.
 *
 * Wireshark's names come from alg.def; compared without case and without the "[RFC...]" behind them.  Several
 * rows share a name, and the length of the key tells which.  What Wireshark or tcpdump know and alg.def does
 * not stands here: it is understood, and its packets are counted as such.
 *
 * HMAC keys shorter than the row's are filled with zeros, which is the same key (RFC 2104 §2). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/distance.h"
#include "capture/key_priv.h"

#define LIST_BYTES 1024u

/* Ciphers that alg.def has no name for, with our words, or without where there is no such cipher here. */
static const struct {
	const char *name, *words;
} other_ciphers[] = {
	{"ChaCha20 with Poly1305", "esp-chacha20-poly1305"},
	{"AES-GCM", ""}, /* the ICV's length comes with the authentication */
	{"CAST5-CBC", NULL},
	{"BLOWFISH-CBC", NULL},
	{"TWOFISH-CBC", NULL},
};

/* ICVs that cannot be checked: their bytes are passed over. */
static const struct {
	const char *name;
	uint32_t icv;
} unchecked[] = {
	{"ANY 64 bit authentication", 8},
	{"ANY 96 bit authentication", 12},
	{"ANY 128 bit authentication", 16},
	{"ANY 192 bit authentication", 24},
	{"ANY 256 bit authentication", 32},
	{"HMAC-SHA-256-96", 12},
	{"MAC-RIPEMD-160-96", 12},
	{"AES-XCBC-MAC-96", 12},
};

/* tcpdump's: openssl's names of CBC ciphers. */
static const struct {
	const char *name, *words;
	unsigned key; /* bytes; 0: any, and no such cipher here */
} tcpdump_ciphers[] = {
	{"3des", "esp-3des", 24},
	{"des-ede3", "esp-3des", 24},
	{"des", "esp-des", 8},
	{"aes", "esp-aes 128", 16},
	{"aes", "esp-aes 192", 24},
	{"aes", "esp-aes 256", 32},
	{"aes128", "esp-aes 128", 16},
	{"aes192", "esp-aes 192", 24},
	{"aes256", "esp-aes 256", 32},
	{"aes-128", "esp-aes 128", 16},
	{"aes-192", "esp-aes 192", 24},
	{"aes-256", "esp-aes 256", 32},
	{"blowfish", NULL, 0},
	{"rc3", NULL, 0},
	{"cast128", NULL, 0},
	{"none", "", 0},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A name without what stands in brackets. */
static size_t
name_bytes(const char *name)
{
	const char *bracket = strstr(name, " [");

	return bracket ? (size_t)(bracket - name) : strlen(name);
}

static bool
name_equal(const char *a, const char *b)
{
	size_t n = name_bytes(a);

	return n == name_bytes(b) && strncasecmp(a, b, n) == 0;
}

/* Names that are allowed, and the one that is nearest. */
struct name_list {
	const char *wrong, *nearest;
	unsigned distance;
	char text[LIST_BYTES];
};

static void
list_add(struct name_list *list, const char *name)
{
	size_t used = strlen(list->text), n = name_bytes(name);
	unsigned distance = text_distance(list->wrong, name_bytes(list->wrong), name, n);
	char one[80];

	if (n == 0)
		return;
	snprintf(one, sizeof(one), "%.*s", (int)n, name);
	if (!list->nearest || distance < list->distance) {
		list->nearest = name;
		list->distance = distance;
	}
	if (!strstr(list->text, one) || strlen(one) < 8) /* rows share names */
		snprintf(list->text + used, sizeof(list->text) - used, "%s%s", used ? ", " : "", one);
}

static enum status
name_refuse(const struct key_line *at, const char *what, const struct name_list *list)
{
	return key_refuse(at, "unknown %s \"%s\"; the nearest is \"%.*s\"; allowed: %s", what, list->wrong,
		(int)name_bytes(list->nearest), list->nearest, list->text);
}

static enum status
cipher_refuse(const struct key_line *at, const char *name)
{
	struct name_list list = {.wrong = name};

	for (unsigned i = 0; i < ALG_CIPHER_COUNT; i++)
		list_add(&list, alg_cipher_info[i].tshark);
	for (unsigned i = 0; i < COUNT(other_ciphers); i++)
		list_add(&list, other_ciphers[i].name);
	return name_refuse(at, "encryption", &list);
}

static enum status
auth_refuse(const struct key_line *at, const char *name)
{
	struct name_list list = {.wrong = name};

	for (unsigned i = 0; i < ALG_AUTH_COUNT; i++)
		list_add(&list, alg_auth_info[i].tshark);
	for (unsigned i = 0; i < COUNT(unchecked); i++)
		list_add(&list, unchecked[i].name);
	return name_refuse(at, "authentication", &list);
}

/* First of the words split by '|', behind those that are there. */
static void
words_append(struct key_sa *sa, const char *words)
{
	size_t used = strlen(sa->transform);

	snprintf(sa->transform + used, sizeof(sa->transform) - used, "%s%.*s", used ? " " : "",
		(int)strcspn(words, "|"), words);
}

/* The row of that name whose key is that long; ALG_CIPHER_COUNT: there is none.  *lengths lists those that
 * are. */
static unsigned
cipher_find(const char *name, unsigned key_len, bool *known, char *lengths, size_t bytes)
{
	*known = false;
	lengths[0] = '\0';
	for (unsigned i = 0; i < ALG_CIPHER_COUNT; i++) {
		const struct alg_cipher_info *c = &alg_cipher_info[i];
		size_t used = strlen(lengths);

		if (!c->tshark[0] || !name_equal(c->tshark, name))
			continue;
		if ((unsigned)c->key + c->salt == key_len)
			return i;
		*known = true;
		snprintf(lengths + used, bytes - used, "%s%u", used ? ", " : "", (unsigned)c->key + c->salt);
	}
	return ALG_CIPHER_COUNT;
}

static enum status
length_refuse(const struct key_line *at, const char *name, unsigned key_len, const char *lengths)
{
	return key_refuse(at, "%s: the key has %u bytes; allowed: %s (with the salt, where there is one)",
		name, key_len, lengths);
}

/* Ciphers that alg.def has no name for. */
static enum status
other_cipher_set(const struct key_line *at, const char *name, struct key_sa *sa)
{
	for (unsigned i = 0; i < COUNT(other_ciphers); i++) {
		if (!name_equal(other_ciphers[i].name, name))
			continue;
		if (!other_ciphers[i].words) {
			snprintf(
				sa->cannot, sizeof(sa->cannot), "there is no %s here", other_ciphers[i].name);
			return ST_OK;
		}
		words_append(sa, other_ciphers[i].words);
		return sa->key_len == 36 ? ST_OK : length_refuse(at, name, sa->key_len, "36");
	}
	return cipher_refuse(at, name);
}

static enum status
cipher_set(const struct key_line *at, const char *name, struct key_sa *sa)
{
	char lengths[64];
	bool known;
	unsigned row = cipher_find(name, sa->key_len, &known, lengths, sizeof(lengths));

	if (row < ALG_CIPHER_COUNT) {
		words_append(sa, alg_cipher_info[row].ios);
		return ST_OK;
	}
	return known ? length_refuse(at, name, sa->key_len, lengths) : other_cipher_set(at, name, sa);
}

/* An HMAC's key may be shorter; its rest is zeros, as they are in the row. */
static enum status
auth_row_set(const struct key_line *at, unsigned row, struct key_sa *sa)
{
	const struct alg_auth_info *auth = &alg_auth_info[row];

	if (sa->auth_key_len > auth->key || (auth->mac != ALG_MAC_HMAC && sa->auth_key_len != auth->key))
		return key_refuse(at, "%s: the key has %u bytes; allowed: %s%u", auth->tshark,
			sa->auth_key_len, auth->mac == ALG_MAC_HMAC ? "at most " : "", auth->key);
	sa->auth_key_len = auth->key;
	words_append(sa, auth->esp);
	return ST_OK;
}

static enum status
auth_set(const struct key_line *at, const char *name, struct key_sa *sa)
{
	/* before the rows: XCBC and CMAC are written as "ANY 96 bit", for want of a name */
	for (unsigned i = 0; i < COUNT(unchecked); i++)
		if (name_equal(unchecked[i].name, name)) {
			sa->icv_skip = unchecked[i].icv;
			sa->auth_key_len = 0;
			return ST_OK;
		}
	for (unsigned i = ALG_AUTH_NONE + 1; i < ALG_AUTH_COUNT; i++)
		if (name_equal(alg_auth_info[i].tshark, name))
			return auth_row_set(at, i, sa);
	if (!name_equal(name, "NULL"))
		return auth_refuse(at, name);
	sa->auth_key_len = 0;
	return ST_OK;
}

/* An AEAD's ICV is its own, whatever stands beside it. */
static const char *
gcm_name(const char *auth)
{
	if (name_equal(auth, "ANY 64 bit authentication"))
		return "AES-GCM with 8 octet ICV";
	return name_equal(auth, "ANY 96 bit authentication") ? "AES-GCM with 12 octet ICV"
							     : "AES-GCM with 16 octet ICV";
}

enum status
key_names_set(const struct key_line *at, const char *cipher, const char *auth, struct key_sa *sa)
{
	struct transform transform;
	char message[64];
	enum status status;

	if (name_equal(cipher, "AES-GCM"))
		cipher = gcm_name(auth);
	status = cipher_set(at, cipher, sa);
	if (status != ST_OK || sa->cannot[0])
		return status;
	/* "esp-null" alone is refused, and is then completed below */
	if (transform_parse(sa->transform, &transform, message, sizeof(message)) == ST_OK && transform.aead) {
		sa->auth_key_len = 0;
		return ST_OK;
	}
	status = auth_set(at, auth, sa);
	if (status == ST_OK && !strcmp(sa->transform, "esp-null"))
		sa->transform[0] = '\0';
	return status;
}

static bool
suffix_cut(char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	if (n <= m || strcasecmp(name + n - m, suffix))
		return false;
	name[n - m] = '\0';
	return true;
}

static enum status
tcpdump_refuse(const struct key_line *at, const char *name)
{
	struct name_list list = {.wrong = name};

	for (unsigned i = 0; i < COUNT(tcpdump_ciphers); i++)
		list_add(&list, tcpdump_ciphers[i].name);
	return name_refuse(at, "algorithm", &list);
}

enum status
key_tcpdump_name_set(const struct key_line *at, const char *text, struct key_sa *sa)
{
	char name[64], lengths[64] = "";

	snprintf(name, sizeof(name), "%s", text);
	if (suffix_cut(name, "-hmac96"))
		sa->icv_skip = 12;
	suffix_cut(name, "-cbc");
	for (unsigned i = 0; i < COUNT(tcpdump_ciphers); i++) {
		size_t used = strlen(lengths);

		if (strcasecmp(tcpdump_ciphers[i].name, name))
			continue;
		if (!tcpdump_ciphers[i].words) {
			snprintf(sa->cannot, sizeof(sa->cannot), "there is no %s here", text);
			return ST_OK;
		}
		if (!tcpdump_ciphers[i].key || tcpdump_ciphers[i].key == sa->key_len) {
			words_append(sa, tcpdump_ciphers[i].words);
			return ST_OK;
		}
		snprintf(lengths + used, sizeof(lengths) - used, "%s%u", used ? ", " : "",
			tcpdump_ciphers[i].key);
	}
	return lengths[0] ? length_refuse(at, text, sa->key_len, lengths) : tcpdump_refuse(at, name);
}
