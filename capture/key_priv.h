/* Between the readers of key files. */
#ifndef CAPTURE_KEY_PRIV_H
#define CAPTURE_KEY_PRIV_H

#include "capture/key_set.h"

/* The line that is being read, and where its fault is told. */
struct key_line {
	const char *file;
	unsigned line;
	char *message;
	size_t bytes;
};

/* "FILE:LINE: ..." into the message.  ERR_CONFIG. */
enum status key_refuse(const struct key_line *at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A secret: "0x" and hexadecimal digits, or the characters themselves. */
enum status key_secret(const struct key_line *at, const char *what, const char *text,
	uint8_t key[CFG_KEY_MAX], unsigned *key_len);
/* "*", an address, or an address and "/" and its prefix length; in IPv4 "*" for single numbers too.  family:
 * 4, 6 or 0 for both. */
enum status key_address(const struct key_line *at, const char *what, const char *text, unsigned family,
	struct key_address *address);

/* Transform of a row from Wireshark's names; the keys are in the row already. */
enum status key_names_set(const struct key_line *at, const char *cipher, const char *auth, struct key_sa *sa);
/* The same from tcpdump's name of a cipher. */
enum status key_tcpdump_name_set(const struct key_line *at, const char *name, struct key_sa *sa);

/* One line without its end; text is theirs to cut. */
enum status key_esp_sa_line(const struct key_line *at, char *text, struct key_set *set);
enum status key_tcpdump_line(const struct key_line *at, char *text, struct key_set *set);
enum status key_cfg_read(
	const char *path, const struct cfg_hooks *hooks, struct key_set *set, char *message, size_t bytes);

#endif
