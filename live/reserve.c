/* The file is a text, an SA a line: "out SPI SRC DST NUMBER" or "in SPI SRC DST NUMBER"; number: the last
 * that may have been sent, or the right edge.  It is replaced as a whole, by rename, after fsync. */
#include "live/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "dataplane/dp.h"
#include "dataplane/ipsec/sa.h"
#include "live/live.h"

#define LINE_BYTES 256
#define PATH_BYTES 4096u
#define LOOK_PORTION 256u

struct row {
	bool out;
	uint32_t spi;
	struct ip_addr src, dst;
	uint64_t number; /* as in the file */
};

struct reserve {
	char path[PATH_BYTES], fresh[PATH_BYTES + 8];
	int lock;
	unsigned n, room;
	struct row *rows;
	unsigned n_places;
	unsigned *places; /* row of the SA that had this index the last time: SPIs that have gone stay as rows
			   */
	bool dirty;	  /* the rows say more than the file */
	uint64_t saved_ns;
};

static enum status
fail(const struct reserve *reserve, const char *what, char *message, size_t bytes)
{
	snprintf(message, bytes, "%s: %s: %s", reserve->path, what, strerror(errno));
	return ST_ERR_IO;
}

static bool
row_is(const struct row *row, bool out, uint32_t spi, struct ip_addr src, struct ip_addr dst)
{
	return row->out == out && row->spi == spi && ip_equal(row->src, src) && ip_equal(row->dst, dst);
}

/* Where the row of the SA of that index is, or may soon be; NULL: no memory. */
static unsigned *
place_of(struct reserve *reserve, unsigned index)
{
	if (index >= reserve->n_places) {
		unsigned n = 2 * index + 64;
		unsigned *more = reallocarray(reserve->places, n, sizeof(*more));

		if (!more)
			return NULL;
		memset(more + reserve->n_places, 0, (n - reserve->n_places) * sizeof(*more));
		reserve->places = more;
		reserve->n_places = n;
	}
	return &reserve->places[index];
}

static struct row *
row_find(struct reserve *reserve, unsigned *place, bool out, uint32_t spi, struct ip_addr src,
	struct ip_addr dst)
{
	if (*place < reserve->n && row_is(&reserve->rows[*place], out, spi, src, dst))
		return &reserve->rows[*place];
	for (*place = 0; *place < reserve->n; ++*place)
		if (row_is(&reserve->rows[*place], out, spi, src, dst))
			return &reserve->rows[*place];
	return NULL;
}

/* NULL: no memory. */
static struct row *
row_add(struct reserve *reserve, const struct row *row)
{
	if (reserve->n == reserve->room) {
		unsigned room = reserve->room ? 2 * reserve->room : 64;
		struct row *more = reallocarray(reserve->rows, room, sizeof(*more));

		if (!more)
			return NULL;
		reserve->rows = more;
		reserve->room = room;
	}
	reserve->rows[reserve->n] = *row;
	return &reserve->rows[reserve->n++];
}

static bool
line_read(const char *line, struct row *row)
{
	char kind[4], src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES];
	int end = 0;

	if (sscanf(line, "%3s %" SCNx32 " %45s %45s %" SCNu64 "%n", kind, &row->spi, src, dst, &row->number,
		    &end) != 5 ||
		line[end] != '\n')
		return false;
	row->out = !strcmp(kind, "out");
	return (row->out || !strcmp(kind, "in")) && ip_parse(src, &row->src) && ip_parse(dst, &row->dst);
}

static enum status
file_read(struct reserve *reserve, char *message, size_t bytes)
{
	FILE *file = fopen(reserve->path, "re");
	char line[LINE_BYTES];
	enum status status = ST_OK;

	if (!file)
		return errno == ENOENT ? ST_OK : fail(reserve, "cannot be read", message, bytes);
	for (unsigned number = 1; !status && fgets(line, sizeof(line), file); number++) {
		struct row row;

		if (!line_read(line, &row)) {
			snprintf(message, bytes,
				"%s:%u: not \"out|in SPI SRC DST NUMBER\"; remove the file only together "
				"with "
				"the keys",
				reserve->path, number);
			status = ST_ERR_CONFIG;
		} else if (!row_add(reserve, &row)) {
			status = ST_ERR_NOMEM;
		}
	}
	if (!status && ferror(file))
		status = fail(reserve, "cannot be read", message, bytes);
	fclose(file);
	return status;
}

static bool
rows_write(const struct reserve *reserve, FILE *file)
{
	for (unsigned i = 0; i < reserve->n; i++) {
		const struct row *row = &reserve->rows[i];
		char src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES];

		fprintf(file, "%s 0x%08" PRIx32 " %s %s %" PRIu64 "\n", row->out ? "out" : "in", row->spi,
			ip_text(row->src, src), ip_text(row->dst, dst), row->number);
	}
	return !fflush(file) && !ferror(file) && !fsync(fileno(file));
}

/* The folder remembers the new name, too. */
static bool
folder_sync(const struct reserve *reserve)
{
	char folder[PATH_BYTES];
	char *slash;
	int fd;
	bool good;

	snprintf(folder, sizeof(folder), "%s", reserve->path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = !fsync(fd) || errno == EINVAL; /* some file systems cannot */
	close(fd);
	return good;
}

static enum status
file_save(struct reserve *reserve, char *message, size_t bytes)
{
	int fd = open(reserve->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool good = file && rows_write(reserve, file);

	if (file)
		good = !fclose(file) && good;
	else if (fd >= 0)
		close(fd);
	if (!good || rename(reserve->fresh, reserve->path) || !folder_sync(reserve))
		return fail(reserve, "cannot be written", message, bytes);
	return ST_OK;
}

static enum status
file_lock(struct reserve *reserve, char *message, size_t bytes)
{
	char path[PATH_BYTES + 8];

	snprintf(path, sizeof(path), "%s.lock", reserve->path);
	reserve->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (reserve->lock < 0)
		return fail(reserve, "its .lock cannot be made", message, bytes);
	if (flock(reserve->lock, LOCK_EX | LOCK_NB))
		return fail(reserve, "another gateway has it", message, bytes);
	return ST_OK;
}

enum status
reserve_open(const char *path, struct reserve **out, char *message, size_t bytes)
{
	struct reserve *reserve = calloc(1, sizeof(*reserve));
	enum status status = ST_ERR_NOMEM;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(status));
	if (!reserve)
		return status;
	reserve->lock = -1;
	snprintf(reserve->path, sizeof(reserve->path), "%s", path);
	snprintf(reserve->fresh, sizeof(reserve->fresh), "%s.new", path);
	status = file_lock(reserve, message, bytes);
	if (!status)
		status = file_read(reserve, message, bytes);
	if (status)
		reserve_close(reserve);
	else
		*out = reserve;
	return status;
}

void
reserve_close(struct reserve *reserve)
{
	if (!reserve)
		return;
	if (reserve->lock >= 0)
		close(reserve->lock);
	free(reserve->places);
	free(reserve->rows);
	free(reserve);
}

/* The last number that the SA may ever send. */
static uint64_t
last_of(const struct cfg_sa *cfg)
{
	return cfg->esn ? UINT64_MAX : UINT32_MAX;
}

static uint64_t
block_behind(const struct cfg_sa *cfg, uint64_t seq)
{
	return last_of(cfg) - seq > RESERVE_BLOCK ? seq + RESERVE_BLOCK : last_of(cfg);
}

/* The row of the SA of that index, a new one where it has none; NULL: no memory. */
static struct row *
row_of(struct reserve *reserve, unsigned index, const struct cfg_sa *cfg)
{
	unsigned *place = place_of(reserve, index);
	struct row fresh = {
		.out = cfg->direction == CFG_OUT, .spi = cfg->spi, .src = cfg->src, .dst = cfg->dst};
	struct row *row = place ? row_find(reserve, place, fresh.out, cfg->spi, cfg->src, cfg->dst) : NULL;

	return row || !place ? row : row_add(reserve, &fresh); /* *place is where it goes */
}

enum status
reserve_begin(struct reserve *reserve, struct cfg_gateway *gateway, char *message, size_t bytes)
{
	for (unsigned i = 0; i < gateway->n_sas; i++) {
		struct cfg_sa *cfg = &gateway->sas[i];
		struct row *row = row_of(reserve, i, cfg);

		if (!row) {
			snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
			return ST_ERR_NOMEM;
		}
		if (row->number > cfg->first_seq - 1)
			cfg->first_seq = row->number + (row->number < UINT64_MAX);
		if (row->out)
			row->number = block_behind(cfg, cfg->first_seq - 1);
	}
	reserve->dirty = true;
	return ST_OK;
}

enum status
reserve_write(struct reserve *reserve, char *message, size_t bytes)
{
	enum status status = reserve->dirty ? file_save(reserve, message, bytes) : ST_OK;

	reserve->dirty = reserve->dirty && status;
	return status;
}

/* What a worker's SAs have come to, and what they may. */
struct look {
	struct reserve *reserve;
	bool failed; /* no memory */
	bool exact;  /* the end: as far as was used */
	unsigned at; /* SA to look at next; a worker looks at LOOK_PORTION of them between two bursts */
	bool done;
};

static void
sa_look(struct look *look, unsigned index, const struct sa *sa)
{
	struct row *row = row_of(look->reserve, index, sa->cfg);

	if (!row) {
		look->failed = true;
		return;
	}
	if (!row->out) {
		row->number = sa->replay ? sa->replay->right_edge(sa->window) : sa->ahead;
	} else if (look->exact) {
		row->number = sa->seq;
	} else if (row->number < last_of(sa->cfg) && row->number < sa->seq + RESERVE_BLOCK / 2) {
		row->number = block_behind(sa->cfg, sa->seq);
		look->reserve->dirty = true;
	}
}

/* Where this portion ends. */
static unsigned
portion_end(struct look *look, const struct dp *dp)
{
	unsigned n = dp_sa_count(dp), end = look->at + LOOK_PORTION;

	look->done = end >= n;
	return end < n ? end : n;
}

static void
worker_look(struct dp *dp, void *arg, uint64_t now)
{
	struct look *look = arg;

	(void)now;
	for (unsigned end = portion_end(look, dp); look->at < end; look->at++)
		if (dp_sa_owned(dp, look->at))
			sa_look(look, look->at, dp_sa(dp, look->at));
}

/* The numbers are safe in the file: the SAs may have them. */
static void
worker_allow(struct dp *dp, void *arg, uint64_t now)
{
	struct look *look = arg;

	(void)now;
	for (unsigned end = portion_end(look, dp); look->at < end; look->at++) {
		const struct sa *sa = dp_sa(dp, look->at);
		const struct row *row = row_of(look->reserve, look->at, sa->cfg);

		if (dp_sa_owned(dp, look->at) && row && row->out && row->number)
			dp_sa_limit(dp, look->at, row->number);
	}
}

static void
portions_call(struct look *look, struct live *live, void (*fn)(struct dp *dp, void *arg, uint64_t now))
{
	for (unsigned w = 0; w < live_workers(live); w++) {
		look->at = 0;
		do
			live_call(live, w, fn, look);
		while (!look->done);
	}
}

static enum status
look_all(struct look *look, struct live *live, char *message, size_t bytes)
{
	portions_call(look, live, worker_look);
	if (!look->failed)
		return ST_OK;
	snprintf(message, bytes, "%s: %s", look->reserve->path, status_text(ST_ERR_NOMEM));
	return ST_ERR_NOMEM;
}

enum status
reserve_turn(struct reserve *reserve, struct live *live, char *message, size_t bytes)
{
	struct look look = {.reserve = reserve};
	uint64_t now = live_now(live);
	enum status status = look_all(&look, live, message, bytes);

	if (status || (!reserve->dirty && now < reserve->saved_ns + RESERVE_EDGE_NS))
		return status;
	status = file_save(reserve, message, bytes);
	if (status)
		return status;
	reserve->dirty = false;
	reserve->saved_ns = now;
	portions_call(&look, live, worker_allow);
	return ST_OK;
}

enum status
reserve_end(struct reserve *reserve, struct live *live, char *message, size_t bytes)
{
	struct look look = {.reserve = reserve, .exact = true};
	enum status status = look_all(&look, live, message, bytes);

	return status ? status : file_save(reserve, message, bytes);
}
