/* What a confined process can and cannot do, tried in children; in a build with AddressSanitizer some calls
 * are let in for it, and are not tried.  That a whole gateway lives with it is the affair of
 * scenario/gateway_*.py. */
#include "live/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

int suite_confine(void);

/* Ends the child with the line of what went wrong; CUnit's own is the parent's. */
#define EXPECT(condition)                                                                                    \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			_exit(__LINE__ - LINES_BEFORE);                                                      \
	} while (0)
#define LINES_BEFORE 40

static void
rest(void *ctx, uint64_t ns)
{
	(void)ctx;
	(void)ns;
	sched_yield();
}

static enum status
confine(enum cfg_seccomp mode, char message[256])
{
	const struct live_clock clock = {.rest = rest};
	struct cfg_port port = {.device = "net_ring0"};
	struct cfg_gateway gateway = {.ports = &port, .n_ports = 1};
	struct cfg_lab cfg = {.gateways = &gateway, .n_gateways = 1, .live = {.seccomp = mode}};

	return live_confine(&cfg, &clock, message, 256);
}

static bool
refused(long result)
{
	return result == -1 && errno == EPERM;
}

static void
refusals_try(void)
{
	char *const none[] = {NULL};

	EXPECT(refused(execve("/bin/true", none, none)));
	EXPECT(refused(socket(AF_INET, SOCK_STREAM, 0)));
	EXPECT(refused(socket(AF_PACKET, SOCK_RAW, 0)));
	EXPECT(refused(setuid(getuid())));
	EXPECT(refused(syscall(SYS_unshare, 0)));
	EXPECT(refused(syscall(SYS_bpf, 0, NULL, 0)));
	EXPECT(refused(syscall(SYS_io_uring_setup, 1, NULL)));
	EXPECT(refused(syscall(SYS_tgkill, getppid(), getppid(), 0)));
	EXPECT(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	EXPECT(errno == EPERM);
#ifndef __SANITIZE_ADDRESS__
	EXPECT(refused(fork()));
	EXPECT(refused(syscall(SYS_ptrace, 0, 0, 0, 0)));
	EXPECT(refused(kill(getppid(), 0)));
#endif
}

/* Was there before, and tries what the others try when it is told to. */
static void *
neighbour(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_ACQUIRE))
		sched_yield();
	refusals_try();
	return NULL;
}

static void *
nothing(void *arg)
{
	return arg;
}

static void
needs_try(void)
{
	char byte = 0, *memory = malloc(1u << 20);
	int pair[2], fd;
	pthread_t thread;

	EXPECT(memory != NULL);
	free(memory);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT(fd >= 0);
	EXPECT(write(fd, &byte, 1) == 1);
	close(fd);
	pair[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
	EXPECT(pair[0] >= 0);
	close(pair[0]);
	EXPECT(pthread_create(&thread, NULL, nothing, NULL) == 0);
	EXPECT(pthread_join(thread, NULL) == 0);
}

/* No line of any thread's status has these capabilities. */
static void
text_expect(enum cfg_seccomp mode, const char *calls)
{
	char text[256], wanted[256];

	live_confined_text(mode, text, sizeof(text));
	snprintf(wanted, sizeof(wanted), "user %u, no capabilities, no new privileges, %s",
		(unsigned)geteuid(), calls);
	EXPECT(!strcmp(text, wanted));
}

static void
child_on(void)
{
	pthread_t thread;
	bool go = false;
	char message[256];

	EXPECT(pthread_create(&thread, NULL, neighbour, &go) == 0);
	EXPECT(confine(CFG_SECCOMP_ON, message) == ST_OK);
	text_expect(CFG_SECCOMP_ON, "system calls filtered");
	refusals_try();
	needs_try();
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
	EXPECT(pthread_join(thread, NULL) == 0);
}

static void
child_log(void)
{
	char message[256];

	EXPECT(confine(CFG_SECCOMP_LOG, message) == ST_OK);
	text_expect(CFG_SECCOMP_LOG, "system calls watched");
	EXPECT(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	EXPECT(socket(AF_PACKET, SOCK_RAW, 0) == -1); /* wants a capability */
}

static void
child_off(void)
{
	char message[256];

	EXPECT(confine(CFG_SECCOMP_OFF, message) == ST_OK);
	text_expect(CFG_SECCOMP_OFF, "all system calls");
	EXPECT(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	EXPECT(socket(AF_PACKET, SOCK_RAW, 0) == -1);
	EXPECT(chroot("/") == -1);
}

static void *
deaf(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
	while (true)
		pause();
	return NULL;
}

/* One that blocks signals keeps what it has: that is said, not passed over. */
static void
child_deaf(void)
{
	pthread_t thread;
	bool ready = false;
	char message[256];

	EXPECT(pthread_create(&thread, NULL, deaf, &ready) == 0);
	while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		sched_yield();
	EXPECT(confine(CFG_SECCOMP_ON, message) == ST_ERR_UNSUPPORTED);
	EXPECT(!strcmp(message, "privileges: 1 threads do not give theirs up"));
	EXPECT(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

/* 0, or the line at fault less LINES_BEFORE. */
static int
child_run(void (*body)(void))
{
	int status;
	pid_t child = fork();

	if (!child) {
		body();
		_exit(0);
	}
	CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
	CU_ASSERT_FATAL(WIFEXITED(status));
	if (WEXITSTATUS(status))
		printf("\n%s:%d failed in the child\n", __FILE__, WEXITSTATUS(status) + LINES_BEFORE);
	return WEXITSTATUS(status);
}

static void
test_on(void)
{
	CU_ASSERT_EQUAL(child_run(child_on), 0);
}

static void
test_other_modes(void)
{
	CU_ASSERT_EQUAL(child_run(child_log), 0);
	CU_ASSERT_EQUAL(child_run(child_off), 0);
}

static void
test_deaf(void)
{
	CU_ASSERT_EQUAL(child_run(child_deaf), 0);
}

int
suite_confine(void)
{
	CU_pSuite suite = CU_add_suite("confine", NULL, NULL);

	return !suite || !CU_add_test(suite, "on", test_on) ||
	       !CU_add_test(suite, "log and off", test_other_modes) ||
	       !CU_add_test(suite, "a thread that cannot be told", test_deaf);
}
