/* Due times of many, the least of them at once, and who it is: a tree of minima, so that changing one costs
 * as many steps as the tree is high.  Of equal ones the lowest index comes first.  No EAL. */
#ifndef LAB_TCP_DUE_TREE_H
#define LAB_TCP_DUE_TREE_H

#include <stdint.h>

#include "base/status.h"

struct due_tree {
	uint64_t *node; /* 1 is the root; leaves from `leaves` on */
	uint32_t leaves;
};

/* n may be 0; all are TIME_NEVER. */
enum status due_tree_init(struct due_tree *tree, uint32_t n);
void due_tree_fini(struct due_tree *tree);
void due_tree_set(struct due_tree *tree, uint32_t index, uint64_t due);
/* Who is due next; UINT32_MAX where nobody ever is. */
uint32_t due_tree_first(const struct due_tree *tree);

static inline uint64_t
due_tree_least(const struct due_tree *tree)
{
	return tree->node[1];
}

#endif
