/* The SA of the subject rte_ipsec: from esplab's description to librte_ipsec's parameters.
 *
 * What librte_ipsec 22.11 lacks is refused here, by name: AH, DES, encryption without authentication, NAT-T
 * in transport mode.  Some of it the library itself would accept, and do wrong. */
#include "crypto/rte_ipsec.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "base/bytes.h"
#include "config/cfg.h"

#define DEVICE_DEFAULT "crypto_aesni_mb"
#define UDP_PORT 4500 /* RFC 3948 §2.1 */
#define UDP_BYTES 8u
#define TTL 64u
#define QUEUE 8u

static const char *
lacking(const struct esp_subject_cfg *cfg)
{
	const struct transform *t = cfg->transform;

	if (t->proto != ALG_ESP)
		return "AH";
	if (t->cipher == ALG_CIPHER_DES_CBC)
		return "DES";
	if (!t->authenticated)
		return "encryption without authentication";
	if (cfg->natt && !cfg->tunnel)
		return "NAT-T in transport mode";
	return NULL;
}

/* The header that goes before a packet; lengths and checksum follow for each one. */
static unsigned
outer_fill(uint8_t *ip, const struct esp_subject_cfg *cfg)
{
	uint8_t proto = cfg->natt ? IPPROTO_UDP : IPPROTO_ESP;

	memset(ip, 0, RTE_IPSEC_OUTER_MAX);
	if (ip_is_v4(cfg->src)) {
		ip[0] = 0x45;
		ip[8] = TTL;
		ip[9] = proto;
		ip_store4(ip + 12, cfg->src);
		ip_store4(ip + 16, cfg->dst);
		return 20;
	}
	ip[0] = 0x60;
	ip[6] = proto;
	ip[7] = TTL;
	ip_store6(ip + 8, cfg->src);
	ip_store6(ip + 24, cfg->dst);
	return 40;
}

static void
tunnel_fill(struct rte_ipsec_subject *s, const struct esp_subject_cfg *cfg)
{
	struct rte_ipsec_sa_prm *prm = &s->prm;

	prm->ipsec_xform.mode = RTE_SECURITY_IPSEC_SA_MODE_TUNNEL;
	prm->ipsec_xform.tunnel.type = ip_is_v4(cfg->src) ? RTE_SECURITY_IPSEC_TUNNEL_IPV4
							  : RTE_SECURITY_IPSEC_TUNNEL_IPV6;
	prm->tun.hdr = s->outer;
	prm->tun.hdr_len = (uint8_t)outer_fill(s->outer, cfg);
	prm->tun.next_proto = cfg->inner_v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
}

static void
prm_fill(struct rte_ipsec_subject *s, const struct esp_subject_cfg *cfg)
{
	struct rte_ipsec_sa_prm *prm = &s->prm;
	bool out = cfg->direction == CRYPTO_ENCRYPT;

	prm->ipsec_xform.spi = cfg->spi;
	memcpy(&prm->ipsec_xform.salt, cfg->salt, cfg->transform->salt_len);
	prm->ipsec_xform.options.esn = cfg->esn;
	prm->ipsec_xform.options.ecn = 1; /* RFC 4301 §5.1.2 */
	prm->ipsec_xform.options.copy_dscp = 1;
	/* An inbound SA that is told of UDP is left half-made; the header is then part of l3_len. */
	prm->ipsec_xform.options.udp_encap = cfg->natt && out;
	prm->ipsec_xform.udp.sport = prm->ipsec_xform.udp.dport = UDP_PORT;
	prm->ipsec_xform.direction = out ? RTE_SECURITY_IPSEC_SA_DIR_EGRESS
					 : RTE_SECURITY_IPSEC_SA_DIR_INGRESS;
	prm->ipsec_xform.proto = RTE_SECURITY_IPSEC_SA_PROTO_ESP;
	prm->ipsec_xform.mode = RTE_SECURITY_IPSEC_SA_MODE_TRANSPORT;
	prm->ipsec_xform.replay_win_sz = out ? 0 : cfg->window;
	prm->ipsec_xform.esn.value = out ? cfg->first_seq : cfg->first_seq - 1;
	prm->crypto_xform = s->xforms.list;
	if (cfg->tunnel)
		tunnel_fill(s, cfg);
	else
		prm->trs.proto = cfg->inner_v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
}

/* Zeroed before: the library looks at the type of the SA before it writes it. */
static bool
sa_init(struct rte_ipsec_subject *s)
{
	memset(s->sa, 0, (size_t)s->sa_bytes);
	return rte_ipsec_sa_init(s->sa, &s->prm, (uint32_t)s->sa_bytes) >= 0 &&
	       rte_ipsec_session_prepare(&s->session) == 0;
}

bool
rte_ipsec_sa_number(struct rte_ipsec_subject *s, uint64_t seq)
{
	s->prm.ipsec_xform.esn.value = seq;
	return sa_init(s);
}

static enum status
session_make(struct rte_ipsec_subject *s, const struct esp_subject_cfg *cfg, char *message, size_t bytes)
{
	struct cryptodev_wish wish = {.transform = cfg->transform,
		.key = cfg->key,
		.decrypt = cfg->direction == CRYPTO_DECRYPT,
		.verify = true,
		.null_cipher = true,
		.digest = cfg->transform->icv_len,
		.aad_len = cfg->esn ? 12 : 8};
	char name[RTE_MEMPOOL_NAMESIZE];
	unsigned full;
	enum status status = cryptodev_caps_check(&s->device, cfg->transform, &full, message, bytes);

	if (status != ST_OK)
		return status;
	cryptodev_xforms_fill(&s->xforms, &wish);
	snprintf(name, sizeof(name), "subject%u", s->device.id);
	s->pool = rte_cryptodev_sym_session_pool_create(
		name, 1, rte_cryptodev_sym_get_private_session_size(s->device.id), 0, 0, SOCKET_ID_ANY);
	if (!s->pool)
		return ST_ERR_NOMEM;
	s->session.type = RTE_SECURITY_ACTION_TYPE_NONE;
	s->session.crypto.dev_id = s->device.id;
	s->session.crypto.ses = rte_cryptodev_sym_session_create(s->device.id, s->xforms.list, s->pool);
	if (s->session.crypto.ses && !full)
		return ST_OK;
	snprintf(message, bytes, "%s refuses the session: %s", s->device.name, rte_strerror(rte_errno));
	return ST_ERR_UNSUPPORTED;
}

enum status
rte_ipsec_sa_make(struct rte_ipsec_subject *s, const struct esp_subject_cfg *cfg, char *message, size_t bytes)
{
	const char *device = cfg->engine && cfg->engine->device ? cfg->engine->device : DEVICE_DEFAULT;
	const char *lacks = lacking(cfg);
	enum status status;

	if (lacks) {
		snprintf(message, bytes, "rte_ipsec: librte_ipsec has no %s", lacks);
		return ST_ERR_UNSUPPORTED;
	}
	status = cryptodev_device_open(&s->device, device, 0, 1, QUEUE, message, bytes);
	if (status == ST_OK)
		status = session_make(s, cfg, message, bytes);
	if (status != ST_OK)
		return status;
	prm_fill(s, cfg);
	s->sa_bytes = rte_ipsec_sa_size(&s->prm);
	s->sa = s->sa_bytes > 0
			? aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP((size_t)s->sa_bytes))
			: NULL;
	s->session.sa = s->sa;
	if (s->sa && sa_init(s))
		return ST_OK;
	snprintf(message, bytes, "rte_ipsec: librte_ipsec does not make the SA (window %u)", cfg->window);
	return s->sa_bytes > 0 && !s->sa ? ST_ERR_NOMEM : ST_ERR_UNSUPPORTED;
}
