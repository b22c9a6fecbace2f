/* Wireshark's esp_sa file, versions 2 to 4: protocol, source, destination, SPI, encryption, its key,
 * authentication, its key, and in newer versions the length of the sequence number and its upper half.
 *
 * Fields are in quotes, with \" , \\ and \xHH inside.  Stars are those of Wireshark: for a whole address, and
 * for single digits of the SPI. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "capture/key_priv.h"

#define FIELDS_MIN 8u
#define FIELDS_MAX 10u

enum field { F_PROTO, F_SRC, F_DST, F_SPI, F_CIPHER, F_KEY, F_AUTH, F_AUTH_KEY, F_SN_BITS, F_SN_UPPER };

/* One escaped character of a field; *text is behind the backslash and moves. */
static char
escape_read(const char **text)
{
	const char *t = *text;
	char digits[3];

	if (*t == 'x' && isxdigit((unsigned char)t[1]) && isxdigit((unsigned char)t[2])) {
		memcpy(digits, t + 1, 2);
		digits[2] = '\0';
		*text += 3;
		return (char)strtoul(digits, NULL, 16);
	}
	*text += *t != '\0';
	return *t;
}

/* Unquotes the field in place; NULL where the quote is not closed. */
static char *
field_cut(char *text, char **field)
{
	const char *from = text + 1;
	char *to = text;

	*field = text;
	while (*from && *from != '"') {
		char c = *from++;

		*to++ = c == '\\' ? escape_read(&from) : c;
	}
	if (*from != '"')
		return NULL;
	*to = '\0';
	return text + (from + 1 - text);
}

static enum status
fields_cut(const struct key_line *at, char *text, char *fields[FIELDS_MAX], unsigned *n)
{
	for (*n = 0; *n < FIELDS_MAX; text++) {
		text += strspn(text, " \t");
		if (*text != '"')
			return key_refuse(at, "field %u does not begin with a quote", *n + 1);
		text = field_cut(text, &fields[*n]);
		++*n;
		if (!text)
			return key_refuse(at, "field %u has no closing quote", *n);
		text += strspn(text, " \t");
		if (*text == '\0')
			break;
		if (*text != ',')
			return key_refuse(at, "'%c' behind field %u; fields are split by commas", *text, *n);
	}
	if (*n < FIELDS_MIN)
		return key_refuse(at,
			"%u fields; an SA has %u: protocol, source, destination, SPI, encryption, key, "
			"authentication, key",
			*n, FIELDS_MIN);
	return ST_OK;
}

/* "0x1001", "4097", "*", or digits of which some are stars: "0x000010**". */
static enum status
spi_set(const struct key_line *at, const char *text, struct key_sa *sa)
{
	const char *digit = text;
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;
	unsigned n = 0;

	if (!strcmp(text, "*"))
		return ST_OK; /* the mask is 0 */
	sa->spi_mask = UINT32_MAX;
	if (!hex) {
		unsigned long value = strtoul(text, &end, 10);

		sa->spi = (uint32_t)value;
		if (isdigit((unsigned char)text[0]) && !*end && value <= UINT32_MAX)
			return ST_OK;
		return key_refuse(at, "SPI: \"%s\" is none; allowed: 0x and 8 digits, a number, or *", text);
	}
	for (digit += 2; *digit; digit++, n++) {
		char one[2] = {*digit, '\0'};

		if (n == 8 || (!isxdigit((unsigned char)*digit) && *digit != '*'))
			return key_refuse(
				at, "SPI: \"%s\" is none; allowed: 0x and 8 digits, a number, or *", text);
		sa->spi = sa->spi << 4 | (*digit == '*' ? 0 : (uint32_t)strtoul(one, NULL, 16));
		sa->spi_mask = sa->spi_mask << 4 | (*digit == '*' ? 0 : 15u);
	}
	return n ? ST_OK : key_refuse(at, "SPI: no digits behind 0x");
}

static enum status
number_set(const struct key_line *at, unsigned n, char *const fields[FIELDS_MAX], struct key_sa *sa)
{
	char *end;
	unsigned long upper;

	if (n <= F_SN_BITS)
		return ST_OK;
	sa->esn = !strcmp(fields[F_SN_BITS], "64-bit");
	if (!sa->esn && strcmp(fields[F_SN_BITS], "32-bit"))
		return key_refuse(at, "length of the sequence number: \"%s\"; allowed: 32-bit, 64-bit",
			fields[F_SN_BITS]);
	if (n <= F_SN_UPPER || !fields[F_SN_UPPER][0])
		return ST_OK;
	upper = strtoul(fields[F_SN_UPPER], &end, 16);
	if (*end || upper > UINT32_MAX)
		return key_refuse(at, "upper half of the sequence number: \"%s\" is no hexadecimal number",
			fields[F_SN_UPPER]);
	if (sa->esn)
		sa->first_seq = (uint64_t)upper << 32 | 1;
	return ST_OK;
}

static enum status
family_read(const struct key_line *at, const char *text, unsigned *family)
{
	*family = strcasecmp(text, "IPv4") == 0 ? 4 : strcasecmp(text, "IPv6") == 0 ? 6 : 0;
	if (*family || strcasecmp(text, "Any") == 0)
		return ST_OK;
	return key_refuse(at, "protocol: \"%s\"; allowed: IPv4, IPv6, Any", text);
}

enum status
key_esp_sa_line(const struct key_line *at, char *text, struct key_set *set)
{
	struct key_sa *sa = key_set_add(set);
	char *fields[FIELDS_MAX];
	unsigned n, family;
	enum status status = sa ? fields_cut(at, text, fields, &n) : ST_ERR_NOMEM;

	if (status != ST_OK)
		return status;
	sa->line = at->line;
	status = family_read(at, fields[F_PROTO], &family);
	if (status == ST_OK)
		status = key_address(at, "source", fields[F_SRC], family, &sa->src);
	if (status == ST_OK)
		status = key_address(at, "destination", fields[F_DST], family, &sa->dst);
	if (status == ST_OK)
		status = spi_set(at, fields[F_SPI], sa);
	if (status == ST_OK)
		status = key_secret(at, "encryption key", fields[F_KEY], sa->key, &sa->key_len);
	if (status == ST_OK)
		status = key_secret(
			at, "authentication key", fields[F_AUTH_KEY], sa->auth_key, &sa->auth_key_len);
	if (status == ST_OK)
		status = number_set(at, n, fields, sa);
	return status == ST_OK ? key_names_set(at, fields[F_CIPHER], fields[F_AUTH], sa) : status;
}
