/* GET /metrics over HTTP, by libmicrohttpd, without threads: http_turn() does what is to be done, and never
 * blocks.  One thread. */
#ifndef CTRL_HTTP_H
#define CTRL_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"

#define HTTP_CLIENTS 16u
#define HTTP_SECONDS 10u /* a client that does nothing for so long is cut off */

struct ctrl;
struct ctrl_http;

/* address: where it listens, as a rule 127.0.0.1; port 0: any.  ctrl is borrowed.  On failure one line in
 * message. */
enum status http_create(struct ctrl *ctrl, struct ip_addr address, uint16_t port, struct ctrl_http **http,
	char *message, size_t bytes);
void http_destroy(struct ctrl_http *http); /* NULL is fine */
void http_turn(struct ctrl_http *http);
/* Where it listens. */
uint16_t http_port(const struct ctrl_http *http);

#endif
