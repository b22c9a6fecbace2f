/* Keys from an esplab configuration: the SAs of all its gateways.
 *
 * Both ends of an SA hold the same keys; the inbound one knows the window, so it is the one that is taken. */
#include <stdio.h>
#include <string.h>

#include "capture/key_priv.h"

static const struct ip_addr mask_all = {UINT64_MAX, UINT64_MAX};

static struct key_sa *
row_find(const struct key_set *set, const struct cfg_sa *cfg, enum alg_proto proto)
{
	for (unsigned i = 0; i < set->n; i++) {
		struct key_sa *sa = &set->sas[i];

		if (sa->proto == proto && sa->spi == cfg->spi && ip_equal(sa->src.addr, cfg->src) &&
			ip_equal(sa->dst.addr, cfg->dst))
			return sa;
	}
	return NULL;
}

static enum status
sa_add(struct key_set *set, const struct cfg_sa *cfg)
{
	char message[256];
	struct transform transform;
	enum status status = transform_parse(cfg->transform, &transform, message, sizeof(message));
	struct key_sa *sa = status == ST_OK ? row_find(set, cfg, transform.proto) : NULL;

	if (status != ST_OK || (sa && cfg->direction == CFG_OUT))
		return status;
	if (!sa)
		sa = key_set_add(set);
	if (!sa)
		return ST_ERR_NOMEM;
	sa->line = cfg->where.line;
	sa->proto = transform.proto;
	sa->src = (struct key_address){cfg->src, mask_all, false};
	sa->dst = (struct key_address){cfg->dst, mask_all, false};
	sa->spi = cfg->spi;
	sa->spi_mask = UINT32_MAX;
	snprintf(sa->transform, sizeof(sa->transform), "%s", cfg->transform);
	memcpy(sa->key, cfg->key, sizeof(sa->key));
	memcpy(sa->auth_key, cfg->auth_key, sizeof(sa->auth_key));
	sa->key_len = cfg->key_len;
	sa->auth_key_len = cfg->auth_key_len;
	sa->esn = cfg->esn;
	sa->first_seq = cfg->first_seq ? cfg->first_seq : 1;
	sa->align4 = cfg->align4;
	if (cfg->direction == CFG_IN)
		sa->window = cfg->window;
	return ST_OK;
}

enum status
key_cfg_read(
	const char *path, const struct cfg_hooks *hooks, struct key_set *set, char *message, size_t bytes)
{
	struct cfg_lab *lab;
	enum status status = cfg_load(path, NULL, 0, hooks, &lab, message, bytes);

	if (status != ST_OK)
		return status;
	for (unsigned g = 0; g < lab->n_gateways; g++)
		for (unsigned s = 0; s < lab->gateways[g].n_sas && status == ST_OK; s++)
			status = sa_add(set, &lab->gateways[g].sas[s]);
	if (status != ST_OK)
		snprintf(message, bytes, "%s: %s", path, status_text(status));
	cfg_free(lab);
	return status;
}
