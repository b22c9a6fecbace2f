/* Sums and derived numbers that the JSON, the table and the comparison share, so that they cannot
 * disagree. */
#include <string.h>

#include "lab/loss.h"
#include "lab/report_priv.h"

double
report_ratio(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

uint64_t
report_lost(const struct result_flow *flow)
{
	uint64_t kept = flow->delivered + flow->held;

	return flow->sent > kept ? flow->sent - kept : 0;
}

void
report_sums(const struct result *result, struct report_sums *sums)
{
	*sums = (struct report_sums){0};
	for (unsigned c = 0; c < result->n_classes; c++) {
		const struct result_flow *class = &result->classes[c];

		sums->sent += class->sent;
		sums->delivered += class->delivered;
		sums->duplicates += class->duplicates;
		sums->clone_drops += class->clone_drops;
		sums->held += class->held;
		sums->lost += report_lost(class);
		for (unsigned d = 0; d < DROP_COUNT; d++)
			sums->loss[d] += class->drops[d];
	}
}

const char *
report_file_name(const struct cfg_lab *lab)
{
	const char *slash = lab->file ? strrchr(lab->file, '/') : NULL;

	return slash ? slash + 1 : lab->file ? lab->file : "";
}

uint64_t
report_arrived(const struct result_sa *sa)
{
	return sa->lag ? sa->lag->packets + sa->duplicates : 0;
}

bool
report_is_inside(const struct result_sa *sa)
{
	for (unsigned i = 0; i < sa->gateway->n_sas; i++) {
		const struct cfg_sa *other = &sa->gateway->sas[i];

		if (other->over != NULL && &sa->gateway->sas[other->over_index] == sa->cfg)
			return true;
	}
	return false;
}

bool
report_checks(const struct result_sa *sa)
{
	return sa->lag && sa->authenticated && sa->cfg->window;
}

uint32_t
report_lag_late(const struct lag *lag, double q)
{
	double wanted = q * (double)lag->late * (1 - 0x1p-50); /* q is rounded, as 0.99 */
	uint64_t seen = 0;

	for (uint32_t d = 1; d < LAG_MAX && lag->late; d++) {
		seen += lag->count[d];
		if (seen && (double)seen >= wanted)
			return d;
	}
	return lag->late ? LAG_MAX : 0;
}

/* Keeps the list ascending and without repetitions. */
static unsigned
window_insert(uint32_t *windows, unsigned n, uint32_t window)
{
	unsigned at = n;

	while (at && windows[at - 1] > window)
		at--;
	if (at && windows[at - 1] == window)
		return n;
	memmove(&windows[at + 1], &windows[at], (n - at) * sizeof(*windows));
	windows[at] = window;
	return n + 1;
}

unsigned
report_windows(uint32_t own, uint32_t windows[REPORT_WINDOWS_MAX])
{
	unsigned n = 0;

	for (uint32_t w = 1; w <= LAG_MAX; w *= 2)
		windows[n++] = w;
	n = window_insert(windows, n, 1000);
	n = window_insert(windows, n, 8128);
	return own && own <= LAG_MAX ? window_insert(windows, n, own) : n;
}
