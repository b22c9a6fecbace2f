/* What the process may not do any more once its ports are open: new privileges, capabilities, and all system
 * calls but those of live/syscall.def, in every thread.  It cannot be taken back.
 *
 * CAP_NET_ADMIN stays where a port is one of net_af_xdp, whose driver takes its program off the interface at
 * the end.  Root without capabilities is still user 0: the files of root are his, others' are not. */
#ifndef LIVE_CONFINE_H
#define LIVE_CONFINE_H

#include <stddef.h>

#include "base/status.h"
#include "config/cfg.h"
#include "live/live.h"

/* Any thread, while no other starts threads; clock->rest() is called until all threads have followed.  On
 * failure one line in message. */
enum status live_confine(
	const struct cfg_lab *cfg, const struct live_clock *clock, char *message, size_t bytes);

/* What the kernel says of it now, in words. */
void live_confined_text(enum cfg_seccomp seccomp, char *text, size_t bytes);

/* The system calls alone, with the devices of cfg's ports; for live_confine().  From here on the calling
 * thread and all others are refused the rest: EPERM, and a line in the kernel's log; log: only the line. */
enum status live_seccomp(const struct cfg_lab *cfg, bool log, char *message, size_t bytes);

#endif
