/* show crypto isakmp sa, show crypto ipsec sa, show crypto engine connections active: SAs in the formats of
 * Cisco's "IP Security Troubleshooting".
 *
 * Blocks are those of sa_rows.h.  Keys are static: there is no ISAKMP, and where an SA has no lifetime IOS
 * prints "no sa timing". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctrl/sa_rows.h"
#include "dataplane/forward.h"

#define SHOWN_MAX 10000u /* SAs of one answer */

struct block {
	const struct snap *snap;
	const struct sa_row *rows;
	unsigned n;
	bool pix;
	const char *map; /* name of its policy */
	uint64_t encaps, decaps, digests, verifies, send_errors, receive_errors;
	uint32_t mtu, path_mtu, overhead, spi;
};

static void
block_count(struct block *block, const struct sa_row *row)
{
	const struct snap_sa *sa = row->sa;

	if (sa_row_is_out(row)) {
		block->encaps += sa->packets;
		block->digests += sa->transform.authenticated ? sa->packets : 0;
		block->send_errors += sa->errors;
		block->spi = sa->cfg->spi;
		/* as PIX counts: one block for padding and trailer; 56 with esp-3des esp-md5-hmac */
		block->overhead = sa->wire.front + sa->wire.behind + (sa->wire.end ? sa->wire.block : 0u);
		if (sa->path_mtu && sa->path_mtu < block->path_mtu)
			block->path_mtu = sa->path_mtu;
	} else {
		block->decaps += sa->packets;
		block->verifies += sa->transform.authenticated ? sa->packets : 0;
		block->receive_errors += sa->errors + sa->replays;
	}
}

/* A packet of an AH over ESP counts once, with the SA that it meets first. */
static void
block_sum(struct block *block, uint32_t port)
{
	const struct cfg_port *cfg = port == CFG_NONE ? NULL : &block->snap->cfg->ports[port];

	block->map = "none";
	block->mtu = cfg ? cfg->mtu : 0;
	block->path_mtu = cfg && cfg->ip_mtu && cfg->ip_mtu < cfg->mtu ? cfg->ip_mtu : block->mtu;
	for (unsigned i = block->n; i-- > 0;) {
		if (block->rows[i].policy)
			block->map = block->rows[i].policy->name;
		if (!block->rows[i].sa->inside)
			block_count(block, &block->rows[i]);
	}
}

/* IOS and PIX count down both; where there is but one of them, PIX has it alone. */
static void
timing_text(struct out *out, const struct snap_sa *sa)
{
	uint64_t kilobytes = sa->left.bytes / 1024, seconds = sa->left.ns / NS_PER_SEC;

	if (sa->left.bytes == UINT64_MAX && sa->left.ns == UINT64_MAX)
		out_line(out, "    no sa timing\n");
	else if (sa->left.bytes == UINT64_MAX)
		out_line(out, "    sa timing: remaining key lifetime (sec): %" PRIu64 "\n", seconds);
	else if (sa->left.ns == UINT64_MAX)
		out_line(out, "    sa timing: remaining key lifetime (k): %" PRIu64 "\n", kilobytes);
	else
		out_line(out, "    sa timing: remaining key lifetime (k/sec): (%" PRIu64 "/%" PRIu64 ")\n",
			kilobytes, seconds);
}

static void
life_json(json_t *json, const struct snap_sa *sa)
{
	if (sa->left.bytes != UINT64_MAX)
		out_number(json, "left_bytes", sa->left.bytes);
	if (sa->left.ns != UINT64_MAX)
		out_number(json, "left_ns", sa->left.ns);
	out_string(json, "ended", sa->ended ? life_info[sa->ended].text : NULL);
}

static void
sa_text(struct out *out, const struct block *block, const struct sa_row *row)
{
	const struct snap_sa *sa = row->sa;
	const struct cfg_sa *cfg = sa->cfg;
	char words[128];

	transform_text(&sa->transform, words, sizeof(words));
	out_line(out,
		block->pix ? "    spi: 0x%" PRIx32 "(%" PRIu32 ")\n"
			   : "    spi: 0x%" PRIX32 "(%" PRIu32 ")\n",
		cfg->spi, cfg->spi);
	out_line(out, "    transform: %s ,\n", words);
	out_line(out, "    in use settings ={%s%s, }\n",
		cfg->mode == CFG_MODE_TUNNEL ? "Tunnel" : "Transport", cfg->natt ? " UDP-Encaps" : "");
	out_line(out, "    slot: 0, conn id: %u, ", sa->index + 1);
	if (!block->pix)
		out_line(out, "flow_id: %u, ", sa->index + 1);
	out_line(out, "crypto map: %s\n", block->map);
	timing_text(out, sa);
	out_line(out, "    IV size: %u bytes\n", sa->transform.iv_len);
	out_line(out, "    replay detection support: %s\n",
		cfg->direction == CFG_OUT ? (sa->transform.authenticated ? "Y" : "N")
		: sa->replay		  ? "Y"
					  : "N");
	if (sa->ended)
		out_line(out, "    it has ended, by %s: it carries nothing\n", life_info[sa->ended].what);
	if (!sa->session)
		out_line(out, "    the engine has refused it: it carries nothing\n");
}

static void
sa_json(json_t *to, const struct sa_row *row)
{
	const struct snap_sa *sa = row->sa;
	json_t *json = out_row(to, "sas");
	char words[128];

	transform_text(&sa->transform, words, sizeof(words));
	out_string(json, "name", sa->cfg->name);
	out_string(json, "direction", sa_row_is_out(row) ? "out" : "in");
	out_string(json, "protocol", sa->transform.proto == ALG_AH ? "ah" : "esp");
	out_hex(json, "spi", sa->cfg->spi);
	out_string(json, "transform", words);
	out_string(json, "mode", sa->cfg->mode == CFG_MODE_TUNNEL ? "tunnel" : "transport");
	out_bool(json, "natt", sa->cfg->natt);
	out_bool(json, "esn", sa->cfg->esn);
	out_number(json, "connection", sa->index + 1);
	out_bool(json, "session", sa->session);
	life_json(json, sa);
	out_number(json, "iv_bytes", sa->transform.iv_len);
	out_number(json, sa_row_is_out(row) ? "last_seq" : "right_edge", sa->seq);
	if (!sa_row_is_out(row))
		out_number(json, "window", sa->replay ? sa->cfg->window : 0);
	out_number(json, "packets", sa->packets);
	out_number(json, "bytes", sa->bytes);
	out_number(json, "errors", sa->errors);
	if (!sa_row_is_out(row))
		out_number(json, "replays", sa->replays);
}

static void
section_text(struct out *out, const struct block *block, enum cfg_direction direction, enum alg_proto proto)
{
	out_line(out, "  %s %s sas:\n", direction == CFG_IN ? "inbound" : "outbound",
		proto == ALG_AH ? "ah" : "esp");
	for (unsigned i = 0; i < block->n; i++)
		if (block->rows[i].sa->cfg->direction == direction &&
			block->rows[i].sa->transform.proto == proto)
			sa_text(out, block, &block->rows[i]);
}

static void
block_text(struct out *out, const struct block *block, const char *port)
{
	const struct sa_row *row = block->rows;
	char local[IP_TEXT_BYTES], remote[IP_TEXT_BYTES], here[128], there[128];

	ip_text(row->local, local);
	ip_text(row->remote, remote);
	sa_ident_text(row->here, row->policy, sa_row_is_out(row), here, sizeof(here));
	sa_ident_text(row->there, row->policy, !sa_row_is_out(row), there, sizeof(there));
	out_line(out, "interface: %s\n  Crypto map tag: %s, local addr. %s\n", port, block->map, local);
	out_line(out, "  local ident (addr/mask/prot/port): (%s)\n", here);
	out_line(out, "  remote ident (addr/mask/prot/port): (%s)\n", there);
	out_line(out, "  current_peer: %s\n  PERMIT, flags={%s}\n", remote,
		block->pix ? "" : "origin_is_acl,");
	out_line(out, "  #pkts encaps: %" PRIu64 ", #pkts encrypt: %" PRIu64 ", #pkts digest %" PRIu64 "\n",
		block->encaps, block->encaps, block->digests);
	out_line(out, "  #pkts decaps: %" PRIu64 ", #pkts decrypt: %" PRIu64 ", #pkts verify %" PRIu64 "\n",
		block->decaps, block->decaps, block->verifies);
	out_line(out, "  #pkts compressed: 0, #pkts decompressed: 0\n"
		      "  #pkts not compressed: 0, #pkts compr. failed: 0,\n");
	out_line(out, "  #pkts decompress failed: 0, #send errors %" PRIu64 ", #recv errors %" PRIu64 "\n",
		block->send_errors, block->receive_errors);
	out_line(out, "  local crypto endpt.: %s, remote crypto endpt.: %s\n", local, remote);
	out_line(out, "  path mtu %" PRIu32, block->path_mtu);
	if (block->pix)
		out_line(out, ", ipsec overhead %" PRIu32, block->overhead);
	out_line(out, ", media mtu %" PRIu32 "\n", block->mtu);
	out_line(out,
		block->pix ? "  current outbound spi: %" PRIx32 "\n"
			   : "  current outbound spi: %" PRIX32 "\n",
		block->spi);
	section_text(out, block, CFG_IN, ALG_ESP);
	section_text(out, block, CFG_IN, ALG_AH);
	out_line(out, "  inbound pcp sas:\n");
	section_text(out, block, CFG_OUT, ALG_ESP);
	section_text(out, block, CFG_OUT, ALG_AH);
	out_line(out, "  outbound pcp sas:\n");
}

static void
block_json(json_t *to, const struct block *block, const char *port)
{
	const struct sa_row *row = block->rows;
	json_t *json = out_row(to, "tunnels");
	char text[128];

	if (!json)
		return;
	out_string(json, "interface", port);
	out_string(json, "policy", block->map);
	out_address(json, "local", row->local);
	out_address(json, "remote", row->remote);
	sa_ident_text(row->here, row->policy, sa_row_is_out(row), text, sizeof(text));
	out_string(json, "local_ident", text);
	sa_ident_text(row->there, row->policy, !sa_row_is_out(row), text, sizeof(text));
	out_string(json, "remote_ident", text);
	out_number(json, "encaps", block->encaps);
	out_number(json, "decaps", block->decaps);
	out_number(json, "send_errors", block->send_errors);
	out_number(json, "recv_errors", block->receive_errors);
	out_number(json, "path_mtu", block->path_mtu);
	out_number(json, "overhead", block->overhead);
	out_number(json, "media_mtu", block->mtu);
	for (unsigned i = 0; i < block->n; i++)
		sa_json(json, &block->rows[i]);
}

/* Where its packets leave. */
static const char *
port_name(const struct cfg_gateway *cfg, uint32_t port)
{
	return port == CFG_NONE ? "none" : cfg->ports[port].name;
}

/* An answer is no file: who has a million SAs asks for one of them. */
static void
rest_tell(struct command_call *call, unsigned n)
{
	unsigned rest = n > SHOWN_MAX ? n - SHOWN_MAX : 0;

	if (rest)
		out_line(call->out, "%u more SAs: show crypto ipsec sa name NAME\n", rest);
	out_number(call->out->json, "more", rest);
}

void
run_show_ipsec_sa(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, true, call->out);
	unsigned n = 0;
	struct sa_row *rows = snap ? sa_rows_get(call, snap, call->value[1], &n) : NULL;
	bool pix = rows && (call->value[0] ? !strcmp(call->value[0], "pix")
					   : snap->cfg->platform == CFG_PLATFORM_PIX);

	out_list(call->out->json, "tunnels");
	for (unsigned i = 0; i < n && i < SHOWN_MAX && rows;) {
		struct block block = {.snap = snap, .rows = &rows[i], .pix = pix};
		uint32_t port = forward_route(snap->cfg, rows[i].remote);

		while (i < n && !sa_block_order(block.rows, &rows[i])) {
			block.n++;
			i++;
		}
		block_sum(&block, port);
		block_text(call->out, &block, port_name(snap->cfg, port));
		block_json(call->out->json, &block, port_name(snap->cfg, port));
		if (i < n)
			out_line(call->out, "\n");
	}
	if (rows && !n)
		out_line(call->out, "There are no SAs\n");
	rest_tell(call, n);
	free(rows);
	snap_free(snap);
}

/* A pair of tunnel ends; the document's PIX counts what was negotiated, and ours is there from the start. */
static void
peer_show(struct command_call *call, const struct sa_row *row, bool pix, unsigned id, unsigned created)
{
	char local[IP_TEXT_BYTES], remote[IP_TEXT_BYTES];
	json_t *json = out_row(call->out->json, "peers");

	ip_text(row->local, local);
	ip_text(row->remote, remote);
	if (pix)
		out_line(call->out, "%-16s %-15s %-12s %-10u %u\n", remote, local, "STATIC", 0, created);
	else
		out_line(call->out, "%-15s %-15s %-10s %-10u 0\n", remote, local, "STATIC", id);
	out_address(json, "dst", row->remote);
	out_address(json, "src", row->local);
	out_string(json, "state", "STATIC");
	out_number(json, "connection", id);
	out_number(json, "created", created);
}

/* SAs between the ends of the first of n rows. */
static unsigned
peer_sas(const struct sa_row *rows, unsigned n)
{
	unsigned sas = 1;

	while (sas < n && !sa_ends_order(&rows[0], &rows[sas]))
		sas++;
	return sas;
}

void
run_show_isakmp_sa(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, true, call->out);
	unsigned n = 0, peers = 0, id = 0;
	struct sa_row *rows = snap ? sa_rows_get(call, snap, NULL, &n) : NULL;
	bool pix = rows && (call->value[0] ? !strcmp(call->value[0], "pix")
					   : snap->cfg->platform == CFG_PLATFORM_PIX);

	out_list(call->out->json, "peers");
	for (unsigned i = 0; i < n && rows; i += peer_sas(&rows[i], n - i))
		peers++;
	if (pix)
		out_line(call->out,
			"Total      : %u\nEmbryonic  : 0\n"
			"      dst          src          state      pending    created\n",
			peers);
	else
		out_line(call->out, "%-15s %-15s %-10s %-10s %s\n", "dst", "src", "state", "conn-id", "slot");
	for (unsigned i = 0, sas; i < n && rows; i += sas) {
		sas = peer_sas(&rows[i], n - i);
		peer_show(call, &rows[i], pix, ++id, sas);
	}
	out_line(call->out, "STATIC: the keys of all SAs are configured; no ISAKMP is spoken\n");
	free(rows);
	snap_free(snap);
}

/* "AES_128_CBC+HMAC_SHA1_96" */
static void
algorithm_text(const struct transform *t, char *out, size_t bytes)
{
	const char *cipher = t->proto == ALG_AH ? "" : alg_cipher_info[t->cipher].name;
	const char *auth = t->auth == ALG_AUTH_NONE ? "" : alg_auth_info[t->auth].name;

	snprintf(out, bytes, "%s%s%s", cipher, *cipher && *auth ? "+" : "", auth);
}

void
run_show_connections(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, true, call->out);

	out_list(call->out->json, "connections");
	out_line(call->out, "%4s %-15s %-15s %-6s %-28s %12s %12s\n", "ID", "Interface", "IP-Address",
		"State", "Algorithm", "Encrypt", "Decrypt");
	for (unsigned i = 0; snap && i < snap->n_sas && i < SHOWN_MAX; i++) {
		const struct snap_sa *sa = &snap->sas[i];
		bool out = sa->cfg->direction == CFG_OUT;
		struct ip_addr local = out ? sa->cfg->src : sa->cfg->dst;
		const char *port = port_name(
			snap->cfg, forward_route(snap->cfg, out ? sa->cfg->dst : sa->cfg->src));
		char address[IP_TEXT_BYTES], algorithm[64];
		json_t *json = out_row(call->out->json, "connections");

		algorithm_text(&sa->transform, algorithm, sizeof(algorithm));
		out_line(call->out, "%4u %-15s %-15s %-6s %-28s %12" PRIu64 " %12" PRIu64 "\n", sa->index + 1,
			port, ip_text(local, address), sa->session ? "set" : "none", algorithm,
			out ? sa->packets : 0, out ? 0 : sa->packets);
		out_number(json, "id", sa->index + 1);
		out_string(json, "sa", sa->cfg->name);
		out_string(json, "interface", port);
		out_address(json, "address", local);
		out_string(json, "state", sa->session ? "set" : "none");
		out_string(json, "algorithm", algorithm);
		out_number(json, "encrypt", out ? sa->packets : 0);
		out_number(json, "decrypt", out ? 0 : sa->packets);
	}
	rest_tell(call, snap ? snap->n_sas : 0);
	snap_free(snap);
}
