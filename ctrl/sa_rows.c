/* Sorts SAs into blocks.
 *
 * The networks of an SA are those of the first policy that names it; an inbound SA without a policy stands
 * with the first outbound one between the same ends, and what no policy speaks of is 0.0.0.0/0. */
#include "ctrl/sa_rows.h"

#include <stdlib.h>
#include <string.h>

static const struct cfg_prefix any = {.len = 0};

/* The first policy that names each SA; a policy that names an AH speaks of the ESP inside as well. */
static void
policies_find(const struct cfg_gateway *cfg, struct sa_row *rows, unsigned n)
{
	for (unsigned p = cfg->n_policies; p-- > 0;) {
		const struct cfg_policy *policy = &cfg->policies[p];
		uint32_t sa = policy->sa_index;

		if (policy->action != CFG_PROTECT || sa >= n)
			continue;
		rows[sa].policy = policy;
		if (rows[sa].sa->cfg->over && rows[sa].sa->cfg->over_index < n)
			rows[rows[sa].sa->cfg->over_index].policy = policy;
	}
}

static int
address_order(struct ip_addr a, struct ip_addr b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo != b.lo ? (a.lo < b.lo ? -1 : 1) : 0;
}

static int
prefix_order(const struct cfg_prefix *a, const struct cfg_prefix *b)
{
	int order = address_order(a->addr, b->addr);

	return order ? order : (int)a->len - (int)b->len;
}

int
sa_ends_order(const struct sa_row *a, const struct sa_row *b)
{
	int order = address_order(a->local, b->local);

	return order ? order : address_order(a->remote, b->remote);
}

int
sa_block_order(const struct sa_row *a, const struct sa_row *b)
{
	int order = sa_ends_order(a, b);

	if (!order)
		order = prefix_order(a->here, b->here);
	return order ? order : prefix_order(a->there, b->there);
}

/* By block, outbound before inbound, then as the configuration has them. */
static int
row_order(const void *a, const void *b)
{
	const struct sa_row *x = a, *y = b;
	int order = sa_block_order(x, y);

	if (!order)
		order = (int)sa_row_is_out(y) - (int)sa_row_is_out(x);
	return order ? order : (x->sa->index > y->sa->index) - (x->sa->index < y->sa->index);
}

static int
row_order_ends(const void *a, const void *b)
{
	const struct sa_row *x = a, *y = b;
	int order = sa_ends_order(x, y);

	if (!order)
		order = !x->policy - !y->policy;
	if (!order)
		order = (int)sa_row_is_out(y) - (int)sa_row_is_out(x);
	return order ? order : (x->sa->index > y->sa->index) - (x->sa->index < y->sa->index);
}

/* Those without a policy take the networks of the first between the same ends. */
static void
idents_fill(struct sa_row *rows, unsigned n)
{
	qsort(rows, n, sizeof(*rows), row_order_ends);
	for (unsigned i = 0, first = 0; i < n; i++) {
		struct sa_row *row = &rows[i];

		if (sa_ends_order(&rows[first], row))
			first = i;
		if (row->policy) {
			row->here = sa_row_is_out(row) ? &row->policy->src : &row->policy->dst;
			row->there = sa_row_is_out(row) ? &row->policy->dst : &row->policy->src;
		} else {
			row->here = first < i ? rows[first].here : &any;
			row->there = first < i ? rows[first].there : &any;
		}
	}
}

/* All SAs, or that of this name, block by block; NULL where memory is short. */
static struct sa_row *
rows_create(const struct snap *snap, const char *name, unsigned *n)
{
	struct sa_row *rows = calloc(snap->n_sas + 1u, sizeof(*rows));
	unsigned kept = 0;

	if (!rows)
		return NULL;
	for (unsigned i = 0; i < snap->n_sas; i++) {
		const struct cfg_sa *cfg = snap->sas[i].cfg;
		bool out = cfg->direction == CFG_OUT;

		rows[i].sa = &snap->sas[i];
		rows[i].local = out ? cfg->src : cfg->dst;
		rows[i].remote = out ? cfg->dst : cfg->src;
	}
	policies_find(snap->cfg, rows, snap->n_sas);
	for (unsigned i = 0; i < snap->n_sas; i++)
		if (!name || !strcmp(rows[i].sa->cfg->name, name))
			rows[kept++] = rows[i];
	idents_fill(rows, kept);
	qsort(rows, kept, sizeof(*rows), row_order);
	*n = kept;
	return rows;
}

struct sa_row *
sa_rows_get(struct command_call *call, const struct snap *snap, const char *name, unsigned *n)
{
	struct sa_row *rows = rows_create(snap, name, n);

	if (!rows) {
		out_error(call->out, ST_ERR_NOMEM, "%s", status_text(ST_ERR_NOMEM));
	} else if (name && !*n) {
		out_error(call->out, ST_ERR_NOT_FOUND, "There is no SA \"%s\"", name);
		free(rows);
		rows = NULL;
	}
	return rows;
}

void
sa_ident_text(const struct cfg_prefix *prefix, const struct cfg_policy *policy, bool source, char *out,
	size_t bytes)
{
	bool v4 = ip_is_v4(prefix->addr) || !prefix->len;
	unsigned bits = v4 && prefix->len ? prefix->len - IP_V4_LEN : 0;
	uint32_t mask = bits ? UINT32_MAX << (32 - bits) : 0;
	unsigned proto = policy && policy->proto < 256 ? policy->proto : 0, port = 0;
	char address[IP_TEXT_BYTES], length[IP_TEXT_BYTES];
	struct ip_addr net = prefix->addr;

	if (policy && policy->sport.lo == policy->sport.hi && source)
		port = policy->sport.lo;
	if (policy && policy->dport.lo == policy->dport.hi && !source)
		port = policy->dport.lo;
	if (v4)
		net = ip_v4(ip_v4_of(net) & mask);
	ip_text(net, address);
	if (v4)
		ip_text(ip_v4(mask), length);
	else
		snprintf(length, sizeof(length), "%u", prefix->len);
	snprintf(out, bytes, "%s/%s/%u/%u", address, length, proto, port);
}
