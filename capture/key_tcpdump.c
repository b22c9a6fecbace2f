/* tcpdump's secrets, as its option -E reads them from a file: a line "SPI@ADDRESS ALGORITHM:SECRET", or
 * "ALGORITHM:SECRET" for all packets that have no line of their own.
 *
 * They hold no key of the authentication: "-hmac96" behind an algorithm says that there are 12 bytes of ICV,
 * and they are not checked.  Lines for IKE ("ikev2 ...") are of no use here and are told. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/key_priv.h"

/* "SPI@ADDRESS": for packets to that address. */
static enum status
place_set(const struct key_line *at, char *text, struct key_sa *sa)
{
	char *address = strchr(text, '@'), *end;
	unsigned long spi;

	if (!address)
		return key_refuse(at, "\"%s\" is no SPI@ADDRESS", text);
	*address++ = '\0';
	spi = strtoul(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || *end || spi > UINT32_MAX)
		return key_refuse(at, "SPI: \"%s\" is no number of 32 bits", text);
	sa->spi = (uint32_t)spi;
	sa->spi_mask = UINT32_MAX;
	return key_address(at, "address", address, 0, &sa->dst);
}

enum status
key_tcpdump_line(const struct key_line *at, char *text, struct key_set *set)
{
	struct key_sa *sa = key_set_add(set);
	char *place = text, *secret;
	enum status status = ST_OK;

	if (!sa)
		return ST_ERR_NOMEM;
	sa->line = at->line;
	text += strcspn(text, " \t");
	if (*text) {
		*text++ = '\0';
		text += strspn(text, " \t");
		if (!strcmp(place, "ikev2") || !strcmp(place, "file")) {
			sa->fallback = true;
			sa->proto = 0; /* for no packet */
			snprintf(sa->cannot, sizeof(sa->cannot), "lines \"%s ...\" are not read here", place);
			return ST_OK;
		}
		status = place_set(at, place, sa);
	} else {
		text = place;
		sa->fallback = true;
	}
	if (status != ST_OK)
		return status;
	secret = strchr(text, ':');
	if (!secret)
		return key_refuse(at, "\"%s\" is no ALGORITHM:SECRET, as in 3des-cbc-hmac96:0x0123...", text);
	*secret++ = '\0';
	status = key_secret(at, "secret", secret, sa->key, &sa->key_len);
	return status == ST_OK ? key_tcpdump_name_set(at, text, sa) : status;
}
