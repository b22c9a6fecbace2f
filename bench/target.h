/* What esplab aims at, for a line of a measurement (target.def). */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include "bench/esp.h"

struct bench_target {
	double cycles; /* at most, without ports; 0: no aim */
	double ratio;  /* at most, to the cryptography alone; 0: no aim */
};

/* Both 0 where nothing is aimed at. */
struct bench_target bench_target_of(
	const struct bench_esp_request *request, const struct bench_row_request *row);

#endif
