/* Rows of msg.def, and the filling in of their fields.
 *
 * The connection id is the SA's place in its gateway, from 1.  An event that names no SA has connection id 0.
 * Which gateway logs at what rate is msg_log's affair. */
#include "dataplane/msg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/ipsec/sa.h"

#define ON(platform) (1u << CFG_PLATFORM_##platform)
#define ALL UINT32_MAX
#define ENDS(life) (1u << LIFE_##life)
#define WHEN(reason) (UINT64_C(1) << DROP_##reason)
#define SEQUENCE (WHEN(REPLAY_OLD) | WHEN(REPLAY_DUP) | WHEN(SEQ_ZERO))
#define INTEGRITY (WHEN(ICV) | WHEN(ICV_ESN))

_Static_assert(DROP_COUNT <= 64, "reasons are bits");

static const struct {
	const char *text;
	uint64_t reasons;
	uint32_t platforms;
	uint32_t lives;
} rows[MSG_COUNT] = {
#define MSG(name, p, r, t) [MSG_##name] = {.text = t, .reasons = r, .platforms = p},
#define NOTICE(name, p, l, t) [MSG_##name] = {.text = t, .platforms = p, .lives = l},
#include "dataplane/msg.def"
#undef MSG
#undef NOTICE
};

enum field {
	FIELD_CONN, FIELD_SEQ, FIELD_SEQ_HEX, FIELD_EDGE, FIELD_SPI, FIELD_SPI_LOWER, FIELD_SPI_HEX,
	FIELD_SRC, FIELD_DST, FIELD_PROTO, FIELD_IP_ID, FIELD_STATUS,
	FIELD_WAY, FIELD_WHAT, FIELD_PEER, FIELD_COUNT
};

enum shape { SHAPE_NUMBER, SHAPE_LOWER, SHAPE_HEX, SHAPE_ADDRESS, SHAPE_WORDS };

static const struct {
	const char *name;
	enum shape shape;
} fields[FIELD_COUNT] = {
	[FIELD_CONN] = {"conn", SHAPE_NUMBER},
	[FIELD_SEQ] = {"seq", SHAPE_NUMBER},
	[FIELD_SEQ_HEX] = {"seq_X", SHAPE_HEX},
	[FIELD_EDGE] = {"edge", SHAPE_NUMBER},
	[FIELD_SPI] = {"spi", SHAPE_NUMBER},
	[FIELD_SPI_LOWER] = {"spi_x", SHAPE_LOWER},
	[FIELD_SPI_HEX] = {"spi_X", SHAPE_HEX},
	[FIELD_SRC] = {"src", SHAPE_ADDRESS},
	[FIELD_DST] = {"dst", SHAPE_ADDRESS},
	[FIELD_PROTO] = {"proto", SHAPE_NUMBER},
	[FIELD_IP_ID] = {"ip_id", SHAPE_NUMBER},
	[FIELD_STATUS] = {"status", SHAPE_NUMBER},
	[FIELD_WAY] = {"way", SHAPE_WORDS},
	[FIELD_WHAT] = {"what", SHAPE_WORDS},
	[FIELD_PEER] = {"peer", SHAPE_ADDRESS},
};

static uint64_t
field_value(enum field field, const struct drop_event *event)
{
	switch (field) {
	case FIELD_CONN:
		return event->sa ? event->sa->index + 1u : 0;
	case FIELD_SEQ:
	case FIELD_SEQ_HEX:
		return event->seq;
	case FIELD_EDGE:
		return event->right_edge;
	case FIELD_SPI:
	case FIELD_SPI_LOWER:
	case FIELD_SPI_HEX:
		return event->spi;
	case FIELD_SRC:
	case FIELD_DST:
	case FIELD_PEER:
	case FIELD_WAY:
	case FIELD_WHAT: /* no number */
		break;
	case FIELD_PROTO:
		return event->proto;
	case FIELD_IP_ID:
		return event->ip_id;
	case FIELD_STATUS:
		return drop_event_status(event);
	case FIELD_COUNT:
		break;
	}
	return 0;
}

static enum field
field_find(const char *name, size_t bytes)
{
	unsigned f = 0;

	while (f < FIELD_COUNT && (strlen(fields[f].name) != bytes || memcmp(fields[f].name, name, bytes)))
		f++;
	return (enum field)f;
}

static struct ip_addr
field_address(enum field field, const struct drop_event *event)
{
	bool in = event->sa && event->sa->direction == CFG_IN;

	if (field == FIELD_PEER)
		return in ? event->src : event->dst;
	return field == FIELD_SRC ? event->src : event->dst;
}

static const char *
field_words(enum field field, const struct drop_event *event)
{
	if (field == FIELD_WHAT)
		return life_info[event->life].what;
	return event->sa && event->sa->direction == CFG_OUT ? "outbound" : "inbound";
}

/* Writes a field as snprintf() would. */
static int
field_write(enum field field, const struct drop_event *event, char *out, size_t bytes)
{
	uint64_t v = field_value(field, event);
	char address[IP_TEXT_BYTES];

	switch (field < FIELD_COUNT ? fields[field].shape : SHAPE_NUMBER) {
	case SHAPE_LOWER:
		return snprintf(out, bytes, "%" PRIx64, v);
	case SHAPE_HEX:
		return snprintf(out, bytes, "%08" PRIX64, v);
	case SHAPE_ADDRESS:
		ip_text(field_address(field, event), address);
		return snprintf(out, bytes, "%s", address);
	case SHAPE_WORDS:
		return snprintf(out, bytes, "%s", field_words(field, event));
	case SHAPE_NUMBER:
		break;
	}
	return snprintf(out, bytes, "%" PRIu64, v);
}

bool
msg_applies(enum msg msg, enum cfg_platform platform, enum drop reason)
{
	return rows[msg].platforms >> platform & 1u && rows[msg].reasons >> reason & 1u;
}

bool
msg_notices(enum msg msg, enum cfg_platform platform, enum life life)
{
	return rows[msg].platforms >> platform & 1u && rows[msg].lives >> life & 1u;
}

void
msg_text(enum msg msg, const struct drop_event *event, char *out, size_t bytes)
{
	const char *text = rows[msg].text;
	size_t used = 0;

	while (*text && used + 1 < bytes) {
		size_t span = strcspn(text, "[");

		used += (size_t)snprintf(out + used, bytes - used, "%.*s", (int)span, text);
		text += span;
		if (!*text || used >= bytes)
			break;
		span = strcspn(++text, "]");
		used += (size_t)field_write(field_find(text, span), event, out + used, bytes - used);
		text += span + 1;
	}
}

const char *
msg_kind(enum msg msg, int *bytes)
{
	*bytes = (int)strcspn(rows[msg].text, ":=");
	return rows[msg].text;
}
