/* Captures of a running gateway: taps at its workers, emptied into a pcapng file each.
 *
 * Files hold clear text: they are made anew, for their owner alone (mode 0600), through no link.  Control
 * thread. */
#ifndef CTRL_CAPTURE_H
#define CTRL_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "dataplane/tap.h"

#define CAPTURES_MAX 8u
#define CAPTURE_NAME_BYTES 32u

struct capture;
struct captures;
struct ctrl_target;

struct capture_info {
	const char *name, *file;
	const char *interface; /* "gateway:stage" */
	const char *state;     /* "Inactive", "Active", "Limit reached", or what failed */
	const struct tap_spec *spec;
	uint64_t packets, bytes; /* in the file */
	uint64_t missed;	 /* rings were full */
};

/* target is borrowed.  told(ctx, text): a capture has come to its end by itself. */
enum status captures_create(const struct ctrl_target *target, void (*told)(void *ctx, const char *text),
	void *ctx, struct captures **captures);
/* Closes the files.  Asks no worker for anything: after the gateway. */
void captures_destroy(struct captures *captures);
/* Writes what the taps have copied, and ends what has come to its limit or cannot be written.  True where any
 * still runs. */
bool captures_turn(struct captures *captures);

/* Makes the file and the taps; starts nothing.  ERR_EXISTS, ERR_RANGE, ERR_IO: message says why. */
enum status capture_add(struct captures *captures, const char *name, const char *file,
	const struct tap_spec *spec, char *message, size_t bytes);
struct capture *capture_find(struct captures *captures, const char *name); /* NULL: none */
/* ERR_UNSUPPORTED where it has come to its end. */
enum status capture_start(struct captures *captures, struct capture *capture);
/* What was copied before is written. */
void capture_stop(struct captures *captures, struct capture *capture);
/* Ends it; the file stays. */
void capture_remove(struct captures *captures, struct capture *capture);
/* In the order in which they were made; NULL after the last. */
struct capture *capture_at(struct captures *captures, unsigned index);
void capture_info(const struct capture *capture, struct capture_info *info);

#endif
