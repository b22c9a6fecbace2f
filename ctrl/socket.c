/* Clients come and go, each with one line in and one answer out; unix(7).
 *
 * Buffers are bounded: a line that is longer than a command can be ends its client, and so does an answer
 * that is not taken.  Who is cut off, and why, stands in the log. */
#include "ctrl/socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctrl/ctrl_priv.h"

#define HEAD_BYTES 64u

struct client {
	int fd; /* -1: none */
	struct ucred who;
	char line[COMMAND_LINE + 2];
	size_t filled;
	char head[HEAD_BYTES];
	size_t head_bytes;
	char *answer; /* NULL: nothing is to be sent */
	size_t answer_bytes, sent;
	uint64_t moved; /* when it last took something */
	bool ends;	/* after this answer */
};

struct ctrl_socket {
	struct ctrl *ctrl;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct client client[SOCKET_CLIENTS];
};

static enum status
fail(char *message, size_t bytes, enum status status, const char *path, const char *why)
{
	snprintf(message, bytes, "%s: %s", path, why);
	return status;
}

/* Whether anybody listens there; a file that is no socket is not ours to remove. */
static bool
is_stale(const struct sockaddr_un *address)
{
	struct stat stat;
	int fd, refused;

	if (lstat(address->sun_path, &stat) || !S_ISSOCK(stat.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* The mode is set before anybody can connect. */
static enum status
socket_listen(struct ctrl_socket *s, char *message, size_t bytes)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct sockaddr *any = (const struct sockaddr *)&address;

	memcpy(address.sun_path, s->path, sizeof(address.sun_path));
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return fail(message, bytes, ST_ERR_IO, s->path, strerror(errno));
	if (bind(s->fd, any, sizeof(address))) {
		if (errno != EADDRINUSE)
			return fail(message, bytes, ST_ERR_IO, s->path, strerror(errno));
		if (!is_stale(&address))
			return fail(message, bytes, ST_ERR_EXISTS, s->path,
				"exists, and another process serves it or it is no socket");
		if (unlink(s->path) || bind(s->fd, any, sizeof(address)))
			return fail(message, bytes, ST_ERR_IO, s->path, strerror(errno));
	}
	if (chmod(s->path, S_IRUSR | S_IWUSR) || listen(s->fd, SOCKET_CLIENTS)) {
		fail(message, bytes, ST_ERR_IO, s->path, strerror(errno));
		unlink(s->path);
		return ST_ERR_IO;
	}
	return ST_OK;
}

enum status
ctrl_socket_create(struct ctrl *ctrl, const char *path, struct ctrl_socket **out, char *message, size_t bytes)
{
	struct ctrl_socket *s = calloc(1, sizeof(*s));
	enum status status;

	*out = NULL;
	if (!s)
		return fail(message, bytes, ST_ERR_NOMEM, path, status_text(ST_ERR_NOMEM));
	if (!*path || strlen(path) >= sizeof(s->path)) {
		free(s);
		return fail(message, bytes, ST_ERR_RANGE, path, "a socket's path has 1 to 107 bytes");
	}
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->ctrl = ctrl;
	for (unsigned c = 0; c < SOCKET_CLIENTS; c++)
		s->client[c].fd = -1;
	status = socket_listen(s, message, bytes);
	if (status) {
		if (s->fd >= 0)
			close(s->fd);
		free(s);
		return status;
	}
	*out = s;
	return ST_OK;
}

static void
client_end(struct ctrl_socket *s, struct client *client, uint64_t now, const char *why)
{
	char text[256];

	if (why) {
		snprintf(text, sizeof(text), "CTRL: console of process %d, user %u cut off: %s",
			(int)client->who.pid, (unsigned)client->who.uid, why);
		ctrl_log_line(s->ctrl, now, text);
	}
	close(client->fd);
	free(client->answer);
	client->fd = -1;
	client->answer = NULL;
}

void
ctrl_socket_destroy(struct ctrl_socket *s)
{
	if (!s)
		return;
	for (unsigned c = 0; c < SOCKET_CLIENTS; c++)
		if (s->client[c].fd >= 0)
			client_end(s, &s->client[c], 0, NULL);
	close(s->fd);
	unlink(s->path);
	free(s);
}

/* Has an answer ready for it. */
static void
client_answer(struct client *client, enum status status, char *answer, uint64_t now)
{
	int n;

	client->answer = answer;
	client->answer_bytes = strlen(answer);
	client->sent = 0;
	client->moved = now;
	n = status ? snprintf(client->head, sizeof(client->head), "failed %d %zu\n", (int)status,
			     client->answer_bytes)
		   : snprintf(client->head, sizeof(client->head), "ok %zu\n", client->answer_bytes);
	client->head_bytes = (size_t)n;
}

static void
client_refuse(struct ctrl_socket *s, struct client *client, uint64_t now, const char *why)
{
	char text[256], *answer;

	snprintf(text, sizeof(text), "%% %s\n", why);
	answer = strdup(text);
	client->ends = true;
	if (answer)
		client_answer(client, ST_ERR_CONFIG, answer, now);
	else
		client_end(s, client, now, why);
}

/* True where bytes went. */
static bool
client_send(struct ctrl_socket *s, struct client *client, uint64_t now)
{
	bool in_head = client->sent < client->head_bytes;
	const char *from = in_head ? client->head + client->sent
				   : client->answer + (client->sent - client->head_bytes);
	size_t left = in_head ? client->head_bytes - client->sent
			      : client->answer_bytes - (client->sent - client->head_bytes);
	ssize_t n = left ? send(client->fd, from, left, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		client_end(s, client, now, NULL); /* it has gone */
		return true;
	}
	if (n > 0) {
		client->sent += (size_t)n;
		client->moved = now;
	} else if (now - client->moved >= SOCKET_STUCK_NS) {
		client_end(s, client, now, "it does not read its answer");
		return true;
	}
	if (client->sent < client->head_bytes + client->answer_bytes)
		return n > 0;
	free(client->answer);
	client->answer = NULL;
	if (client->ends)
		client_end(s, client, now, NULL);
	return true;
}

/* The first whole line, if there is one. */
static bool
client_run(struct ctrl_socket *s, struct client *client, uint64_t now)
{
	char *end = memchr(client->line, '\n', client->filled), *answer;
	enum status status;

	if (!end) {
		if (client->filled < sizeof(client->line))
			return false;
		client_refuse(s, client, now, "The line is too long");
		return true;
	}
	*end = '\0';
	status = ctrl_run(s->ctrl, client->line, &answer);
	client->filled -= (size_t)(end + 1 - client->line);
	memmove(client->line, end + 1, client->filled);
	if (answer)
		client_answer(client, status, answer, now);
	else
		client_refuse(s, client, now, status_text(status));
	return true;
}

/* False where it has closed, or there is nothing. */
static bool
client_receive(struct ctrl_socket *s, struct client *client, uint64_t now)
{
	ssize_t n = recv(client->fd, client->line + client->filled, sizeof(client->line) - client->filled,
		MSG_DONTWAIT);

	if (n > 0) {
		client->filled += (size_t)n;
		return true;
	}
	if (!n || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		client_end(s, client, now, NULL);
	return false;
}

static bool
client_turn(struct ctrl_socket *s, struct client *client, uint64_t now)
{
	bool moved = false;

	if (client->fd >= 0 && client->answer)
		moved = client_send(s, client, now);
	if (client->fd < 0 || client->answer)
		return moved;
	if (client_run(s, client, now))
		return true;
	return client_receive(s, client, now) || moved;
}

static bool
is_allowed(const struct ucred *who)
{
	return who->uid == 0 || who->uid == geteuid();
}

static bool
client_accept(struct ctrl_socket *s, uint64_t now)
{
	struct client none = {0}, *client = NULL;
	socklen_t bytes = sizeof(none.who);
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	for (unsigned c = 0; c < SOCKET_CLIENTS && !client; c++)
		if (s->client[c].fd < 0)
			client = &s->client[c];
	none.fd = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &none.who, &bytes) || !is_allowed(&none.who)) {
		client_end(s, &none, now, "only root and the user of this process may");
		return true;
	}
	if (!client) {
		client_end(s, &none, now, "there are too many consoles");
		return true;
	}
	*client = none;
	return true;
}

bool
ctrl_turn(struct ctrl_socket *s, uint64_t now)
{
	bool moved = client_accept(s, now);

	for (unsigned c = 0; c < SOCKET_CLIENTS; c++)
		if (s->client[c].fd >= 0)
			moved |= client_turn(s, &s->client[c], now);
	return moved;
}

unsigned
ctrl_socket_clients(const struct ctrl_socket *s)
{
	unsigned n = 0;

	for (unsigned c = 0; c < SOCKET_CLIENTS; c++)
		n += s->client[c].fd >= 0;
	return n;
}
