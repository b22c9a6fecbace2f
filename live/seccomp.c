/* The filter of system calls, by libseccomp, from the rows of syscall.def. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "live/confine.h"

#define NO_ARGUMENT UINT32_MAX

struct rule {
	const char *name;
	const char *device; /* NULL: whatever the ports are */
	uint32_t argument;
	uint64_t mask, value;
};

static bool
device_used(const struct cfg_gateway *gateway, const char *device)
{
	for (unsigned p = 0; p < gateway->n_ports; p++)
		if (gateway->ports[p].device &&
			!strncmp(gateway->ports[p].device, device, strlen(device)))
			return true;
	return false;
}

/* A name that this processor has no such call for is no fault: "open" is "openat" on newer ones. */
static int
rule_add(scmp_filter_ctx filter, const struct rule *rule)
{
	struct scmp_arg_cmp compare = SCMP_CMP64(rule->argument, SCMP_CMP_MASKED_EQ, rule->mask, rule->value);
	int number = seccomp_syscall_resolve_name(rule->name);

	if (number < 0)
		return 0;
	if (rule->argument == NO_ARGUMENT)
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
}

static int
rules_add(scmp_filter_ctx filter, const struct cfg_gateway *gateway)
{
	const uint64_t self = (uint64_t)getpid();
	const struct rule rules[] = {
#define ALLOW(name, why) {#name, NULL, NO_ARGUMENT, 0, 0},
#define ALLOW_IF(name, argument, mask, value, why) {#name, NULL, argument, mask, value},
#define ALLOW_FOR(device, name, why) {#name, device, NO_ARGUMENT, 0, 0},
#include "live/syscall.def"
#undef ALLOW
#undef ALLOW_IF
#undef ALLOW_FOR
	};
	int error = 0;

	for (unsigned i = 0; i < sizeof(rules) / sizeof(*rules) && !error; i++)
		if (!rules[i].device || device_used(gateway, rules[i].device))
			error = rule_add(filter, &rules[i]);
	return error;
}

/* clone3() keeps its flags behind a pointer: whoever gets ENOSYS takes clone(). */
static int
filter_fill(scmp_filter_ctx filter, const struct cfg_gateway *gateway, bool log)
{
	int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	if (!error) /* else kernels before 5.16 slow every branch of the process down */
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!error && log)
		error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_LOG);
	if (!error && !log)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error ? error : rules_add(filter, gateway);
}

enum status
live_seccomp(const struct cfg_lab *cfg, bool log, char *message, size_t bytes)
{
	scmp_filter_ctx filter = seccomp_init(log ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM));
	int error = filter ? filter_fill(filter, &cfg->gateways[0], log) : -ENOMEM;

	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	if (!error)
		return ST_OK;
	snprintf(message, bytes,
		"live.seccomp: the kernel does not take the filter: %s; \"off\" does without",
		strerror(-error));
	return ST_ERR_UNSUPPORTED;
}
