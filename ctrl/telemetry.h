/* Commands of DPDK's telemetry, /esplab/...: every `show` of command.def, answered by that command itself.
 *
 * "/esplab/drops" is `show drops | json`, "/esplab/crypto/ipsec/sa,a-b" is `show crypto ipsec sa name a-b |
 * json`.  DPDK asks in threads of its own, one for each of its clients; they leave the question in a box and
 * wait, and telemetry_turn() answers in the control thread, as if one more console had asked.  They touch
 * neither a gateway nor the control plane, and after telemetry_destroy() only the box.
 *
 * DPDK's callbacks know no context, and commands stay registered for good.  So the box is a memzone with a
 * name, which lives as long as EAL, and is found by that name: no variable of ours has to be global. */
#ifndef CTRL_TELEMETRY_H
#define CTRL_TELEMETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct ctrl;
struct ctrl_telemetry;

/* Registers the commands and answers from now on.  ctrl is borrowed.  One at a time a process: ERR_EXISTS.
 * Whether EAL serves a socket for them is EAL's affair.  On failure one line in message. */
enum status telemetry_create(struct ctrl *ctrl, struct ctrl_telemetry **out, char *message, size_t bytes);
/* Who still waits is told that there is no gateway, and so is who asks later; NULL is fine. */
void telemetry_destroy(struct ctrl_telemetry *telemetry);
/* Answers what was asked; true where anything was.  Control thread, as the two above. */
bool telemetry_turn(struct ctrl_telemetry *telemetry);

/* What a thread of DPDK does: waits for the answer, which is JSON and the caller's to free, whatever the
 * status.  parameter: behind the comma, or NULL.  ERR_NOT_FOUND: there is no such command, or no gateway, and
 * *answer is NULL. */
enum status telemetry_ask(const char *command, const char *parameter, char **answer);

#endif
