/* Numbers and sentences for people. */
#include "lab/human.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

struct human
human_count(uint64_t n)
{
	struct human h;
	char *at = h.text + sizeof(h.text) - 1;
	unsigned digits = 0;

	*at = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + n % 10);
		n /= 10;
		digits++;
	} while (n);
	memmove(h.text, at, strlen(at) + 1);
	return h;
}

struct human
human_percent(uint64_t part, uint64_t whole)
{
	struct human h = {"-"};
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (whole && (part == 0 || part == whole))
		snprintf(h.text, sizeof(h.text), "%d %%", part ? 100 : 0);
	else if (whole && percent < 0.01)
		snprintf(h.text, sizeof(h.text), "<0.01 %%");
	else if (whole && percent >= 99.9 && percent < 100)
		snprintf(h.text, sizeof(h.text), ">99.9 %%");
	else if (whole)
		snprintf(h.text, sizeof(h.text), "%.*f %%", percent < 1 ? 2 : 1, percent);
	return h;
}

/* value * 1/scale with three significant digits. */
static void
digits_write(struct human *h, uint64_t ns, uint64_t scale, const char *unit)
{
	double value = (double)ns / (double)scale;

	snprintf(h->text, sizeof(h->text), "%.*f %s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, unit);
}

struct human
human_time(uint64_t ns)
{
	struct human h;

	if (ns < 1000)
		snprintf(h.text, sizeof(h.text), "%" PRIu64 " ns", ns);
	else if (ns < 999500)
		digits_write(&h, ns, 1000, "us");
	else if (ns < 999500000)
		digits_write(&h, ns, 1000000, "ms");
	else
		digits_write(&h, ns, 1000000000, "s");
	return h;
}

struct human
human_rate(double bits)
{
	uint64_t b = (uint64_t)bits;
	struct human h;

	if (b < 1000)
		snprintf(h.text, sizeof(h.text), "%" PRIu64 " b/s", b);
	else if (b < 999500)
		digits_write(&h, b, 1000, "kb/s");
	else if (b < 999500000)
		digits_write(&h, b, 1000000, "Mb/s");
	else
		digits_write(&h, b, 1000000000, "Gb/s");
	return h;
}

void
human_text(FILE *out, const char *format, ...)
{
	char text[1024], *word = text, *rest;
	size_t column = 0, bytes;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (; *word; word = rest) {
		bytes = strcspn(word, " ");
		if (column && column + 1 + bytes > HUMAN_COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		fprintf(out, "%s%.*s", column ? " " : "", (int)bytes, word);
		column += bytes + (column != 0);
		rest = word + bytes;
		rest += *rest == ' ';
	}
	fputc('\n', out);
}
