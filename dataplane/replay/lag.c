/* What the histogram of sequence lags says about windows: loss and size needed.  RFC 4303 §3.4.3 accepts
 * a packet that is not seen and at or above right edge - W + 1, that is with a lag below W.
 *
 * No result depends on count[0].  Not here: duplicates, which no window accepts. */
#include "dataplane/replay/lag.h"

#include <stddef.h>
#include <sys/mman.h>

#define COUNT_BYTES ((LAG_MAX + 1) * sizeof(uint32_t))

/* Mapped, as calloc() clears all of it where it takes memory that was freed before: 16 MiB for each SA of a
 * rekeying. */
int
lag_init(struct lag *lag)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE; /* most of it is never touched */
	void *count = mmap(NULL, COUNT_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);

	*lag = (struct lag){.count = count != MAP_FAILED ? count : NULL};
	return lag->count != NULL;
}

void
lag_fini(struct lag *lag)
{
	if (lag->count)
		munmap(lag->count, COUNT_BYTES);
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
