/* debug crypto ipsec: SAs that a command makes or ends, line by line as in Cisco's "IP Security
 * Troubleshooting", with hexadecimal letters as large as IOS or as small as PIX prints them.
 *
 * Nothing is negotiated: of the document's lines those remain that tell what became of an SA. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctrl/sa_rows.h"

#define IDENT_BYTES 128u

/* Between which networks an SA stands, from its source to its destination. */
struct proxies {
	char src[IDENT_BYTES], dst[IDENT_BYTES];
};

static void say(struct ctrl *ctrl, uint64_t now, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void
say(struct ctrl *ctrl, uint64_t now, const char *format, ...)
{
	char line[256];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	ctrl_log_line(ctrl, now, line);
}

/* Of the first policy that names the SA, or, the other way round, one between the same ends. */
static void
proxies_find(const struct cfg_gateway *cfg, uint32_t index, struct proxies *out)
{
	static const struct cfg_prefix any = {.len = 0};
	const struct cfg_sa *sa = &cfg->sas[index];

	sa_ident_text(&any, NULL, true, out->src, IDENT_BYTES);
	sa_ident_text(&any, NULL, false, out->dst, IDENT_BYTES);
	for (unsigned p = cfg->n_policies; p-- > 0;) {
		const struct cfg_policy *policy = &cfg->policies[p];
		const struct cfg_sa *other = policy->action == CFG_PROTECT && policy->sa_index < cfg->n_sas
						     ? &cfg->sas[policy->sa_index]
						     : NULL;
		bool own = other == sa;

		if (!other || (!own && (!ip_equal(other->src, sa->dst) || !ip_equal(other->dst, sa->src))))
			continue;
		sa_ident_text(own ? &policy->src : &policy->dst, policy, own, out->src, IDENT_BYTES);
		sa_ident_text(own ? &policy->dst : &policy->src, policy, !own, out->dst, IDENT_BYTES);
		if (own)
			return;
	}
}

/* Bits of the key where the transform says so, as in "esp-aes 256"; 0 as with DES. */
static unsigned long
key_bits(const char *transform)
{
	const char *blank = strchr(transform, ' ');

	return blank ? strtoul(blank, NULL, 10) : 0;
}

static void
spi_text(const struct ctrl *ctrl, uint32_t spi, char out[32])
{
	bool pix = ctrl->target.cfg->platform == CFG_PLATFORM_PIX;

	snprintf(out, 32, pix ? "0x%" PRIx32 "(%" PRIu32 ")" : "0x%" PRIX32 "(%" PRIu32 ")", spi, spi);
}

static void
initialize_say(struct ctrl *ctrl, uint64_t now, const struct cfg_gateway *cfg, uint32_t index)
{
	const struct cfg_sa *sa = &cfg->sas[index];
	char src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES], spi[32];
	struct proxies proxies;

	proxies_find(cfg, index, &proxies);
	ip_text(sa->src, src);
	ip_text(sa->dst, dst);
	spi_text(ctrl, sa->spi, spi);
	say(ctrl, now, "IPSEC(key_engine): got a queue event...");
	say(ctrl, now, "IPSEC(initialize_sas): ,");
	if (sa->direction == CFG_IN) {
		say(ctrl, now, "(key eng. msg.) dest= %s, src= %s,", dst, src);
		say(ctrl, now, "  dest_proxy= %s,", proxies.dst);
		say(ctrl, now, "  src_proxy= %s,", proxies.src);
	} else {
		say(ctrl, now, "(key eng. msg.) src= %s, dest= %s,", src, dst);
		say(ctrl, now, "  src_proxy= %s,", proxies.src);
		say(ctrl, now, "  dest_proxy= %s,", proxies.dst);
	}
	say(ctrl, now, "  protocol= %s, transform= %s ,", strncmp(sa->transform, "ah", 2) ? "ESP" : "AH",
		sa->transform);
	say(ctrl, now, "  lifedur= %" PRIu64 "s and %" PRIu32 "kb,", sa->lifetime_seconds / NS_PER_SEC,
		sa->lifetime_kilobytes);
	say(ctrl, now, "  spi= %s, conn_id= %u, keysize= %lu, flags= 0x4", spi, index + 1,
		key_bits(sa->transform));
}

static void
sa_say(struct ctrl *ctrl, uint64_t now, const char *what, const struct cfg_sa *sa, unsigned conn)
{
	char dst[IP_TEXT_BYTES], spi[32];

	spi_text(ctrl, sa->spi, spi);
	say(ctrl, now, "IPSEC(%s,", what);
	say(ctrl, now, "  (sa) sa_dest= %s, sa_prot= %d,", ip_text(sa->dst, dst),
		strncmp(sa->transform, "ah", 2) ? 50 : 51);
	say(ctrl, now, "  sa_spi= %s,", spi);
	say(ctrl, now, "  sa_trans= %s , sa_conn_id= %u", sa->transform, conn);
}

void
ctrl_debug_sa_made(struct ctrl *ctrl, const struct cfg_gateway *cfg, uint32_t index)
{
	uint64_t now = ctrl_now(ctrl);

	if (!(ctrl->debug & DEBUG_IPSEC))
		return;
	initialize_say(ctrl, now, cfg, index);
	sa_say(ctrl, now, "create_sa): sa created", &cfg->sas[index], index + 1);
}

void
ctrl_debug_sa_deleted(struct ctrl *ctrl, const struct cfg_sa *sa, uint32_t index)
{
	if (ctrl->debug & DEBUG_IPSEC)
		sa_say(ctrl, ctrl_now(ctrl), "delete_sa): deleting SA", sa, index + 1);
}
