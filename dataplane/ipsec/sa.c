/* Makes and ends security associations: from struct cfg_sa to what the packets read.  RFC 4301 §4.4.2.
 *
 * The template of an IPv6 or UDP header is complete but for lengths, class and checksum (outer.c).  The of
 * the plain IPv4 tunnel is complete but for what varies from packet to packet, and that is zero in it: total
 * length, identification, ECN, DSCP and DF where they are copied.  In place of the checksum it holds the
 * 16-bit one's complement sum of the rest (most significant byte first); ipsec_protect() adds the varying
 * fields to that sum, folds, complements and stores it.
 *
 * Does not register the SA anywhere (sad.c, sadb) and takes no sequence numbers. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/slab.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/ipsec/sa.h"

#define LINE_BYTES 64u

_Static_assert(sizeof(((struct cfg_sa *)0)->key) == CFG_KEY_MAX, "keys of the configuration");
_Static_assert(offsetof(struct sa, wire) == LINE_BYTES, "first cache line");
_Static_assert(offsetof(struct sa, head) == 2 * LINE_BYTES, "second");
_Static_assert(sizeof(struct sa) <= 7 * LINE_BYTES, "with a window of 64 packets, one line, 512 bytes");
_Static_assert(offsetof(struct sa, errors) <= 3 * LINE_BYTES, "third");

/* The last number sent, or the highest taken as received: one less than the first one. */
static uint64_t
seq_before(const struct cfg_sa *cfg)
{
	return cfg->first_seq ? cfg->first_seq - 1 : 0;
}

static enum status
cfg_check(const struct cfg_sa *cfg, struct transform *transform)
{
	char message[256]; /* the loader told the user already */
	enum status status = transform_parse(cfg->transform, transform, message, sizeof(message));

	if (status != ST_OK)
		return status;
	if (cfg->key_len != transform->key_len || cfg->auth_key_len != transform->auth_key_len)
		return ST_ERR_CONFIG;
	if (!cfg->esn && seq_before(cfg) > UINT32_MAX)
		return ST_ERR_RANGE;
	if (cfg->window > REPLAY_WINDOW_MAX || cfg->dscp > 63 || cfg->tfc > UINT16_MAX)
		return ST_ERR_RANGE;
	if (ip_is_v4(cfg->src) != ip_is_v4(cfg->dst) || (cfg->natt && transform->proto == ALG_AH))
		return ST_ERR_CONFIG;
	return ST_OK;
}

/* What a packet of this SA costs in bytes, and how it is driven. */
static void
transform_set(struct sa *sa, const struct cfg_sa *cfg)
{
	const struct transform *t = &sa->transform;
	struct ipsec_shape shape = {.tunnel = cfg->mode == CFG_MODE_TUNNEL,
		.v6 = !ip_is_v4(cfg->src),
		.natt = cfg->natt,
		.align4 = cfg->align4};

	if (t->proto == ALG_AH)
		shape.set = (struct transform_set){.has_ah = true, .ah = *t};
	else
		shape.set = (struct transform_set){.has_esp = true, .esp = *t};
	sa->size = sa->wire = ipsec_size_of(&shape);
	sa->ah_len = t->proto == ALG_AH ? (uint8_t)ipsec_ah_bytes(t->icv_len, shape.v6, cfg->align4) : 0;
	sa->mode = (uint8_t)t->mode;
	sa->iv_len = t->iv_len;
	sa->icv_len = t->icv_len;
	sa->salt_len = t->salt_len;
	sa->authenticated = t->authenticated;
	sa->natt = cfg->natt;
	sa->finishes = t->proto == ALG_AH || (cfg->natt && shape.v6);
	/* Short trailers are written in one go where an ICV of 8 bytes or more stands behind them to be
	 * written later; CBC and CTR may have nothing. */
	sa->pad_block = t->block > 4 || t->icv_len < 8;
	if (!shape.tunnel)
		sa->head = SA_HEAD_TRANSPORT;
	else
		sa->head = shape.v6 || cfg->natt ? SA_HEAD_TUNNEL : SA_HEAD_V4;
	sa->plain = sa->head == SA_HEAD_V4 && !sa->tfc && t->proto == ALG_ESP && !sa->pad_block &&
		    (t->mode == ALG_MODE_GCM || t->mode == ALG_MODE_CHACHA);
	memcpy(sa->salt, cfg->key + alg_cipher_info[t->cipher].key,
		t->salt_len); /* RFC 4106 §8.1: behind the key */
}

static void
outer_set_v4(struct sa *sa, const struct cfg_sa *cfg, uint8_t proto)
{
	uint8_t *outer = sa->outer;

	outer[0] = 0x45;
	outer[IPV4_TOS] = cfg->dscp < 0 ? 0 : (uint8_t)(cfg->dscp << 2);
	store_be16(outer + IPV4_FRAGMENT, cfg->df == CFG_DF_SET ? IPV4_DF : 0);
	outer[IPV4_TTL] = cfg->ttl;
	outer[IPV4_PROTO] = proto;
	ip_store4(outer + IPV4_SRC, cfg->src);
	ip_store4(outer + IPV4_DST, cfg->dst);
	ipv4_checksum_set(outer, IPV4_MIN_BYTES);
	store_be16(outer + IPV4_CHECKSUM, (uint16_t)~load_be16(outer + IPV4_CHECKSUM));
}

/* The flow label is that of the SA: its packets are one flow to the routers (RFC 6437 §3). */
static void
outer_set_v6(struct sa *sa, const struct cfg_sa *cfg, uint8_t proto)
{
	uint8_t *outer = sa->outer;

	store_be32(outer, UINT32_C(6) << 28 | (cfg->spi * UINT32_C(0x9e3779b1)) >> 12);
	ipv6_class_set(outer, cfg->dscp < 0 ? 0 : (uint8_t)(cfg->dscp << 2));
	outer[IPV6_NEXT] = proto;
	outer[IPV6_HOPS] = cfg->ttl;
	ip_store6(outer + IPV6_SRC, cfg->src);
	ip_store6(outer + IPV6_DST, cfg->dst);
}

static void
outer_set(struct sa *sa, const struct cfg_sa *cfg)
{
	uint8_t proto = cfg->natt ? IPV4_PROTO_UDP : (uint8_t)sa->transform.proto;

	if (ip_is_v4(cfg->src))
		outer_set_v4(sa, cfg, proto);
	else
		outer_set_v6(sa, cfg, proto);
	sa->outer_len = ip_is_v4(cfg->src) ? IPV4_MIN_BYTES : IPV6_MIN_BYTES;
	if (cfg->natt)
		sa->outer_len += IPSEC_UDP_BYTES;
	/* in transport mode the header is the packet's own, and so is what queues see of it */
	sa->copy_dscp = cfg->dscp < 0 || cfg->mode == CFG_MODE_TRANSPORT;
	sa->df = (uint8_t)cfg->df;
	sa->copied = (sa->copy_dscp ? UINT64_C(0xff) : IPV4_ECN_MASK) << 48 |
		     (cfg->df == CFG_DF_COPY ? IPV4_DF : 0);
	/* SAs between the same ends share one space of identifications (RFC 791 §3.2): they start apart */
	sa->ip_id = (uint16_t)(cfg->spi * UINT32_C(0x9e3779b1) >> 16);
}

static enum status
session_create(struct sa *sa, const struct cfg_sa *cfg, struct engine *engine, char *message, size_t bytes)
{
	struct crypto_key key = {
		.key = cfg->key,
		.key_len = alg_cipher_info[sa->transform.cipher].key,
		.auth_key = cfg->auth_key,
		.auth_key_len = cfg->auth_key_len,
	};

	enum status status = engine->ops->session_create(engine, &sa->transform, &key,
		cfg->direction == CFG_OUT ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT, &sa->session, message, bytes);

	if (engine->ops->refuses && (status == ST_ERR_RANGE || status == ST_ERR_UNSUPPORTED)) {
		sa->session = NULL;
		sa->seq_max = sa->seq; /* sa_out finds no number to take, and only then asks why */
		return ST_OK;
	}
	return status;
}

/* Without authentication there is no replay check, whatever window was asked for (RFC 4303 §3.4.3). */
static enum status
window_create(struct sa *sa, const struct cfg_sa *cfg, struct engine *engine)
{
	if (!cfg->window || !sa->authenticated)
		return ST_OK;
	sa->replay = cfg->replay ? replay_find(cfg->replay) : NULL;
	if (!sa->replay)
		return ST_ERR_NOT_FOUND;
	sa->window = slab_take(engine->memory, sa->replay->bytes(cfg->window));
	if (!sa->window)
		return ST_ERR_NOMEM;
	sa->window_size = cfg->window;
	sa->replay->init(sa->window, cfg->window, seq_before(cfg));
	return ST_OK;
}

/* The owner has the session and the window, and with them all numbers. */
static void
light_set(struct sa *sa, const struct cfg_sa *cfg)
{
	sa->light = true;
	sa->seq_max = sa->seq;
	if (cfg->direction == CFG_IN)
		sa->next = sa; /* for sa_in, which looks closer at those that have one */
}

static enum status
inbound_create(struct sa *sa, const struct cfg_sa *cfg, struct engine *engine)
{
	enum status status = window_create(sa, cfg, engine);

	sa->ahead = seq_before(cfg);
	if (status == ST_OK && !lag_init(&sa->lag))
		status = ST_ERR_NOMEM;
	return status;
}

enum status
sa_create(const struct cfg_sa *cfg, uint32_t index, struct engine *engine, struct sa **out, char *message,
	size_t bytes)
{
	struct transform transform;
	enum status status = cfg_check(cfg, &transform);
	struct sa *sa;

	*out = NULL;
	snprintf(message, bytes, "SA %s: %s", cfg->name, status_text(status));
	if (status != ST_OK)
		return status;
	sa = slab_take(engine ? engine->memory : NULL, sizeof(*sa));
	if (!sa) {
		snprintf(message, bytes, "SA %s: %s", cfg->name, status_text(ST_ERR_NOMEM));
		return ST_ERR_NOMEM;
	}
	sa->cfg = cfg;
	sa->transform = transform;
	sa->direction = (uint8_t)cfg->direction;
	sa->index = sa->policy = index;
	sa->first = sa;
	sa->tfc = cfg->direction == CFG_OUT ? (uint16_t)cfg->tfc : 0;
	sa->varies = sa->tfc || cfg->mode == CFG_MODE_TRANSPORT;
	sa->spi = cfg->spi;
	sa->src = cfg->src;
	sa->dst = cfg->dst;
	sa->esn = cfg->esn;
	sa->seq = seq_before(cfg);
	sa->seq_max = cfg->esn ? UINT64_MAX : UINT32_MAX;
	transform_set(sa, cfg);
	outer_set(sa, cfg);
	if (!engine)
		light_set(sa, cfg);
	else
		status = session_create(sa, cfg, engine, message, bytes);
	if (status == ST_OK && engine && cfg->direction == CFG_IN) {
		status = inbound_create(sa, cfg, engine);
		snprintf(message, bytes, "SA %s: %s", cfg->name, status_text(status));
	}
	if (status != ST_OK) {
		sa_destroy(sa, engine);
		return status;
	}
	*out = sa;
	return ST_OK;
}

/* Out, a packet gets the ESP first and then the AH; in, the ESP takes only what came by the AH, and policies
 * that name the AH speak of both. */
void
sa_bundle(struct sa *ah, struct sa *esp)
{
	esp->next = ah;
	esp->finishes = true;
	esp->policy = ah->policy;
	ah->first = esp;
	ah->next = ah->direction == CFG_IN ? esp : NULL;
	ah->wire.front = (uint8_t)(esp->size.front + ah->ah_len);
	ah->wire.block = esp->size.block;
	ah->wire.end = esp->size.end;
	ah->wire.behind = esp->size.behind;
	ah->wire.tunnel = esp->size.tunnel;
	esp->wire = ah->wire;
	/* what is inside is a packet already: the AH keeps its header */
	ah->head = SA_HEAD_TRANSPORT;
	ah->varies = true;
	ah->size.front = ah->ah_len;
	ah->size.tunnel = false;
	ah->tfc = 0; /* the ESP pads; behind it there is its ICV */
}

void
sa_destroy(struct sa *sa, struct engine *engine)
{
	if (!sa)
		return;
	if (sa->session)
		engine->ops->session_destroy(engine, sa->session);
	if (sa->lag.count)
		lag_fini(&sa->lag);
	if (sa->window)
		slab_give(engine->memory, sa->window, sa->replay->bytes(sa->window_size));
	slab_give(sa->light ? NULL : engine->memory, sa, sizeof(*sa)); /* as sa_create() took it */
}
