/* What the stages of a gateway do to one packet, one behind the other: sa_out, crypto and back; replay_check,
 * crypto, replay_commit, decap.  Only here does conform/ touch dataplane/ipsec, in five small functions.
 *
 * IPv4 tunnels only, so far. */
#include "conform/own_esp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dataplane/ipsec/esn.h"
#include "dataplane/ipsec/esp.h"
#include "dataplane/ipsec/ipv4.h"

#define HEADROOM 128u
#define PACKET_MAX 65535u
#define TAILROOM 320u

struct own {
	struct esp_subject subject;
	struct drive *drive;
	struct cfg_sa cfg;
	struct sa *sa;
	char words[128];
	uint8_t work[HEADROOM + PACKET_MAX + TAILROOM];
};

static const struct esp_subject_ops own_ops;

/* ---- thin: what changes where dataplane/ipsec does ---- */

static void
cfg_fill(struct own *own, const struct esp_subject_cfg *cfg)
{
	const struct crypto_key *key = cfg->key;

	transform_text(cfg->transform, own->words, sizeof(own->words));
	own->cfg = (struct cfg_sa){
		.name = "conform",
		.direction = cfg->direction == CRYPTO_ENCRYPT ? CFG_OUT : CFG_IN,
		.spi = cfg->spi,
		.src = ip_v4_of(cfg->src),
		.dst = ip_v4_of(cfg->dst),
		.transform = own->words,
		.key_len = key->key_len + cfg->transform->salt_len,
		.auth_key_len = key->auth_key_len,
		.esn = cfg->esn,
		.window = cfg->window,
		.replay = cfg->replay ? cfg->replay : "bitmap",
		.first_seq = cfg->first_seq,
		.dscp = -1,
		.ttl = 64,
	};
	memcpy(own->cfg.key, key->key, key->key_len);
	memcpy(own->cfg.key + key->key_len, cfg->salt, cfg->transform->salt_len);
	memcpy(own->cfg.auth_key, key->auth_key, key->auth_key_len);
}

/* The inner packet stands at outer + sa->head_len.  The length of what comes of it. */
static uint32_t
packet_encap(struct sa *sa, uint8_t *outer, uint32_t inner_len, uint64_t seq, struct crypto_op *op)
{
	esp_encap(sa, outer, inner_len, seq, op);
	return esp_tunnel_length(sa, inner_len);
}

static enum drop
packet_open(struct sa *sa, uint8_t *outer, uint32_t len, uint64_t seq, struct crypto_op *op)
{
	return esp_open(sa, outer, len, seq, op);
}

static enum drop
packet_decap(struct sa *sa, uint8_t *outer, uint32_t len, uint32_t *offset, uint32_t *inner_len)
{
	struct esp_inner inner = {0, 0};
	enum drop drop = esp_decap(sa, outer, len, &inner);

	*offset = inner.offset;
	*inner_len = inner.len;
	return drop;
}

/* The 64-bit number, as replay_check finds it.  False where the header does not fit. */
static bool
packet_number(const struct sa *sa, const uint8_t *outer, uint32_t len, uint64_t *seq)
{
	uint32_t spi, low;

	if (len < IPV4_MIN_BYTES || ipv4_header_len(outer) < IPV4_MIN_BYTES ||
		!esp_peek(outer, len, &spi, &low))
		return false;
	*seq = low;
	if (sa->esn && sa->replay)
		*seq = esn_infer(sa->replay->right_edge(sa->window), sa->window_size, low);
	else if (sa->esn) /* the nearer of the two meanings */
		*seq = sa->ahead - (uint64_t)(int64_t)(int32_t)((uint32_t)sa->ahead - low);
	return true;
}

/* ---- the subject ---- */

static void
own_destroy(struct esp_subject *subject)
{
	struct own *own = (struct own *)subject;

	if (!own)
		return;
	sa_destroy(own->sa, own->drive->engine);
	bytes_wipe(own, sizeof(*own));
	free(own);
}

enum status
own_esp_create(struct drive *drive, const struct esp_subject_cfg *cfg, struct esp_subject **subject,
	char *message, size_t bytes)
{
	struct own *own;
	enum status status;

	*subject = NULL;
	if (!cfg->tunnel || cfg->inner_v6 || cfg->natt || !ip_is_v4(cfg->src)) {
		snprintf(message, bytes, "esplab: IPv4 tunnels only");
		return ST_ERR_UNSUPPORTED;
	}
	own = calloc(1, sizeof(*own));
	if (!own) {
		snprintf(message, bytes, "esplab: %s", status_text(ST_ERR_NOMEM));
		return ST_ERR_NOMEM;
	}
	own->subject.ops = &own_ops;
	own->drive = drive;
	cfg_fill(own, cfg);
	status = sa_create(&own->cfg, 0, drive->engine, &own->sa, message, bytes);
	if (status) {
		own_destroy(&own->subject);
		return status;
	}
	*subject = &own->subject;
	return ST_OK;
}

static enum esp_verdict
verdict_of(enum drop drop)
{
	switch (drop) {
	case DROP_NONE:
		return ESP_ACCEPTED;
	case DROP_REPLAY_OLD:
	case DROP_REPLAY_DUP:
	case DROP_SEQ_ZERO:
		return ESP_REPLAY;
	default:
		return ESP_BAD_PACKET;
	}
}

/* Through the engine. */
static enum esp_verdict
op_run(struct own *own, struct crypto_op *op)
{
	if (!drive_run(own->drive, op, 1))
		return ESP_UNSUPPORTED;
	switch (op->result) {
	case CRYPTO_OK:
		return ESP_ACCEPTED;
	case CRYPTO_BAD_ICV:
		return ESP_BAD_ICV;
	default:
		return ESP_UNSUPPORTED;
	}
}

static enum esp_verdict
own_protect(struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room, uint64_t seq)
{
	struct own *own = (struct own *)subject;
	struct sa *sa = own->sa;
	uint8_t *outer = own->work + HEADROOM;
	struct crypto_op op = {0};

	if (sa->head_len + *len + TAILROOM > sizeof(own->work) - HEADROOM)
		return ESP_BAD_PACKET;
	if (!seq && sa->seq == sa->seq_max)
		return ESP_EXHAUSTED;
	if (esp_tunnel_length(sa, *len) > room)
		return ESP_BAD_PACKET;
	sa->seq = seq ? seq : sa->seq + 1;
	memcpy(outer + sa->head_len, packet, *len);
	uint32_t total = packet_encap(sa, outer, *len, sa->seq, &op);
	enum esp_verdict verdict = op_run(own, &op);

	if (verdict != ESP_ACCEPTED)
		return verdict;
	memcpy(packet, outer, total);
	*len = total;
	return ESP_ACCEPTED;
}

/* replay_check, crypto, replay_commit, decap; the packet stands at outer. */
static enum drop
packet_take(struct own *own, uint8_t *outer, uint32_t len, enum esp_verdict *crypto, uint32_t *offset,
	uint32_t *inner_len)
{
	struct sa *sa = own->sa;
	struct crypto_op op = {0};
	enum drop drop = DROP_NONE;
	uint64_t seq;

	if (!packet_number(sa, outer, len, &seq))
		return DROP_ESP_LENGTH;
	if (sa->replay)
		drop = sa->replay->check(sa->window, seq);
	if (!drop)
		drop = packet_open(sa, outer, len, seq, &op);
	if (drop)
		return drop;
	*crypto = op_run(own, &op);
	if (*crypto != ESP_ACCEPTED)
		return DROP_ICV;
	if (sa->replay)
		drop = sa->replay->commit(sa->window, seq);
	if (drop)
		return drop;
	if ((int64_t)(seq - sa->ahead) > 0)
		sa->ahead = seq;
	return packet_decap(sa, outer, len, offset, inner_len);
}

static enum esp_verdict
own_unprotect(struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room)
{
	struct own *own = (struct own *)subject;
	uint8_t *outer = own->work + HEADROOM;
	enum esp_verdict crypto = ESP_ACCEPTED;
	uint32_t offset, inner_len;

	(void)room; /* the inner packet is shorter */
	if (*len > PACKET_MAX)
		return ESP_BAD_PACKET;
	memcpy(outer, packet, *len);
	enum drop drop = packet_take(own, outer, *len, &crypto, &offset, &inner_len);

	if (drop)
		return crypto != ESP_ACCEPTED ? crypto : verdict_of(drop);
	memcpy(packet, outer + offset, inner_len);
	*len = inner_len;
	return ESP_ACCEPTED;
}

static const struct esp_subject_ops own_ops = {
	.name = "esplab",
	.destroy = own_destroy,
	.protect = own_protect,
	.unprotect = own_unprotect,
};
