/* interop: the packet codec and the engine ipsec_mb for whoever drives them from outside
 * (scenario/interop.py).
 *
 * Reads JSON objects, one a line, from stdin and answers each with one line on stdout:
 *   {"do": "list"}      {"transforms": [{"words", "proto", "cipher", "auth", "key", "auth_key", "salt", "iv",
 *                       "icv", "block", "tshark": [cipher, auth]} ...]}: all that alg.def allows
 *   {"do": "protect", SA, "seq": n, "packet": hex}	{"verdict": "ok", "packet": hex}
 *   {"do": "open", SA, "edge": n, "packet": hex}	the same with the inner packet, and its number "seq"
 * SA: "transform", "key", "auth_key" (hex), "spi", "src", "dst", "transport", "natt", "esn", "align4", "tfc".
 * edge: the highest number seen, from which ESN infers the high half.  A verdict other than "ok" is a text of
 * drop.def, and comes without a packet.  An SA that cannot be made: {"error": message}.
 *
 * There is no replay check here.  Exit status: 0 at the end of stdin, 2 where a line is no request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "dataplane/ipsec/esn.h"
#include "dataplane/ipsec/ipsec.h"

#define ROOM (1u << 16)
#define FRONT 256u
#define ESN_WINDOW 64u

struct peer {
	struct engine *engine;
	uint8_t room[ROOM]; /* the packet begins somewhere after FRONT bytes */
	char text[2 * ROOM + 1];
};

struct hex {
	uint8_t *to;
	size_t max, len;
};

static int
hex_read(const json_t *value, struct hex *hex)
{
	const char *text = value ? json_string_value(value) : "";
	size_t digits = text ? strlen(text) : 1;
	unsigned byte;

	hex->len = digits / 2;
	if (digits % 2 || hex->len > hex->max)
		return 0;
	for (size_t i = 0; i < hex->len; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return 0;
		hex->to[i] = (uint8_t)byte;
	}
	return 1;
}

static json_t *
hex_json(struct peer *peer, const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		snprintf(peer->text + 2 * i, 3, "%02x", data[i]);
	return json_stringn(peer->text, 2 * len);
}

static json_t *
transform_json(const char *words, const struct transform *t)
{
	const struct alg_cipher_info *cipher = &alg_cipher_info[t->cipher];
	const struct alg_auth_info *auth = &alg_auth_info[t->auth];

	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:[s, s]}", "words", words,
		"proto", t->proto == ALG_AH ? "AH" : "ESP", "cipher", cipher->name, "auth", auth->name, "key",
		t->key_len, "auth_key", t->auth_key_len, "salt", t->salt_len, "iv", t->iv_len, "icv",
		t->icv_len, "block", t->block, "tshark", cipher->tshark, auth->tshark);
}

static json_t *
list_answer(void)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < 2 * ALG_CIPHER_COUNT * ALG_AUTH_COUNT; i++) {
		struct transform t, pair = {.proto = i & 1 ? ALG_AH : ALG_ESP,
					    .cipher = i / 2 / ALG_AUTH_COUNT,
					    .auth = i / 2 % ALG_AUTH_COUNT};
		char words[128], message[600];

		if (pair.proto == ALG_AH && pair.cipher != ALG_CIPHER_NULL)
			continue;
		transform_text(&pair, words, sizeof(words));
		if (transform_parse(words, &t, message, sizeof(message)) == ST_OK)
			json_array_append_new(rows, transform_json(words, &t));
	}
	return json_pack("{s:o}", "transforms", rows);
}

static int
cfg_read(const json_t *request, struct cfg_sa *cfg)
{
	struct hex key = {.to = cfg->key, .max = CFG_KEY_MAX};
	struct hex auth = {.to = cfg->auth_key, .max = CFG_KEY_MAX};
	const char *src = json_string_value(json_object_get(request, "src"));
	const char *dst = json_string_value(json_object_get(request, "dst"));

	cfg->name = "interop";
	cfg->transform = json_string_value(json_object_get(request, "transform"));
	cfg->spi = (uint32_t)json_integer_value(json_object_get(request, "spi"));
	cfg->tfc = (uint32_t)json_integer_value(json_object_get(request, "tfc"));
	if (json_is_true(json_object_get(request, "transport")))
		cfg->mode = CFG_MODE_TRANSPORT;
	cfg->natt = json_is_true(json_object_get(request, "natt"));
	cfg->esn = json_is_true(json_object_get(request, "esn"));
	cfg->align4 = json_is_true(json_object_get(request, "align4"));
	cfg->first_seq = 1;
	cfg->dscp = -1;
	cfg->ttl = 64;
	cfg->replay = "bitmap";
	if (!cfg->transform || !src || !dst || !ip_parse(src, &cfg->src) || !ip_parse(dst, &cfg->dst) ||
		!hex_read(json_object_get(request, "key"), &key) ||
		!hex_read(json_object_get(request, "auth_key"), &auth))
		return 0;
	cfg->key_len = (unsigned)key.len;
	cfg->auth_key_len = (unsigned)auth.len;
	return 1;
}

static enum drop
crypto_run(struct engine *engine, struct crypto_op *op)
{
	struct crypto_op *done = NULL;

	if (engine->ops->submit(engine, &op, 1, 0) != 1)
		return DROP_ENGINE_FULL;
	if (engine->ops->poll(engine, &done, 1, 0) != 1 || done != op)
		return DROP_ENGINE;
	if (op->result == CRYPTO_OK)
		return DROP_NONE;
	return op->result == CRYPTO_BAD_ICV ? DROP_ICV : DROP_ENGINE;
}

/* The packet of len bytes stands at room + 2 * FRONT; afterwards *inner says where the other one is. */
static enum drop
packet_protect(struct peer *peer, struct sa *sa, uint32_t len, uint64_t seq, struct ipsec_inner *inner)
{
	uint8_t *packet = peer->room + 2 * FRONT - sa->size.front;
	uint32_t behind = ipsec_behind(sa, peer->room + 2 * FRONT, len);
	struct crypto_op op;
	enum drop drop;

	if (behind > ROOM - 4 * FRONT - len)
		return DROP_NO_ROOM;
	*inner = (struct ipsec_inner){2 * FRONT - sa->size.front, sa->size.front + len + behind};
	ipsec_protect(sa, packet, len, seq, &op);
	drop = crypto_run(peer->engine, &op);
	if (sa->finishes)
		ipsec_finish(sa, packet, inner->len, &op);
	return drop;
}

static enum drop
packet_open(struct peer *peer, const struct sa *sa, uint32_t len, uint64_t edge, uint64_t *seq,
	struct ipsec_inner *inner)
{
	uint8_t *packet = peer->room + 2 * FRONT;
	struct ipsec_peek peek;
	struct crypto_op op;
	enum drop drop;
	bool tfc;

	drop = ipsec_peek(packet, len, &peek);
	if (drop != DROP_NONE)
		return drop;
	if (peek.spi != sa->spi || peek.proto != sa->transform.proto)
		return DROP_NO_SA;
	*seq = sa->esn ? esn_infer(edge, ESN_WINDOW, peek.seq) : peek.seq;
	drop = ipsec_open(sa, packet, len, peek.at, *seq, &op);
	if (drop != DROP_NONE)
		return drop;
	drop = crypto_run(peer->engine, &op);
	ipsec_close(sa, packet, &op);
	if (drop == DROP_NONE)
		drop = ipsec_decap(sa, packet, len, peek.at, inner, &tfc);
	inner->offset += 2 * FRONT;
	return drop;
}

static json_t *
packet_answer(struct peer *peer, const json_t *request, struct sa *sa)
{
	struct hex packet = {.to = peer->room + 2 * FRONT, .max = ROOM - 4 * FRONT};
	struct ipsec_inner inner = {0, 0};
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(request, "seq"));
	enum drop drop;

	if (!hex_read(json_object_get(request, "packet"), &packet) || packet.len < 20)
		return NULL;
	if (sa->direction == CFG_OUT)
		drop = packet_protect(peer, sa, (uint32_t)packet.len, seq, &inner);
	else
		drop = packet_open(peer, sa, (uint32_t)packet.len,
			(uint64_t)json_integer_value(json_object_get(request, "edge")), &seq, &inner);
	if (drop != DROP_NONE)
		return json_pack("{s:s}", "verdict", drop_info[drop].text);
	return json_pack("{s:s, s:I, s:o}", "verdict", "ok", "seq", (json_int_t)seq, "packet",
		hex_json(peer, peer->room + inner.offset, inner.len));
}

/* NULL: no request. */
static json_t *
answer(struct peer *peer, const json_t *request)
{
	const char *verb = json_string_value(json_object_get(request, "do"));
	struct cfg_sa cfg = {0};
	char message[256];
	struct sa *sa;
	json_t *reply;

	if (verb && !strcmp(verb, "list"))
		return list_answer();
	if (!verb || (strcmp(verb, "protect") && strcmp(verb, "open")) || !cfg_read(request, &cfg))
		return NULL;
	cfg.direction = strcmp(verb, "open") ? CFG_OUT : CFG_IN;
	if (sa_create(&cfg, 0, peer->engine, &sa, message, sizeof(message)))
		return json_pack("{s:s}", "error", message);
	reply = packet_answer(peer, request, sa);
	sa_destroy(sa, peer->engine);
	return reply;
}

static int
requests_run(struct peer *peer)
{
	char *line = NULL;
	size_t bytes = 0;
	int good = 1;

	while (good && getline(&line, &bytes, stdin) > 0) {
		json_t *request = json_loads(line, 0, NULL), *reply = answer(peer, request);

		good = reply && !json_dumpf(reply, stdout, JSON_COMPACT) && putchar('\n') != EOF &&
		       !fflush(stdout);
		if (!good)
			fprintf(stderr, "interop: no request: %.300s\n", line);
		json_decref(reply);
		json_decref(request);
	}
	free(line);
	return good;
}

int
main(void)
{
	static const struct cfg_engine engine = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	struct peer *peer = calloc(1, sizeof(*peer));
	char message[256] = "no memory";
	int good;

	if (!peer || engine_create(&engine, &peer->engine, message, sizeof(message))) {
		fprintf(stderr, "interop: %s\n", message);
		free(peer);
		return 2;
	}
	good = requests_run(peer);
	engine_destroy(peer->engine);
	free(peer);
	return good ? 0 : 2;
}
