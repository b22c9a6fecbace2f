/* One resource, one method; everything else is 404 or 405.  No TLS and no passwords: whoever wants the
 * numbers on another machine puts a proxy before it. */
#include "ctrl/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "ctrl/metrics.h"

struct ctrl_http {
	struct ctrl *ctrl;
	struct MHD_Daemon *daemon;
	uint16_t port;
};

/* owned: text was allocated, and is freed when it has gone. */
static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned code, const char *text, bool owned)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
		owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response) {
		if (owned)
			free((void *)(uintptr_t)text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET");
	result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

/* A body, if there is one, is not looked at. */
static enum MHD_Result
request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *bytes, void **seen)
{
	const struct ctrl_http *http = ctx;
	char *text;

	(void)version;
	(void)data;
	if (!*seen) { /* the head has come; the answer follows at the end */
		*seen = ctx;
		return MHD_YES;
	}
	if (*bytes) {
		*bytes = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET\n", false);
	if (strcmp(url, "/metrics") != 0)
		return answer(connection, MHD_HTTP_NOT_FOUND, "there is /metrics\n", false);
	if (metrics_text(http->ctrl, &text))
		return answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n", false);
	return answer(connection, MHD_HTTP_OK, text, true);
}

static struct MHD_Daemon *
daemon_start(struct ctrl_http *http, struct ip_addr address, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool is_v4 = ip_is_v4(address);

	if (is_v4)
		ip_store4(&v4.sin_addr, address);
	else
		ip_store6(&v6.sin6_addr, address);
	return MHD_start_daemon(MHD_USE_EPOLL | (is_v4 ? 0 : MHD_USE_IPv6), port, NULL, NULL, request, http,
		MHD_OPTION_SOCK_ADDR, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
		MHD_OPTION_CONNECTION_LIMIT, HTTP_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT, HTTP_SECONDS,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
}

enum status
http_create(struct ctrl *ctrl, struct ip_addr address, uint16_t port, struct ctrl_http **out, char *message,
	size_t bytes)
{
	struct ctrl_http *http = calloc(1, sizeof(*http));
	const union MHD_DaemonInfo *info;
	char text[IP_TEXT_BYTES];

	*out = NULL;
	if (!http) {
		snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
		return ST_ERR_NOMEM;
	}
	http->ctrl = ctrl;
	errno = 0;
	http->daemon = daemon_start(http, address, port);
	info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	if (!info) {
		snprintf(message, bytes, "metrics at %s port %u: %s", ip_text(address, text), port,
			errno ? strerror(errno) : "the HTTP server does not start");
		http_destroy(http);
		return ST_ERR_IO;
	}
	http->port = info->port;
	*out = http;
	return ST_OK;
}

void
http_destroy(struct ctrl_http *http)
{
	if (!http)
		return;
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	free(http);
}

void
http_turn(struct ctrl_http *http)
{
	MHD_run(http->daemon);
}

uint16_t
http_port(const struct ctrl_http *http)
{
	return http->port;
}
