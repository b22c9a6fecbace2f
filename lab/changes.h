/* What is changed during the run, at its instant, before anybody else is turned (cfg_lab.changes). */
#ifndef LAB_CHANGES_H
#define LAB_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct changes;
struct lab;

enum status changes_create(struct lab *lab, struct changes **changes);
void changes_destroy(struct changes *changes);
/* Does what is due; true where there was anything. */
bool changes_run(struct changes *changes, uint64_t now);
uint64_t changes_next_due(const struct changes *changes);

#endif
