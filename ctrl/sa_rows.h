/* SAs in the order in which IOS prints them: in blocks, one for each pair of tunnel ends and each pair of
 * networks between them.  Used inside ctrl/ only. */
#ifndef CTRL_SA_ROWS_H
#define CTRL_SA_ROWS_H

#include "ctrl/ctrl_priv.h"

/* An SA, as its block is called. */
struct sa_row {
	const struct snap_sa *sa;
	struct ip_addr local, remote;	       /* tunnel ends */
	const struct cfg_policy *policy;       /* NULL: none names it */
	const struct cfg_prefix *here, *there; /* networks; NULL with policy NULL */
};

static inline bool
sa_row_is_out(const struct sa_row *row)
{
	return row->sa->cfg->direction == CFG_OUT;
}

/* All SAs, or that of this name, block by block, to be freed; NULL where memory is short or there is none of
 * that name, which the answer then says. */
struct sa_row *sa_rows_get(struct command_call *call, const struct snap *snap, const char *name, unsigned *n);
/* 0 where both are of one pair of ends, of one block. */
int sa_ends_order(const struct sa_row *a, const struct sa_row *b);
int sa_block_order(const struct sa_row *a, const struct sa_row *b);

/* A network of a policy with its protocol, and the port of the side that is meant:
 * "10.1.0.0/255.255.0.0/0/0", "2001:db8::/48/0/0".  policy: NULL where there is none. */
void sa_ident_text(const struct cfg_prefix *prefix, const struct cfg_policy *policy, bool source, char *out,
	size_t bytes);

#endif
