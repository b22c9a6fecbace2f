/* crypto sa add, rekey, window, delete; reload: changes of SAs without stopping. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ctrl/ctrl_priv.h"
#include "ctrl/sadb.h"
#include "dataplane/msg_log.h"

/* Hexadecimal digits; 0x, colons and blanks are ignored, as in a configuration. */
static bool
hex_read(const char *text, uint8_t *key, unsigned *length)
{
	unsigned digits = 0;

	*length = 0;
	if (!text)
		return true;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text; text++) {
		const char *hex = "0123456789abcdef", *at;

		if (*text == ':' || *text == ' ')
			continue;
		at = strchr(hex, *text | ('A' <= *text && *text <= 'F' ? 32 : 0));
		if (!at || digits == 2 * CFG_KEY_MAX)
			return false;
		key[digits / 2] = (uint8_t)(key[digits / 2] << 4 | (at - hex));
		digits++;
	}
	*length = digits / 2;
	return digits % 2 == 0;
}

bool
ctrl_number(const char *text, uint64_t max, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return !errno && end != text && !*end && *text != '-' && *number <= max;
}

/* Words "spi", "key", "auth-key" of a command; false where one is wrong, which the answer says. */
static bool
key_read(struct command_call *call, const char *spi, const char *key, const char *auth, struct sadb_key *out)
{
	uint64_t number;

	memset(out, 0, sizeof(*out));
	if (!spi || (!key && !auth)) {
		out_error(call->out, ST_ERR_CONFIG,
			"A new SA wants spi NUMBER and key HEX, auth-key HEX, or both");
		return false;
	}
	if (!ctrl_number(spi, UINT32_MAX, &number)) {
		out_error(call->out, ST_ERR_CONFIG, "spi wants a number from 256 to 4294967295, not \"%s\"",
			spi);
		return false;
	}
	out->spi = (uint32_t)number;
	if (hex_read(key, out->key, &out->key_len) && hex_read(auth, out->auth_key, &out->auth_key_len))
		return true;
	out_error(
		call->out, ST_ERR_CONFIG, "A key wants pairs of hexadecimal digits, at most %u", CFG_KEY_MAX);
	return false;
}

/* Index of the SA that is meant; CFG_NONE: none, which the answer says. */
static uint32_t
sa_read(struct command_call *call, const char *name, const char *direction)
{
	int which = !direction ? -1 : !strcmp(direction, "in") ? CFG_IN : CFG_OUT;
	uint32_t index = sadb_find(call->ctrl->sadb, name, which);
	bool both = sadb_find(call->ctrl->sadb, name, CFG_IN) != CFG_NONE &&
		    sadb_find(call->ctrl->sadb, name, CFG_OUT) != CFG_NONE;

	if (index != CFG_NONE)
		return index;
	if (both)
		out_error(call->out, ST_ERR_CONFIG, "There are two SAs \"%s\": in or out?", name);
	else
		out_error(call->out, ST_ERR_NOT_FOUND, "There is no SA \"%s\"", name);
	return CFG_NONE;
}

static bool
may_change(struct command_call *call)
{
	if (call->ctrl->target.fixed)
		out_error(call->out, ST_ERR_UNSUPPORTED, "%s", call->ctrl->target.fixed);
	return !call->ctrl->target.fixed;
}

/* What was done, in the answer and in the log; or why not. */
static void
changed_tell(struct command_call *call, enum status status, const char *message, const char *done)
{
	char line[320];

	if (status) {
		out_error(call->out, status, "%s", message);
		snprintf(line, sizeof(line), "CTRL: refused: %.*s", (int)strcspn(message, "\n"), message);
		ctrl_log_line(call->ctrl, ctrl_now(call->ctrl), line);
		return;
	}
	snprintf(line, sizeof(line), "CTRL: %s", done);
	ctrl_log_line(call->ctrl, ctrl_now(call->ctrl), line);
	out_line(call->out, "%s\n", done);
	out_string(call->out->json, "done", done);
}

void
run_sa_rekey(struct command_call *call)
{
	struct sadb_key key;
	char message[512] = "", done[256];
	uint32_t index, was;
	enum status status;

	if (!may_change(call) || (index = sa_read(call, call->value[0], call->value[1])) == CFG_NONE ||
		!key_read(call, call->value[2], call->value[3], call->value[4], &key))
		return;
	was = sadb_cfg(call->ctrl->sadb)->sas[index].spi;
	status = sadb_rekey(call->ctrl->sadb, index, &key, message, sizeof(message));
	snprintf(done, sizeof(done), "SA %s: spi 0x%" PRIX32 " in place of 0x%" PRIX32, call->value[0],
		key.spi, was);
	bytes_wipe(&key, sizeof(key));
	changed_tell(call, status, message, done);
	if (!status)
		ctrl_debug_sa_made(call->ctrl, sadb_cfg(call->ctrl->sadb), index);
}

void
run_sa_add(struct command_call *call)
{
	struct sadb_key key;
	char message[512] = "", done[256];
	const char *like = call->value[1];
	uint32_t index;
	enum status status;

	if (!may_change(call))
		return;
	if (!like) {
		out_error(call->out, ST_ERR_CONFIG,
			"A new SA wants like NAME: the SA that it is to stand beside");
		return;
	}
	if ((index = sa_read(call, like, call->value[2])) == CFG_NONE ||
		!key_read(call, call->value[3], call->value[4], call->value[5], &key))
		return;
	status = sadb_add(call->ctrl->sadb, call->value[0], index, &key, message, sizeof(message));
	snprintf(done, sizeof(done), "SA %s: added beside %s, spi 0x%" PRIX32, call->value[0], like, key.spi);
	bytes_wipe(&key, sizeof(key));
	changed_tell(call, status, message, done);
	if (!status)
		ctrl_debug_sa_made(call->ctrl, sadb_cfg(call->ctrl->sadb),
			sadb_cfg(call->ctrl->sadb)->n_sas - 1);
}

void
run_sa_delete(struct command_call *call)
{
	char message[512] = "", done[256];
	struct cfg_sa gone;
	uint32_t index;
	enum status status;

	if (!may_change(call) || (index = sa_read(call, call->value[0], call->value[1])) == CFG_NONE)
		return;
	gone = sadb_cfg(call->ctrl->sadb)->sas[index];
	status = sadb_delete(call->ctrl->sadb, index, message, sizeof(message));
	snprintf(done, sizeof(done), "SA %s: deleted, spi 0x%" PRIX32, call->value[0], gone.spi);
	changed_tell(call, status, message, done);
	if (!status)
		ctrl_debug_sa_deleted(call->ctrl, &gone, index);
	bytes_wipe(&gone, sizeof(gone));
}

void
run_sa_window(struct command_call *call)
{
	char message[512] = "", done[256];
	uint64_t window;
	uint32_t index;
	enum status status;

	if (!may_change(call) || (index = sa_read(call, call->value[0], call->value[2])) == CFG_NONE)
		return;
	if (!ctrl_number(call->value[1], 4194304, &window)) {
		out_error(call->out, ST_ERR_CONFIG,
			"A window wants a number of packets from 0 to 4194304, not \"%s\"", call->value[1]);
		return;
	}
	status = sadb_window(call->ctrl->sadb, index, (uint32_t)window, message, sizeof(message));
	snprintf(done, sizeof(done), "SA %s: window %u", call->value[0], (unsigned)window);
	changed_tell(call, status, message, done);
}

void
run_reload(struct command_call *call)
{
	const struct ctrl_target *target = &call->ctrl->target;
	char message[8192] = "", done[320];
	struct cfg_lab *lab;
	unsigned changed = 0;
	enum status status;

	if (!may_change(call))
		return;
	if (!target->load) {
		out_error(call->out, ST_ERR_UNSUPPORTED, "This gateway did not come from a file");
		return;
	}
	status = target->load(target->ctx, call->value[0], &lab, message, sizeof(message));
	if (!status)
		status = sadb_load(call->ctrl->sadb, lab, &changed, message, sizeof(message));
	if (!status)
		msg_log_configure(call->ctrl->messages, sadb_cfg(call->ctrl->sadb));
	snprintf(done, sizeof(done), "%s: %u SAs made or altered, %u in all", call->value[0], changed,
		sadb_cfg(call->ctrl->sadb)->n_sas);
	changed_tell(call, status, message, done);
}
