/* Numbers as people read them: "1,234", "2.2 %", "20.1 ms".  Plain ASCII. */
#ifndef LAB_HUMAN_H
#define LAB_HUMAN_H

#include <stdint.h>
#include <stdio.h>

#define HUMAN_COLUMNS 100 /* width of tables and texts */

/* By value, so that a call can stand among printf's arguments. */
struct human {
	char text[32];
};

struct human human_count(uint64_t n);
/* part of whole; "-" where whole is 0.  What is not nothing never reads 0 %, what is not all never 100 %. */
struct human human_percent(uint64_t part, uint64_t whole);
/* Three significant digits and ns, us, ms or s. */
struct human human_time(uint64_t ns);
/* Three significant digits and b/s, kb/s, Mb/s or Gb/s. */
struct human human_rate(double bits);

/* Words broken into lines of HUMAN_COLUMNS, as printf() formats them; at most 1023 bytes. */
void human_text(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
