/* An SA in summary.json: counters, and the sequence lag of an inbound one, from which the loss of every
 * window follows: with window W the packets with lag >= W are lost. */
#include "config/words.h"
#include "lab/report_priv.h"

static const struct {
	const char *key;
	double q;
} keeps[] = {{"1", 1}, {"0.9999", 0.9999}, {"0.999", 0.999}, {"0.99", 0.99}};

static void
losses_json(struct json_out *json, const struct lag *lag, uint32_t own)
{
	uint32_t windows[REPORT_WINDOWS_MAX];
	uint64_t losses[REPORT_WINDOWS_MAX];
	unsigned n = report_windows(own, windows);

	lag_losses(lag, windows, n, losses);
	jout_array(json, "loss_by_window");
	for (unsigned i = 0; i < n; i++) {
		jout_object_flat(json, NULL);
		jout_u64(json, "window", windows[i]);
		jout_u64(json, "lost", losses[i]);
		jout_real(json, "ratio", report_ratio(losses[i], lag->packets));
		jout_object_end(json);
	}
	jout_array_end(json);
}

static void
window_for_json(struct json_out *json, const struct lag *lag)
{
	jout_object_flat(json, "window_for");
	for (unsigned i = 0; i < sizeof(keeps) / sizeof(*keeps); i++) {
		uint32_t window = lag_window(lag, keeps[i].q);

		if (window > LAG_MAX)
			jout_null(json, keeps[i].key);
		else
			jout_u64(json, keeps[i].key, window);
	}
	jout_object_end(json);
}

/* All of it, sparse: whoever has another window in mind can sum it up. */
static void
histogram_json(struct json_out *json, const struct lag *lag)
{
	/* pages behind the largest lag were never touched */
	uint32_t last = lag->lag_max < LAG_MAX ? (uint32_t)lag->lag_max : LAG_MAX;

	jout_array_flat(json, "histogram");
	for (uint32_t d = 0; d <= last; d++) {
		uint64_t count = d ? lag->count[d] : lag->packets - lag->late;

		if (!count)
			continue;
		jout_array(json, NULL);
		jout_u64(json, NULL, d);
		jout_u64(json, NULL, count);
		jout_array_end(json);
	}
	jout_array_end(json);
}

static void
lag_json(struct json_out *json, const struct result_sa *sa)
{
	const struct lag *lag = sa->lag;

	jout_object(json, "lag");
	jout_u64(json, "packets", lag->packets);
	jout_u64(json, "late", lag->late);
	jout_u64(json, "max", lag->lag_max);
	jout_real(json, "mean", report_ratio(lag->lag_sum, lag->packets));
	jout_real(json, "mean_late", report_ratio(lag->lag_sum, lag->late));
	jout_u64(json, "p50_late", report_lag_late(lag, 0.5));
	jout_u64(json, "p99_late", report_lag_late(lag, 0.99));
	window_for_json(json, lag);
	losses_json(json, lag, sa->cfg->window);
	histogram_json(json, lag);
	jout_object_end(json);
}

void
report_sa_json(struct json_out *json, const struct result_sa *sa)
{
	jout_object(json, NULL);
	jout_text(json, "gateway", sa->gateway->name);
	jout_text(json, "name", sa->cfg->name);
	jout_text(json, "direction", cfg_direction_word(sa->cfg->direction));
	jout_hex(json, "spi", sa->cfg->spi);
	jout_ip(json, "src", sa->cfg->src);
	jout_ip(json, "dst", sa->cfg->dst);
	jout_text(json, "protocol", sa->ah ? "ah" : "esp");
	jout_text(json, "mode", cfg_mode_word(sa->cfg->mode));
	jout_text(json, "transform", sa->cfg->transform);
	jout_bool(json, "authenticated", sa->authenticated);
	jout_bool(json, "esn", sa->cfg->esn);
	if (sa->lag) {
		jout_u64(json, "window", sa->cfg->window);
		jout_bool(json, "replay_check", report_checks(sa));
		jout_u64(json, "arrived", report_arrived(sa));
	}
	jout_u64(json, "packets", sa->packets);
	jout_u64(json, "bytes", sa->bytes);
	jout_u64(json, "replays", sa->replays);
	jout_u64(json, "duplicates", sa->duplicates);
	jout_u64(json, "errors", sa->errors);
	jout_u64(json, "last_seq", sa->last_seq);
	if (sa->at_gateway)
		report_reorder_json(json, "reordering_at_gateway", sa->at_gateway);
	if (sa->lag)
		lag_json(json, sa);
	jout_object_end(json);
}
