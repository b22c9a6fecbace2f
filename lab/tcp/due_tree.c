/* A tree of minima. */
#include "lab/tcp/due_tree.h"

#include <stdlib.h>

#include "base/clock.h"

enum status
due_tree_init(struct due_tree *tree, uint32_t n)
{
	tree->leaves = 1;
	while (tree->leaves < n)
		tree->leaves *= 2;
	tree->node = malloc(2 * (size_t)tree->leaves * sizeof(*tree->node));
	if (!tree->node)
		return ST_ERR_NOMEM;
	for (uint32_t i = 0; i < 2 * tree->leaves; i++)
		tree->node[i] = TIME_NEVER;
	return ST_OK;
}

void
due_tree_fini(struct due_tree *tree)
{
	free(tree->node);
}

void
due_tree_set(struct due_tree *tree, uint32_t index, uint64_t due)
{
	uint32_t i = tree->leaves + index;

	tree->node[i] = due;
	while (i > 1) {
		uint64_t least = time_min(tree->node[i], tree->node[i ^ 1]);

		i /= 2;
		if (tree->node[i] == least)
			return;
		tree->node[i] = least;
	}
}

uint32_t
due_tree_first(const struct due_tree *tree)
{
	uint32_t i = 1;

	if (tree->node[1] == TIME_NEVER)
		return UINT32_MAX;
	while (i < tree->leaves)
		i = tree->node[2 * i] == tree->node[i] ? 2 * i : 2 * i + 1;
	return i - tree->leaves;
}
