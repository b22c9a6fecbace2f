/* Tables of text.  ASCII only: a byte is a column.  What is too long for the first column goes on below. */
#include "lab/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lab/human.h"

#define GAP 2u
#define FIRST_MIN 8u /* the first column gives way down to this */
#define INDENT 2u    /* of what goes on below */

void
grid_init(struct grid *grid, unsigned columns, unsigned left)
{
	*grid = (struct grid){.columns = columns, .left = left};
}

static bool
grid_grow(struct grid *grid)
{
	unsigned room = grid->room ? 2 * grid->room : 128;
	char(*cell)[GRID_CELL_BYTES] = realloc(grid->cell, room * sizeof(*cell));

	if (!cell) {
		grid->failed = true;
		return false;
	}
	grid->cell = cell;
	grid->room = room;
	return true;
}

void
grid_cell(struct grid *grid, const char *format, ...)
{
	va_list args;

	if (grid->failed || (grid->n == grid->room && !grid_grow(grid)))
		return;
	va_start(args, format);
	vsnprintf(grid->cell[grid->n++], GRID_CELL_BYTES, format, args);
	va_end(args);
}

static void
widths_find(const struct grid *grid, unsigned *width)
{
	unsigned total = GAP * (grid->columns - 1);

	memset(width, 0, grid->columns * sizeof(*width));
	for (unsigned i = 0; i < grid->n; i++) {
		unsigned bytes = (unsigned)strlen(grid->cell[i]);

		if (bytes > width[i % grid->columns])
			width[i % grid->columns] = bytes;
	}
	for (unsigned c = 0; c < grid->columns; c++)
		total += width[c];
	while (total > HUMAN_COLUMNS && width[0] > FIRST_MIN) {
		width[0]--;
		total--;
	}
}

/* How much of a text stands in a line: up to the last blank that fits, or else what fits. */
static unsigned
text_fit(const char *text, unsigned width)
{
	unsigned bytes = (unsigned)strnlen(text, width + 1), blank = bytes;

	if (bytes <= width)
		return bytes;
	while (blank && text[blank - 1] != ' ')
		blank--;
	return blank > 1 ? blank - 1 : width;
}

static void
rest_print(const char *text, unsigned width, FILE *out)
{
	while (*text) {
		unsigned bytes = text_fit(text, width - INDENT);

		fprintf(out, "%*s%.*s\n", (int)INDENT, "", (int)bytes, text);
		text += bytes;
		text += *text == ' ';
	}
}

/* Blanks are written before what follows them, so that lines do not end in any. */
static void
row_print(const struct grid *grid, unsigned first, const unsigned *width, FILE *out)
{
	const char *rest = grid->cell[first] + text_fit(grid->cell[first], width[0]);
	unsigned blanks = 0;

	for (unsigned c = 0; c < grid->columns && first + c < grid->n; c++) {
		const char *text = grid->cell[first + c];
		unsigned bytes = text_fit(text, width[c]), fill = width[c] - bytes;
		bool left = grid->left >> c & 1u;

		blanks += left ? 0 : fill;
		if (bytes) {
			fprintf(out, "%*s%.*s", (int)blanks, "", (int)bytes, text);
			blanks = 0;
		}
		blanks += GAP + (left ? fill : 0);
	}
	fputc('\n', out);
	rest_print(rest + (*rest == ' '), width[0], out);
}

static void
line_print(const struct grid *grid, const unsigned *width, FILE *out)
{
	for (unsigned c = 0; c < grid->columns; c++) {
		fprintf(out, "%*s", c ? (int)GAP : 0, "");
		for (unsigned i = 0; i < width[c]; i++)
			fputc('-', out);
	}
	fputc('\n', out);
}

void
grid_print(struct grid *grid, FILE *out)
{
	unsigned width[GRID_COLUMNS_MAX];

	if (!grid->failed) {
		widths_find(grid, width);
		for (unsigned i = 0; i < grid->n; i += grid->columns) {
			row_print(grid, i, width, out);
			if (i == 0)
				line_print(grid, width, out);
		}
	}
	free(grid->cell);
	*grid = (struct grid){0};
}
