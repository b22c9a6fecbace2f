/* Arguments of commands: see words.h.  Does not know which option means what. */
#include "app/words.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/distance.h"

#define NUMBER_BYTES 24u /* longer ones are out of every range */

int
options_take(int argc, char **argv, const char *letters, const struct option *options, const char *usage,
	bool (*take)(void *request, int option), void *request)
{
	int c;

	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return APP_OK;
		}
		if (c == '?') { /* getopt has told */
			fputs(usage, stderr);
			return APP_USAGE;
		}
		if (!take(request, c))
			return APP_USAGE;
	}
	return -1;
}

void
word_offer(struct word_nearest *nearest, const char *name)
{
	unsigned distance = text_distance(nearest->text, strlen(nearest->text), name, strlen(name));

	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->name = name;
	}
}

int
word_choose(const char *command, const char *option, const char *text, const char *const *words, unsigned n)
{
	struct word_nearest nearest = {text, words[0], UINT_MAX};

	for (unsigned i = 0; i < n; i++) {
		word_offer(&nearest, words[i]);
		if (nearest.distance == 0)
			return (int)i;
	}
	fprintf(stderr, "%s: %s wants ", command, option);
	for (unsigned i = 0; i < n; i++)
		fprintf(stderr, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
	fprintf(stderr, ", not \"%s\"; did you mean \"%s\"?\n", text, nearest.name);
	return -1;
}

bool
number_read(
	const char *command, const char *option, const char *text, uint32_t lo, uint32_t hi, uint32_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end = NULL;
	unsigned long long number = 0;

	if (isdigit((unsigned char)text[0]) && strlen(text) < NUMBER_BYTES)
		number = strtoull(text, &end, hex ? 16 : 10);
	if (!end || *end || number < lo || number > hi) {
		fprintf(stderr, "%s: %s wants a number from %u to %u, not \"%s\"\n", command, option, lo, hi,
			text);
		return false;
	}
	*value = (uint32_t)number;
	return true;
}

bool
numbers_read(const char *command, const char *option, const char *text, uint32_t lo, uint32_t hi,
	uint32_t *values, unsigned *n, unsigned max)
{
	char one[NUMBER_BYTES + 1];

	for (;; text++) {
		size_t bytes = strcspn(text, ",");

		snprintf(one, sizeof(one), "%.*s", (int)bytes, text);
		if (*n == max) {
			fprintf(stderr, "%s: %s takes at most %u numbers\n", command, option, max);
			return false;
		}
		if (!number_read(command, option, one, lo, hi, &values[*n]))
			return false;
		(*n)++;
		text += bytes;
		if (*text == '\0')
			return true;
	}
}
