/* libconfig 1.5 takes 4294967296 for 0 without a word: numbers beyond 32 bits want an L behind them.  A rate
 * of 10000000000 must not become another one, so the text is read here first, and each such number is written
 * anew, as hexadecimal with an L.  Lines stay where they are.
 *
 * Refused: numbers beyond 64 bits, NUL bytes, texts and comments without end, and @include, because a file
 * that came that way would not be read here first.  This is no parser; it knows tokens only: texts, comments,
 * names and numbers, as libconfig's scanner does. */
#include "config/scan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	const char *at, *end;
	char *out;
	unsigned line;
	char last; /* of the token before; 0: none */
	const char *what;
};

static void
copy_until(struct scan *scan, const char *stop)
{
	for (; scan->at < stop; scan->at++) {
		scan->line += *scan->at == '\n';
		*scan->out++ = *scan->at;
	}
}

/* Behind a text that begins here.  libconfig would leak one without an end, and name the last line for it. */
static const char *
end_of_text(struct scan *scan)
{
	const char *p = scan->at + 1;

	while (p < scan->end && *p != '"')
		p += *p == '\\' && p + 1 < scan->end ? 2 : 1;
	if (p < scan->end)
		return p + 1;
	scan->what = "a text begins here and has no end";
	return scan->at;
}

static const char *
end_of_comment(struct scan *scan)
{
	const char *p = scan->at;

	if (p[0] == '/' && p[1] == '*') {
		p = strstr(p + 2, "*/");
		if (p != NULL)
			return p + 2;
		scan->what = "a comment begins here and has no end";
		return scan->at;
	}
	p += strcspn(p, "\n");
	return p;
}

static const char *
end_of_name(const struct scan *scan)
{
	const char *p = scan->at;

	while (isalnum((unsigned char)*p) || *p == '-' || *p == '_' || *p == '*')
		p++;
	return p;
}

/* Writes a whole number of 64 bits; the digits run from `digits` to `end`. */
static void
put_whole(struct scan *scan, const char *digits, const char *end, unsigned base)
{
	bool negative = scan->at[0] == '-';
	uint64_t sum = 0;

	for (const char *p = digits; p < end; p++) {
		unsigned digit = isdigit((unsigned char)*p) ? (unsigned)(*p - '0')
							    : (unsigned)(*p | 0x20) - 'a' + 10;

		if (__builtin_mul_overflow(sum, base, &sum) || __builtin_add_overflow(sum, digit, &sum))
			scan->what = "a number has more than 64 bits";
	}
	if (negative && sum > INT64_MAX)
		scan->what = "a negative number has more than 64 bits";
	if (sum <= INT32_MAX || negative)
		scan->out += sprintf(scan->out, "%s%llu%s", negative ? "-" : "", (unsigned long long)sum,
			sum <= INT32_MAX ? "" : "L");
	else
		scan->out += sprintf(scan->out, "0x%llXL", (unsigned long long)sum);
	scan->at = end;
}

/* A number begins here: a whole one is written anew, a float is copied. */
static void
take_number(struct scan *scan)
{
	const char *digits = scan->at + (*scan->at == '-' || *scan->at == '+'), *p = digits;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && isxdigit((unsigned char)p[2])) {
		for (p += 2; isxdigit((unsigned char)*p); p++)
			;
		put_whole(scan, digits + 2, p, 16);
	} else {
		while (isdigit((unsigned char)*p))
			p++;
		if (*p == '.' || ((*p == 'e' || *p == 'E') && p[1] != '\0')) {
			for (p++; isalnum((unsigned char)*p) || *p == '.' || *p == '-' || *p == '+'; p++)
				;
			copy_until(scan, p);
			return;
		}
		put_whole(scan, digits, p, 10);
	}
	while (*scan->at == 'L') /* said already */
		scan->at++;
}

/* A text may follow these only; libconfig would leak one that stands elsewhere. */
static void
take_text(struct scan *scan)
{
	if (scan->last == '\0' || strchr("=:([,\"", scan->last) == NULL)
		scan->what = "a text cannot stand here: is something missing before it?";
	else
		copy_until(scan, end_of_text(scan));
}

static void
take_token(struct scan *scan)
{
	const char *p = scan->at;
	unsigned char c = (unsigned char)*p;

	if (c == '#' || (c == '/' && (p[1] == '/' || p[1] == '*'))) {
		copy_until(scan, end_of_comment(scan));
		return;
	}
	if (c == '"')
		take_text(scan);
	else if (isalpha(c) || c == '*')
		copy_until(scan, end_of_name(scan));
	else if (isdigit(c) || (strchr("+-.", c) != NULL && isdigit((unsigned char)p[1])))
		take_number(scan);
	else if (c == '@')
		scan->what = "@include is not supported";
	else
		copy_until(scan, p + 1);
	if (!isspace(c))
		scan->last = (char)c;
}

char *
scan_fix(const char *text, size_t bytes, unsigned *line, const char **what)
{
	/* The worst token is "9999999999", 10 bytes that become 14. */
	char *out = malloc(2 * bytes + 32);
	struct scan scan = {.at = text, .end = text + bytes, .out = out, .line = 1};

	*what = NULL;
	if (out == NULL)
		return NULL;
	if (memchr(text, '\0', bytes) != NULL)
		scan.what = "a NUL byte: this is no text file";
	while (scan.at < scan.end && scan.what == NULL)
		take_token(&scan);
	*scan.out++ = '\n'; /* libconfig wants one behind a comment */
	*scan.out = '\0';
	if (scan.what == NULL)
		return out;
	*what = scan.what;
	*line = scan.line;
	explicit_bzero(out, (size_t)(scan.out - out));
	free(out);
	return NULL;
}
