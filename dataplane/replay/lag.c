/* What the histogram of sequence lags says about windows: loss and size needed.  RFC 4303 §3.4.3 accepts
 * a packet that is not seen and at or above right edge - W + 1, that is with a lag below W.
 *
 * No result depends on count[0], so its wrapping after 2^32 packets in order does no harm.  Not here:
 * duplicates, which no window accepts. */
#include "dataplane/replay/lag.h"

#include <stdlib.h>

int
lag_init(struct lag *lag)
{
	*lag = (struct lag){.count = calloc(LAG_MAX + 1, sizeof(*lag->count))};
	return lag->count != NULL;
}

void
lag_fini(struct lag *lag)
{
	free(lag->count);
	lag->count = NULL;
}

static uint32_t
lag_top(const struct lag *lag)
{
	return lag->lag_max < LAG_MAX ? (uint32_t)lag->lag_max : LAG_MAX;
}

void
lag_losses(const struct lag *lag, const uint32_t *windows, unsigned n, uint64_t *losses)
{
	uint64_t loss = 0;
	uint32_t from = lag_top(lag) + 1; /* lags from here on are in loss */

	while (n--) {
		while (from > windows[n])
			loss += lag->count[--from];
		losses[n] = loss;
	}
}

uint64_t
lag_loss(const struct lag *lag, uint32_t window)
{
	uint64_t loss;

	lag_losses(lag, &window, 1, &loss);
	return loss;
}

uint32_t
lag_window(const struct lag *lag, double q)
{
	/* As in 0.9999 * 10000: allow for the rounding of q and of the product, far less than one packet. */
	double need = q * (double)lag->packets * (1 - 0x1p-50);
	uint32_t window = lag_top(lag) + 1;
	uint64_t loss = 0;

	/* Smaller by one while what is then lost can be spared.  LAG_MAX + 1 stands for "none is enough". */
	while (window > 1 && (double)(lag->packets - loss - lag->count[window - 1]) >= need)
		loss += lag->count[--window];
	return window;
}
