/* esp_sa: Wireshark's "uat" file of ESP SAs, as versions 4.0 and later read it: protocol, source,
 * destination, SPI, cipher, its key, authentication, its key.  An AEAD's key is key || salt (RFC 4106
 * §8.1) and its authentication "NULL".
 *
 * AH has no row, for the table is of ESP, and a row would serve an ESP SA with the same SPI; an ESP transform
 * that Wireshark 4.0 does not know is a comment, for it complains about names that it does not know.
 *
 * Both ends of an SA hold the same keys, so an SA stands once.  Wireshark's format knows nothing of
 * extended sequence numbers here: it decrypts such packets, and cannot check an ICV that covers the
 * hidden half. */
#include "lab/esp_sa.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/alg.h"

static void
address_write(FILE *out, struct ip_addr a)
{
	char text[IP_TEXT_BYTES];

	fprintf(out, ",\"%s\"", ip_text(a, text));
}

static void
key_write(FILE *out, const uint8_t *key, unsigned bytes)
{
	fprintf(out, ",\"%s", bytes ? "0x" : "");
	for (unsigned i = 0; i < bytes; i++)
		fprintf(out, "%02x", key[i]);
	fputc('"', out);
}

static enum status
row_write(FILE *out, const struct cfg_sa *sa)
{
	struct transform t;
	char message[256];
	enum status status = transform_parse(sa->transform, &t, message, sizeof(message));

	if (status || t.proto == ALG_AH)
		return status;
	if (!*alg_cipher_info[t.cipher].tshark) {
		fprintf(out, "# 0x%08x: Wireshark does not know %s\n", sa->spi,
			alg_cipher_info[t.cipher].name);
		return ST_OK;
	}
	fputs(ip_is_v4(sa->src) ? "\"IPv4\"" : "\"IPv6\"", out);
	address_write(out, sa->src);
	address_write(out, sa->dst);
	fprintf(out, ",\"0x%08x\",\"%s\"", sa->spi, alg_cipher_info[t.cipher].tshark);
	key_write(out, sa->key, sa->key_len);
	fprintf(out, ",\"%s\"", alg_auth_info[t.auth].tshark);
	key_write(out, sa->auth_key, sa->auth_key_len);
	fputc('\n', out);
	return ST_OK;
}

static bool
sa_same(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->spi == b->spi && ip_equal(a->src, b->src) && ip_equal(a->dst, b->dst) &&
		!strcmp(a->transform, b->transform) && a->key_len == b->key_len &&
		!memcmp(a->key, b->key, a->key_len) && a->auth_key_len == b->auth_key_len &&
		!memcmp(a->auth_key, b->auth_key, a->auth_key_len);
}

/* Does it stand in an earlier row? */
static bool
sa_known(const struct cfg_lab *lab, const struct cfg_sa *sa)
{
	for (unsigned g = 0; g < lab->n_gateways; g++) {
		for (unsigned s = 0; s < lab->gateways[g].n_sas; s++) {
			const struct cfg_sa *other = &lab->gateways[g].sas[s];

			if (other == sa)
				return false;
			if (sa_same(other, sa))
				return true;
		}
	}
	return false;
}

static enum status
rows_write(FILE *out, const struct cfg_lab *lab)
{
	for (unsigned g = 0; g < lab->n_gateways; g++) {
		for (unsigned s = 0; s < lab->gateways[g].n_sas; s++) {
			const struct cfg_sa *sa = &lab->gateways[g].sas[s];
			enum status status = sa_known(lab, sa) ? ST_OK : row_write(out, sa);

			if (status)
				return status;
		}
	}
	return ST_OK;
}

/* A new file, so that its mode is right from the first byte and another owner's file is not written into. */
static FILE *
secret_create(const char *path)
{
	int fd;

	if (unlink(path) && errno != ENOENT)
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

enum status
esp_sa_write(const struct cfg_lab *lab, const char *path)
{
	FILE *out = secret_create(path);
	enum status status;

	if (!out)
		return ST_ERR_IO;
	status = rows_write(out, lab);
	if (ferror(out) && !status)
		status = ST_ERR_IO;
	if (fclose(out) && !status)
		status = ST_ERR_IO;
	return status;
}
