/* Privileges belong to threads, and EAL and drivers have started theirs by now.  Each is sent a signal whose
 * handler gives up its own; then /proc says whether it has.  glibc does the same for setuid(), but has no way
 * to offer for capabilities. */
#include "live/confine.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REST_NS 1000000u
#define ROUNDS 2000u /* rests, before a thread is given up: it blocks the signal */
#define SIGNAL (SIGRTMIN + 7)

/* What /proc/self/task/TID/status says. */
struct privileges {
	unsigned long long permitted, effective;
	unsigned no_new, seccomp, uid;
};

/* Two handlers, as a handler knows no context. */
static void
give_up(unsigned long long keep)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {
		{(uint32_t)keep, (uint32_t)keep, 0}, {(uint32_t)(keep >> 32), (uint32_t)(keep >> 32), 0}};
	int error = errno;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_capset, &head, sets);
	errno = error;
}

static void
give_up_all(int number)
{
	(void)number;
	give_up(0);
}

static void
give_up_but_net(int number)
{
	(void)number;
	give_up(1ull << CAP_NET_ADMIN);
}

static bool
privileges_read(const char *task, struct privileges *out)
{
	char path[300], line[256];
	FILE *file;

	*out = (struct privileges){.permitted = ~0ull};
	snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "CapPrm: %llx", &out->permitted);
		sscanf(line, "CapEff: %llx", &out->effective);
		sscanf(line, "NoNewPrivs: %u", &out->no_new);
		sscanf(line, "Seccomp: %u", &out->seccomp);
		sscanf(line, "Uid: %u", &out->uid);
	}
	fclose(file);
	return true;
}

/* Threads that still have more than `keep`; one that has not been sent the signal is sent it. */
static unsigned
threads_look(unsigned long long keep, pid_t *sent, unsigned *n_sent, unsigned max)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned left = 0, i;

	while (tasks && (entry = readdir(tasks))) {
		pid_t task = (pid_t)atoi(entry->d_name);
		struct privileges has;

		if (task <= 0 || !privileges_read(entry->d_name, &has) ||
			(has.no_new && !((has.permitted | has.effective) & ~keep)))
			continue;
		left++;
		for (i = 0; i < *n_sent && sent[i] != task; i++)
			;
		if (i < *n_sent || i == max)
			continue;
		sent[(*n_sent)++] = task;
		syscall(SYS_tgkill, getpid(), task, SIGNAL);
	}
	if (tasks)
		closedir(tasks);
	return tasks ? left : 1;
}

/* A thread that is not sent the signal a second time cannot have it waiting when the handler is gone. */
static enum status
privileges_drop(unsigned long long keep, const struct live_clock *clock, char *message, size_t bytes)
{
	struct sigaction old, action = {.sa_handler = keep ? give_up_but_net : give_up_all,
				      .sa_flags = SA_RESTART};
	pid_t sent[256];
	unsigned n = 0, left = 1;

	if (sigaction(SIGNAL, &action, &old)) {
		snprintf(message, bytes, "privileges cannot be given up: %s", strerror(errno));
		return ST_ERR_UNSUPPORTED;
	}
	for (unsigned round = 0; round < ROUNDS && left; round++) {
		left = threads_look(keep, sent, &n, sizeof(sent) / sizeof(*sent));
		if (left)
			clock->rest(clock->ctx, REST_NS);
	}
	if (!left) {
		sigaction(SIGNAL, &old, NULL);
		return ST_OK;
	}
	snprintf(message, bytes, "privileges: %u threads do not give theirs up", left);
	return ST_ERR_UNSUPPORTED;
}

static unsigned long long
capabilities_kept(const struct cfg_gateway *gateway)
{
	for (unsigned p = 0; p < gateway->n_ports; p++)
		if (gateway->ports[p].device && !strncmp(gateway->ports[p].device, "net_af_xdp", 10))
			return 1ull << CAP_NET_ADMIN;
	return 0;
}

enum status
live_confine(const struct cfg_lab *cfg, const struct live_clock *clock, char *message, size_t bytes)
{
	enum status status = privileges_drop(capabilities_kept(&cfg->gateways[0]), clock, message, bytes);

	if (status || cfg->live.seccomp == CFG_SECCOMP_OFF)
		return status;
	return live_seccomp(cfg, cfg->live.seccomp == CFG_SECCOMP_LOG, message, bytes);
}

void
live_confined_text(enum cfg_seccomp seccomp, char *text, size_t bytes)
{
	struct privileges has;
	char task[16], capabilities[32] = "no capabilities";

	snprintf(task, sizeof(task), "%d", (int)gettid());
	if (!privileges_read(task, &has)) {
		snprintf(text, bytes, "unknown");
		return;
	}
	if (has.permitted | has.effective)
		snprintf(capabilities, sizeof(capabilities), "capabilities %llx",
			has.permitted | has.effective);
	snprintf(text, bytes, "user %u, %s, %s, %s", has.uid, capabilities,
		has.no_new ? "no new privileges" : "new privileges possible",
		!has.seccomp				? "all system calls"
			: seccomp == CFG_SECCOMP_LOG ? "system calls watched"
						     : "system calls filtered");
}
