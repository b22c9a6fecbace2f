/* What the stages of a gateway do to one packet, one behind the other: sa_out, crypto, crypto_poll;
 * replay_check, crypto, replay_commit, decap.  Only here does conform/ touch dataplane/ipsec, in a few small
 * functions. */
#include "conform/own_esp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dataplane/ipsec/esn.h"
#include "dataplane/ipsec/ipsec.h"

#define HEADROOM 128u
#define PACKET_MAX 65535u
#define TAILROOM 512u /* padding, TFC, ICV */

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
		.src = cfg->src,
		.dst = cfg->dst,
		.transform = own->words,
		.key_len = key->key_len + cfg->transform->salt_len,
		.auth_key_len = key->auth_key_len,
		.esn = cfg->esn,
		.window = cfg->window,
		.replay = cfg->replay ? cfg->replay : "bitmap",
		.first_seq = cfg->first_seq,
		.dscp = -1,
		.ttl = 64,
		.mode = cfg->tunnel ? CFG_MODE_TUNNEL : CFG_MODE_TRANSPORT,
		.natt = cfg->natt,
		.align4 = true,
		.over_index = CFG_NONE,
	};
	/* in transport mode the family of the packets is that of the ends */
	if (!cfg->tunnel && cfg->inner_v6)
		own->cfg.src = own->cfg.dst = (struct ip_addr){UINT64_C(0x20010db8) << 32, 1};
	else if (!cfg->tunnel)
		own->cfg.src = own->cfg.dst = ip_v4(0xc0000201);
	memcpy(own->cfg.key, key->key, key->key_len);
	memcpy(own->cfg.key + key->key_len, cfg->salt, cfg->transform->salt_len);
	memcpy(own->cfg.auth_key, key->auth_key, key->auth_key_len);
}

/* The inner packet stands at packet + sa->size.front.  Its length on the wire; 0 where it does not fit. */
static uint32_t
wire_length(const struct sa *sa, const uint8_t *inner, uint32_t len)
{
	uint32_t behind = ipsec_behind(sa, inner, len);

	return behind > TAILROOM ? 0 : sa->size.front + len + behind;
}

/* The 64-bit number, as replay_check finds it, and where ESP stands.  False where the header does not fit. */
static bool
packet_number(const struct sa *sa, const uint8_t *packet, uint32_t len, uint64_t *seq, uint32_t *at)
{
	struct ip_head head;
	struct ipsec_peek peek;

	if (len < IPV4_MIN_BYTES || (ip_is_v6(packet) && len < IPV6_MIN_BYTES) ||
		!ip_head_all(packet, len, &head) || ipsec_peek(packet, len, &peek) != DROP_NONE)
		return false;
	*at = peek.at;
	*seq = peek.seq;
	if (sa->esn && sa->replay)
		*seq = esn_infer(sa->replay->right_edge(sa->window), sa->window_size, peek.seq);
	else if (sa->esn) /* the nearer of the two meanings */
		*seq = sa->ahead - (uint64_t)(int64_t)(int32_t)((uint32_t)sa->ahead - peek.seq);
	return true;
}

/* ---- the subject ---- */

static void
own_free(struct own *own)
{
	if (!own)
		return;
	sa_destroy(own->sa, own->drive->engine);
	bytes_wipe(own, sizeof(*own));
	free(own);
}

static void
own_destroy(struct esp_subject *subject)
{
	own_free((struct own *)subject);
}

enum status
own_esp_create(struct drive *drive, const struct esp_subject_cfg *cfg, struct esp_subject **subject,
	char *message, size_t bytes)
{
	struct own *own;
	enum status status;

	*subject = NULL;
	own = calloc(1, sizeof(*own));
	if (!own) {
		snprintf(message, bytes, "esplab: %s", status_text(ST_ERR_NOMEM));
		return ST_ERR_NOMEM;
	}
	own->subject.ops = &own_ops;
	own->drive = drive;
	cfg_fill(own, cfg);
	status = sa_create(&own->cfg, 0, drive->engine, &own->sa, message, bytes);
	if (!status && !own->sa->session) /* an SA that carries nothing; message says why */
		status = ST_ERR_UNSUPPORTED;
	if (status) {
		own_free(own);
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
	uint32_t total = *len <= PACKET_MAX ? wire_length(sa, packet, *len) : 0;

	if (!seq && sa->seq == sa->seq_max)
		return ESP_EXHAUSTED;
	if (!total || total > room || total > PACKET_MAX)
		return ESP_BAD_PACKET;
	sa->seq = seq ? seq : sa->seq + 1;
	memcpy(outer + sa->size.front, packet, *len);
	ipsec_protect(sa, outer, *len, sa->seq, &op);
	enum esp_verdict verdict = op_run(own, &op);

	if (verdict != ESP_ACCEPTED)
		return verdict;
	if (sa->finishes)
		ipsec_finish(sa, outer, total, &op);
	memcpy(packet, outer, total);
	*len = total;
	return ESP_ACCEPTED;
}

/* replay_check, crypto, replay_commit, decap; the packet stands at outer. */
static enum drop
packet_take(
	struct own *own, uint8_t *outer, uint32_t len, enum esp_verdict *crypto, struct ipsec_inner *inner)
{
	struct sa *sa = own->sa;
	struct crypto_op op = {0};
	enum drop drop = DROP_NONE;
	uint64_t seq;
	uint32_t at;
	bool tfc = false;

	if (!packet_number(sa, outer, len, &seq, &at))
		return DROP_ESP_LENGTH;
	if (sa->replay)
		drop = sa->replay->check(sa->window, seq);
	if (!drop)
		drop = ipsec_open(sa, outer, len, at, seq, &op);
	if (drop)
		return drop;
	*crypto = op_run(own, &op);
	ipsec_close(sa, outer, &op);
	if (*crypto != ESP_ACCEPTED)
		return DROP_ICV;
	if (sa->replay)
		drop = sa->replay->commit(sa->window, seq);
	if (drop)
		return drop;
	if ((int64_t)(seq - sa->ahead) > 0)
		sa->ahead = seq;
	return ipsec_decap(sa, outer, len, at, inner, &tfc);
}

static enum esp_verdict
own_unprotect(struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room)
{
	struct own *own = (struct own *)subject;
	uint8_t *outer = own->work + HEADROOM;
	enum esp_verdict crypto = ESP_ACCEPTED;
	struct ipsec_inner inner;

	(void)room; /* the inner packet is shorter */
	if (*len > PACKET_MAX)
		return ESP_BAD_PACKET;
	memcpy(outer, packet, *len);
	enum drop drop = packet_take(own, outer, *len, &crypto, &inner);

	if (drop)
		return crypto != ESP_ACCEPTED ? crypto : verdict_of(drop);
	memcpy(packet, outer + inner.offset, inner.len);
	*len = inner.len;
	return ESP_ACCEPTED;
}

static const struct esp_subject_ops own_ops = {
	.name = "esplab",
	.destroy = own_destroy,
	.protect = own_protect,
	.unprotect = own_unprotect,
};
