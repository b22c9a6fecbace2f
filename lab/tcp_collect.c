/* What connections found out, class by class. */
#include <string.h>

#include "lab/lab_priv.h"
#include "lab/tcp_ends.h"

static enum status
class_find(struct result *r, const char *name, struct result_tcp **class)
{
	for (unsigned i = 0; i < r->n_tcp; i++) {
		*class = &r->tcp[i];
		if (!strcmp((*class)->class_name, name))
			return ST_OK;
	}
	*class = &r->tcp[r->n_tcp];
	**class = (struct result_tcp){.class_name = name, .rtt_min = UINT64_MAX};
	if (!delay_init(&(*class)->completed))
		return ST_ERR_NOMEM;
	r->n_tcp++;
	return ST_OK;
}

static void
end_add(struct result_tcp *class, const struct tcp_end *end)
{
	const struct tcp_stats *s = tcp_conn_stats(end->conn);
	enum tcp_state state = tcp_conn_state(end->conn);
	uint64_t srtt = tcp_srtt(end->conn);

	if (end->app.client) {
		class->connections++;
		class->established += srtt > 0;
		class->closed += state == TCP_TIME_WAIT;
	}
	class->reset += s->reset;
	class->gave_up += s->gave_up;
	class->segments += s->segments_out;
	class->retransmits += s->retransmits;
	class->timeouts += s->timeouts;
	class->recoveries += s->recoveries;
	class->ecn_reductions += s->ecn_reductions;
	class->path_mtu_changes += s->path_mtu_changes;
	class->window_probes += s->window_probes;
	class->duplicate_bytes += s->duplicate_bytes;
	if (srtt && end->app.client) {
		class->srtt_sum += srtt;
		class->srtt_count++;
		class->srtt_max = srtt > class->srtt_max ? srtt : class->srtt_max;
	}
	class->rtt_min = time_min(class->rtt_min, s->rtt_min);
}

static double
rate(uint64_t bytes, uint64_t ns)
{
	return ns ? (double)bytes * 8 * (double)NS_PER_SEC / (double)ns : 0;
}

/* From the start to the end of the source, or to the last byte of transfers that were all complete by then.
 */
static void
outcome_add(struct result_tcp *class, const struct tcp_source *source)
{
	const struct tcp_outcome *o = &source->outcome;
	bool over = source->cfg->bytes && o->finished == source->n && !o->late_there;
	uint64_t end = over ? o->last : o->stop, ns = end > o->start ? end - o->start : 0;

	class->bytes_there += o->bytes_there + o->late_there;
	class->bytes_back += o->bytes_back + o->late_back;
	class->goodput_there += rate(o->bytes_there, ns);
	class->goodput_back += rate(o->bytes_back, ns);
	delay_merge(&class->completed, &o->completed);
}

enum status
tcp_collect(const struct lab *lab, struct result *r)
{
	for (unsigned t = 0; t < lab->cfg->n_traffic; t++) {
		const struct tcp_source *source = lab->tcp[t];
		struct result_tcp *class;
		enum status status;

		if (!source)
			continue;
		status = class_find(r, source->cfg->class_name, &class);
		if (status)
			return status;
		for (uint32_t i = 0; i < 2 * source->n; i++)
			end_add(class, &source->ends[i]);
		outcome_add(class, source);
	}
	return ST_OK;
}
