/* Results at the end of a run: summary.json (docs/results.md), summary.txt, timings.json, and the table for a
 * terminal.  Determinism: all but timings.json depend on configuration and seed alone. */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include <stdio.h>

#include "base/status.h"
#include "lab/result.h"

#define REPORT_SCHEMA 1

/* Writes the three files into folder. */
enum status report_write(const struct result *result, const char *folder, char *message, size_t bytes);
/* The table of summary.txt. */
void report_table(const struct result *result, FILE *out);

/* One row a variant: what --variants prints to out (NULL: nowhere); also comparison.json and comparison.txt
 * in folder. */
struct report_variant {
	const char *name;
	const struct result *result;
};
enum status report_compare(const struct report_variant *variants, unsigned n, const char *folder, FILE *out,
	char *message, size_t bytes);

#endif
