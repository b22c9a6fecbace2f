/* The control socket: a Unix socket on which consoles give commands.
 *
 * A request is a line; the answer is "ok BYTES" or "failed STATUS BYTES" on a line of its own (STATUS as in
 * base/status.def), and so many bytes, which are JSON where `| json` asked for it.  The next line of a client
 * is read when its answer is gone.  The socket has mode 0600, and whoever connects must be root or the user
 * of this process all the same.  Never blocks.  One thread. */
#ifndef CTRL_SOCKET_H
#define CTRL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define SOCKET_CLIENTS 16u
#define SOCKET_STUCK_NS                                                                                      \
	UINT64_C(10000000000) /* a client that takes nothing of its answer for so long is cut off */

struct ctrl;
struct ctrl_socket;

/* Takes the place of a socket that nobody serves any more, and no other's.  ctrl is borrowed.  On failure one
 * line in message. */
enum status ctrl_socket_create(
	struct ctrl *ctrl, const char *path, struct ctrl_socket **socket, char *message, size_t bytes);
/* Cuts all clients off and removes the socket; NULL is fine. */
void ctrl_socket_destroy(struct ctrl_socket *socket);

/* Does what clients want by now (ns, any clock that does not go back); true where anything was done. */
bool ctrl_turn(struct ctrl_socket *socket, uint64_t now);
unsigned ctrl_socket_clients(const struct ctrl_socket *socket);

#endif
