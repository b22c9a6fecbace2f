/* What is wrong with a configuration: the first 20 faults, one line each, in the caller's buffer; and the
 * nearest known word to an unknown one.  One thread. */
#ifndef CONFIG_FAULTS_H
#define CONFIG_FAULTS_H

#include <stddef.h>

#define FAULTS_MAX 20

struct faults {
	char *message; /* of the caller; always terminated where bytes > 0 */
	size_t bytes, used;
	unsigned said;	     /* lines, also beyond FAULTS_MAX */
	unsigned count;	     /* of this laboratory: begins at 0 for each variant */
	const char *variant; /* name of the variant that is being checked, or NULL */
};

/* Where the fault is: file:line, or by --set, in which case file is NULL. */
struct fault_at {
	const char *file;
	unsigned line;
	const char *path; /* "gateways.gwb.sas.a-b.window"; NULL: the file as a whole */
};

void faults_init(struct faults *faults, char *message, size_t bytes);
void fault(struct faults *faults, const struct fault_at *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Looks for the known word nearest to `word` by edit distance. */
struct nearest {
	const char *word;
	const char *best; /* NULL: none is near */
	unsigned distance;
	char text[96];
};

void nearest_init(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *candidate);
/* "; did you mean \"window\"?", or "". */
const char *nearest_text(struct nearest *nearest);

#endif
