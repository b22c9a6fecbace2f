/* A capture file, pcap or pcapng, read frame by frame with libpcap. */
#ifndef CAPTURE_CAPTURE_FILE_H
#define CAPTURE_CAPTURE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct capture_file;

struct capture_frame {
	const uint8_t *data;	/* until the next frame */
	uint32_t captured, len; /* bytes in the file, and on the wire */
	uint64_t time_ns;	/* from second 0 of 1970 */
};

/* ERR_IO where it cannot be read, ERR_UNSUPPORTED where nothing here reads its link type; message: one line.
 */
enum status capture_file_open(const char *path, struct capture_file **file, char *message, size_t bytes);
int capture_file_link_type(const struct capture_file *file); /* DLT_* */
/* 1: a frame; 0: the end; -1: the file ends in the middle of something or is damaged, and message says where.
 */
int capture_file_next(struct capture_file *file, struct capture_frame *frame, char *message, size_t bytes);
void capture_file_close(struct capture_file *file); /* NULL is fine */

#endif
