/* The control socket: framing, several clients, those that misbehave, who may connect, whose path it is. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctrl/socket.h"
#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_socket(void);

#define SECOND UINT64_C(1000000000)

struct socket_rig {
	struct ctrl_rig rig;
	char folder[64], path[96];
	struct ctrl_socket *socket;
};

static void
open_rig(struct socket_rig *s)
{
	char message[512];

	kit_gateway_init(&s->rig.g, "esp-gcm 128");
	rig_start(&s->rig);
	snprintf(s->folder, sizeof(s->folder), "/tmp/esplab-test-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(s->folder));
	snprintf(s->path, sizeof(s->path), "%s/c.sock", s->folder);
	CU_ASSERT_EQUAL_FATAL(
		ctrl_socket_create(s->rig.ctrl, s->path, &s->socket, message, sizeof(message)), ST_OK);
}

static void
close_rig(struct socket_rig *s)
{
	ctrl_socket_destroy(s->socket);
	CU_ASSERT(access(s->path, F_OK) && errno == ENOENT);
	CU_ASSERT_EQUAL(rmdir(s->folder), 0);
	rig_stop(&s->rig);
}

static int
dial(const struct socket_rig *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	CU_ASSERT_EQUAL(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void
turn(struct socket_rig *s, uint64_t now)
{
	for (unsigned i = 0; i < 64 && ctrl_turn(s->socket, now); i++)
		;
}

/* All that is there, as text; *ended: the other side has closed. */
static size_t
hear(int fd, char *out, size_t bytes, bool *ended)
{
	size_t used = 0;
	ssize_t n = 0;

	while (used + 1 < bytes && (n = recv(fd, out + used, bytes - 1 - used, 0)) > 0)
		used += (size_t)n;
	*ended = n == 0 || (n < 0 && errno != EAGAIN);
	out[used] = '\0';
	return used;
}

static void
test_framing(void)
{
	struct socket_rig s;
	char text[4096];
	bool ended;
	int fd;

	open_rig(&s);
	fd = dial(&s);
	say(fd, "undebug all\n");
	turn(&s, 0);
	hear(fd, text, sizeof(text), &ended);
	CU_ASSERT_STRING_EQUAL(text, "ok 43\nAll possible debugging has been turned off\n");
	say(fd, "sh");
	turn(&s, 0);
	say(fd, "ow debug\r\nfoo\nshow debug\n"); /* in pieces, and several at once */
	turn(&s, 0);
	hear(fd, text, sizeof(text), &ended);
	CU_ASSERT_STRING_EQUAL(text,
		"ok 19\nNo debugging is on\n"
		"failed 1 89\n% Invalid input \"foo\"; allowed: show, clear, debug, undebug, crypto, reload, "
		"monitor, no\n"
		"ok 19\nNo debugging is on\n");
	CU_ASSERT(!ended);
	close(fd);
	turn(&s, 0);
	CU_ASSERT_EQUAL(ctrl_socket_clients(s.socket), 0);
	close_rig(&s);
}

static void
test_two_clients(void)
{
	struct socket_rig s;
	char text[4096];
	bool ended;
	int a, b;

	open_rig(&s);
	a = dial(&s);
	b = dial(&s);
	say(a, "debug ip icmp\n");
	turn(&s, 0);
	say(b, "show debug\n");
	say(a, "undebug all\n");
	turn(&s, 0);
	CU_ASSERT_EQUAL(ctrl_socket_clients(s.socket), 2);
	hear(b, text, sizeof(text), &ended);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "debugging"));
	close(a);
	turn(&s, 0);
	say(b, "show debug\n");
	turn(&s, 0);
	hear(b, text, sizeof(text), &ended);
	CU_ASSERT_STRING_EQUAL(text, "ok 19\nNo debugging is on\n");
	close(b);
	close_rig(&s);
}

/* One asks and asks and reads nothing; the other is served all the same, and in the end the first is cut off.
 */
static void
test_stuck(void)
{
	struct socket_rig s;
	char text[4096];
	uint64_t now = SECOND;
	bool ended;
	int stuck, other, small = 1;

	open_rig(&s);
	for (unsigned i = 0; i < 4000; i++)
		log_add(ctrl_log(s.rig.ctrl), i,
			"a line that makes the log long, and its answer longer than sockets take");
	stuck = dial(&s);
	other = dial(&s);
	setsockopt(stuck, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (unsigned i = 0; i < 20; i++)
		say(stuck, "show logging\n");
	turn(&s, now);
	for (; now < 11 * SECOND; now += SECOND) {
		say(other, "show debug\n");
		turn(&s, now);
		CU_ASSERT(hear(other, text, sizeof(text), &ended) > 0);
		CU_ASSERT_EQUAL(ctrl_socket_clients(s.socket), 2);
	}
	turn(&s, 12 * SECOND);
	CU_ASSERT_EQUAL(ctrl_socket_clients(s.socket), 1);
	rig_contains(&s.rig, "show logging", "cut off: it does not read its answer\n");
	close(stuck);
	close(other);
	close_rig(&s);
}

static void
test_long_line(void)
{
	struct socket_rig s;
	char text[4096];
	bool ended;
	int fd;

	open_rig(&s);
	fd = dial(&s);
	memset(text, 'x', 3000);
	text[3000] = '\0';
	say(fd, text);
	turn(&s, 0);
	hear(fd, text, sizeof(text), &ended);
	CU_ASSERT_STRING_EQUAL(text, "failed 1 23\n% The line is too long\n");
	CU_ASSERT(ended);
	close(fd);
	close_rig(&s);
}

static void
test_gone(void)
{
	struct socket_rig s;
	int fd;

	open_rig(&s);
	for (unsigned i = 0; i < 100; i++) {
		fd = dial(&s);
		say(fd, "show crypto ipsec sa\nshow dr");
		if (i % 2)
			turn(&s, 0);
		close(fd);
	}
	turn(&s, 0);
	CU_ASSERT_EQUAL(ctrl_socket_clients(s.socket), 0);
	close_rig(&s);
}

static void
test_too_many(void)
{
	int fd[SOCKET_CLIENTS + 1];
	struct socket_rig s;
	char text[64];
	bool ended;

	open_rig(&s);
	for (unsigned i = 0; i <= SOCKET_CLIENTS; i++) {
		fd[i] = dial(&s);
		turn(&s, 0);
	}
	hear(fd[SOCKET_CLIENTS], text, sizeof(text), &ended);
	CU_ASSERT(ended);
	rig_contains(&s.rig, "show logging", "cut off: there are too many consoles\n");
	say(fd[0], "show debug\n");
	turn(&s, 0);
	CU_ASSERT(hear(fd[0], text, sizeof(text), &ended) > 0);
	for (unsigned i = 0; i <= SOCKET_CLIENTS; i++)
		close(fd[i]);
	close_rig(&s);
}

/* Another user is kept out by the mode, and where somebody has changed that, by its credentials. */
static int
stranger(const struct socket_rig *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), result;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	if (setuid(65534))
		return 3;
	result = connect(fd, (struct sockaddr *)&address, sizeof(address));
	return result ? (errno == EACCES ? 1 : 2) : 0;
}

static int
stranger_run(const struct socket_rig *s)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(stranger(s));
	CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void
test_credentials(void)
{
	struct socket_rig s;
	struct stat stat_of;

	open_rig(&s);
	CU_ASSERT_EQUAL(stat(s.path, &stat_of), 0);
	CU_ASSERT_EQUAL(stat_of.st_mode & 07777, 0600);
	if (geteuid() == 0) { /* only root can be somebody else */
		chmod(s.folder, 0711);
		CU_ASSERT_EQUAL(stranger_run(&s), 1);
		chmod(s.path, 0666);
		CU_ASSERT_EQUAL(stranger_run(&s), 0);
		turn(&s, 0);
		CU_ASSERT_EQUAL(ctrl_socket_clients(s.socket), 0);
		rig_contains(&s.rig, "show logging",
			"user 65534 cut off: only root and the user of this process may\n");
	}
	close_rig(&s);
}

static void
test_paths(void)
{
	char message[512], file[128], longest[300];
	struct ctrl_socket *second;
	struct socket_rig s;
	FILE *out;
	int fd;

	open_rig(&s);
	CU_ASSERT_EQUAL(
		ctrl_socket_create(s.rig.ctrl, s.path, &second, message, sizeof(message)), ST_ERR_EXISTS);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "another process serves it"));
	fd = dial(&s); /* the first one lives on */
	close(fd);
	snprintf(file, sizeof(file), "%s/file", s.folder);
	out = fopen(file, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	fclose(out);
	CU_ASSERT_EQUAL(
		ctrl_socket_create(s.rig.ctrl, file, &second, message, sizeof(message)), ST_ERR_EXISTS);
	CU_ASSERT_EQUAL(unlink(file), 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CU_ASSERT_EQUAL(
		ctrl_socket_create(s.rig.ctrl, longest, &second, message, sizeof(message)), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(ctrl_socket_create(s.rig.ctrl, "/nowhere/at/all", &second, message, sizeof(message)),
		ST_ERR_IO);
	close_rig(&s);
}

/* After kill -9 the path is still there. */
static void
test_stale(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ctrl_socket *second;
	struct socket_rig s;
	char message[512];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	open_rig(&s);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/old", s.folder);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	CU_ASSERT_EQUAL(
		ctrl_socket_create(s.rig.ctrl, address.sun_path, &second, message, sizeof(message)), ST_OK);
	ctrl_socket_destroy(second);
	close_rig(&s);
}

int
suite_ctrl_socket(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_socket", NULL, NULL);

	return !suite || !CU_add_test(suite, "framing", test_framing) ||
	       !CU_add_test(suite, "two clients", test_two_clients) ||
	       !CU_add_test(suite, "a client that reads nothing", test_stuck) ||
	       !CU_add_test(suite, "a line without end", test_long_line) ||
	       !CU_add_test(suite, "clients that go", test_gone) ||
	       !CU_add_test(suite, "too many clients", test_too_many) ||
	       !CU_add_test(suite, "credentials", test_credentials) ||
	       !CU_add_test(suite, "paths", test_paths) ||
	       !CU_add_test(suite, "a socket left behind", test_stale);
}
