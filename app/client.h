/* The other end of a control socket: gives a line, waits for the answer. */
#ifndef APP_CLIENT_H
#define APP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

/* Where a gateway listens unless told otherwise: esplab.sock in $XDG_RUNTIME_DIR, or without one in /run. */
const char *client_path_default(char *out, size_t bytes);
/* Connects; -1: not, which has been told. */
int client_connect(const char *path);
/* Sends a line and takes its answer, which is the caller's to free; NULL: the gateway has gone, which has
 * been told.  *status: 0, or a number of base/status.def. */
char *client_ask(int fd, const char *line, int *status);

#endif
