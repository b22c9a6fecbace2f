/* Changes of a run as steps in order of time: a port gets its MTU and its tunnels go down; later they are up.
 *
 * The peer of a tunnel is told nothing, and sends on: what arrives meanwhile has an SPI that nobody knows. */
#include "lab/changes.h"

#include <stdlib.h>

#include "dataplane/tunnel.h"
#include "lab/lab_priv.h"

struct step {
	uint64_t at;
	const struct cfg_change *change;
	bool up;
};

struct changes {
	struct lab *lab;
	unsigned n, next;
	struct step step[];
};

static void
step_add(struct changes *changes, uint64_t at, const struct cfg_change *change, bool up)
{
	unsigned i = changes->n++;

	for (; i && changes->step[i - 1].at > at; i--)
		changes->step[i] = changes->step[i - 1];
	changes->step[i] = (struct step){at, change, up};
}

enum status
changes_create(struct lab *lab, struct changes **out)
{
	const struct cfg_lab *cfg = lab->cfg;
	struct changes *changes = calloc(1, sizeof(*changes) + cfg->n_changes * 2 * sizeof(struct step));

	*out = changes;
	if (!changes)
		return ST_ERR_NOMEM;
	changes->lab = lab;
	for (unsigned i = 0; i < cfg->n_changes; i++) {
		const struct cfg_change *change = &cfg->changes[i];

		if (!change->at)
			continue;
		step_add(changes, change->at, change, false);
		step_add(changes, change->at + change->renegotiate, change, true);
	}
	return ST_OK;
}

void
changes_destroy(struct changes *changes)
{
	free(changes);
}

static void
step_do(struct lab *lab, const struct step *step)
{
	const struct cfg_end *end = &step->change->end;
	struct dp *dp = lab->gateways[end->node - lab->cfg->n_hosts].dp;

	if (step->up) {
		tunnel_port_up(dp, end->port);
	} else {
		tunnel_port_mtu(dp, end->port, step->change->mtu);
		tunnel_port_down(dp, end->port);
	}
}

bool
changes_run(struct changes *changes, uint64_t now)
{
	unsigned first = changes->next;

	while (changes->next < changes->n && changes->step[changes->next].at <= now)
		step_do(changes->lab, &changes->step[changes->next++]);
	return changes->next > first;
}

uint64_t
changes_next_due(const struct changes *changes)
{
	return changes->next < changes->n ? changes->step[changes->next].at : TIME_NEVER;
}
