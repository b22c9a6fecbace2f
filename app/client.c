/* Blocking, with a limit: a gateway answers within seconds or not at all. */
#include "app/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_SECONDS 30
#define ANSWER_MAX (1ul << 30)

const char *
client_path_default(char *out, size_t bytes)
{
	const char *folder = getenv("XDG_RUNTIME_DIR");

	snprintf(out, bytes, "%s/esplab.sock", folder && *folder ? folder : "/run");
	return out;
}

int
client_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "esplab: %s: a socket's path has at most %zu bytes\n", path,
			sizeof(address.sun_path) - 1);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		fprintf(stderr, "esplab: %s: %s; does a gateway run, and with this --socket?\n", path,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

static bool
all_send(int fd, const char *from, size_t bytes)
{
	while (bytes) {
		ssize_t n = send(fd, from, bytes, MSG_NOSIGNAL);

		if (n <= 0 && errno != EINTR)
			return false;
		if (n > 0) {
			from += n;
			bytes -= (size_t)n;
		}
	}
	return true;
}

static bool
all_receive(int fd, char *to, size_t bytes)
{
	while (bytes) {
		ssize_t n = recv(fd, to, bytes, 0);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n > 0) {
			to += n;
			bytes -= (size_t)n;
		}
	}
	return true;
}

/* "ok BYTES", "failed STATUS BYTES" */
static bool
head_receive(int fd, int *status, size_t *bytes)
{
	char head[64];
	unsigned n = 0;

	while (n + 1 < sizeof(head) && all_receive(fd, &head[n], 1) && head[n] != '\n')
		n++;
	head[n] = '\0';
	*status = 0;
	if (sscanf(head, "ok %zu", bytes) == 1)
		return *bytes < ANSWER_MAX;
	return sscanf(head, "failed %d %zu", status, bytes) == 2 && *bytes < ANSWER_MAX;
}

char *
client_ask(int fd, const char *line, int *status)
{
	char *answer = NULL;
	size_t bytes = 0;

	errno = 0;
	if (all_send(fd, line, strlen(line)) && all_send(fd, "\n", 1) && head_receive(fd, status, &bytes))
		answer = malloc(bytes + 1);
	if (answer && all_receive(fd, answer, bytes)) {
		answer[bytes] = '\0';
		return answer;
	}
	free(answer);
	fprintf(stderr, "esplab: the gateway has closed the connection%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return NULL;
}
