/* A table of text: cells are put in row by row, the first row is the heading, widths follow from what is
 * in it. */
#ifndef LAB_GRID_H
#define LAB_GRID_H

#include <stdbool.h>
#include <stdio.h>

#define GRID_CELL_BYTES 256
#define GRID_COLUMNS_MAX 16

struct grid {
	unsigned columns, n, room;
	unsigned left; /* bit c: column c is aligned to the left */
	char (*cell)[GRID_CELL_BYTES];
	bool failed; /* memory was short: nothing is printed */
};

/* columns at most GRID_COLUMNS_MAX. */
void grid_init(struct grid *grid, unsigned columns, unsigned left);
/* The next cell, as printf() formats it. */
void grid_cell(struct grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints at most HUMAN_COLUMNS wide (the first column gives way: long texts go on below, none is cut), with a
 * line under the heading, and frees. */
void grid_print(struct grid *grid, FILE *out);

#endif
