/* Collects faults and finds nearest words.
 *
 * A word is near where at most a third of its letters, rounded up, must change.  Words longer than 63 letters
 * are near nothing. */
#include "config/faults.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/distance.h"

#define LINE_MAX_BYTES 2048

void
faults_init(struct faults *faults, char *message, size_t bytes)
{
	*faults = (struct faults){.message = message, .bytes = bytes};
	if (bytes)
		message[0] = '\0';
}

/* Appends to a line; what does not fit is cut. */
static void put(char line[LINE_MAX_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
put(char line[LINE_MAX_BYTES], const char *format, ...)
{
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, LINE_MAX_BYTES - used, format, args);
	va_end(args);
}

/* True where that line was said already: a default of a link that is wrong is wrong in each of its paths. */
static bool
is_said(const struct faults *faults, const char *line)
{
	size_t n = strlen(line);
	const char *found = faults->bytes ? faults->message : NULL;

	while (found != NULL && (found = strstr(found, line)) != NULL) {
		bool starts = found == faults->message || found[-1] == '\n';

		if (starts && (found[n] == '\0' || found[n] == '\n'))
			return true;
		found += n;
	}
	return false;
}

static void
say(struct faults *faults, const char *line)
{
	size_t room = faults->bytes - faults->used;
	int n = room ? snprintf(faults->message + faults->used, room, "%s%s", faults->used ? "\n" : "", line)
		     : 0;

	if (n > 0)
		faults->used += (size_t)n < room ? (size_t)n : room - 1;
}

void
fault(struct faults *faults, const struct fault_at *at, const char *format, ...)
{
	char line[LINE_MAX_BYTES] = "";
	va_list args;

	if (faults->variant != NULL)
		put(line, "variant \"%s\": ", faults->variant);
	if (at->file == NULL)
		put(line, "--set %s: ", at->path);
	else if (at->line == 0)
		put(line, "%s: ", at->file);
	else
		put(line, "%s:%u: ", at->file, at->line);
	if (at->file != NULL && at->path != NULL)
		put(line, "%s: ", at->path);
	va_start(args, format);
	vsnprintf(line + strlen(line), sizeof(line) - strlen(line), format, args);
	va_end(args);
	if (is_said(faults, line))
		return;
	faults->count++;
	if (faults->said++ < FAULTS_MAX)
		say(faults, line);
}

void
nearest_init(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){.word = word, .distance = (unsigned)((strlen(word) + 2) / 3) + 1};
}

void
nearest_offer(struct nearest *nearest, const char *candidate)
{
	bool same = strcasecmp(nearest->word, candidate) == 0; /* "mb/s" is meant to be "Mb/s" */
	unsigned d = same ? 0
			  : text_distance(nearest->word, strlen(nearest->word), candidate, strlen(candidate));

	if (d < nearest->distance) {
		nearest->distance = d;
		nearest->best = candidate;
	}
}

const char *
nearest_text(struct nearest *nearest)
{
	nearest->text[0] = '\0';
	if (nearest->best != NULL)
		snprintf(nearest->text, sizeof(nearest->text), "; did you mean \"%s\"?", nearest->best);
	return nearest->text;
}
