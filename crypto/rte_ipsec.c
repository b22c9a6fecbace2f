/* The subject rte_ipsec: ESP and replay as DPDK's librte_ipsec does them, over a crypto device.
 *
 * One packet at a time goes into an mbuf of its own, through prepare, the device and process.  The library
 * finds the ESP header by l3_len, leaves checksums of IPv4 headers to a port (they are made here), and does
 * not look at SPI or protocol.  Its answers are told apart by rte_errno: EINVAL from prepare is the replay
 * check.
 *
 * What 22.11 does otherwise than the RFCs, measured.  It is for the cases of `conform` to show, and is not
 * repaired here:
 * - half of all duplicates are accepted: a number whose last six bits are 32..63 is never marked, because
 *   esn_inb_update_sqn() keeps the bit of a 64-bit word in 32 (RFC 4303 §3.4.3).  512 of 1024 with a window
 * of 64; the same source is in 21.11 and 23.11;
 * - windows of 128, 256, ... packets have no bucket to spare (RFC 6479 §2): when the edge enters a bucket,
 * the marks of the oldest numbers that are still inside are gone, and these are accepted again;
 * - a window of W accepts W + 1 numbers: edge - W too;
 * - 2^32 - 1 is never sent (RFC 4303 §3.3.3 allows it), and with ESN the SA goes on after 2^64 - 1;
 * - with ESN and GMAC the high half stands behind the packet, not in the AAD (RFC 4543 §3.3);
 * - an outer CE mark is copied inside (RFC 6040) without the inner IPv4 checksum;
 * - no TFC padding (RFC 4303 §2.7) and no dummy packets (§2.6) in tunnel mode: the first stays behind the
 *   packet, the second is a bad packet. */
#include "crypto/rte_ipsec.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_esp.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_pause.h>

#include "base/bytes.h"

#define UDP_BYTES 8u
#define TRIES (1u << 20) /* empty looks at a device before it is taken for dead */

/* Bytes before the ESP header; 0 where this is no packet for the SA. */
static uint32_t
headers_v4(const uint8_t *ip, uint32_t len, bool natt)
{
	uint32_t header = (ip[0] & 15u) * 4u;

	if (len < 20 || header < 20 || header > len || ip[9] != (natt ? IPPROTO_UDP : IPPROTO_ESP))
		return 0;
	return header + (natt ? UDP_BYTES : 0);
}

/* RFC 8200 §4: hop-by-hop, routing and destination options may stand before. */
static uint32_t
headers_v6(const uint8_t *ip, uint32_t len, uint8_t last, bool natt)
{
	uint8_t next = len >= 40 ? ip[6] : IPPROTO_NONE;
	uint32_t at = 40;

	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS) {
		if (at + 8 > len)
			return 0;
		next = ip[at];
		at += (ip[at + 1] + 1u) * 8u;
	}
	return len >= 40 && at <= len && (next == last || last == IPPROTO_NONE) ? at + (natt ? UDP_BYTES : 0)
										: 0;
}

static uint32_t
headers_before_esp(const struct esp_subject_cfg *cfg, const uint8_t *ip, uint32_t len)
{
	uint32_t headers = 0;

	if (len && ip[0] >> 4 == 4)
		headers = headers_v4(ip, len, cfg->natt);
	else if (len && ip[0] >> 4 == 6)
		headers = headers_v6(ip, len, cfg->natt ? IPPROTO_UDP : IPPROTO_ESP, cfg->natt);
	return headers + sizeof(struct rte_esp_hdr) <= len ? headers : 0;
}

/* Where ESP is to stand in a packet in transport mode. */
static uint32_t
headers_before_payload(const uint8_t *ip, uint32_t len)
{
	if (len >= 20 && ip[0] >> 4 == 4)
		return (ip[0] & 15u) * 4u <= len ? (ip[0] & 15u) * 4u : 0;
	return len >= 40 && ip[0] >> 4 == 6 ? headers_v6(ip, len, IPPROTO_NONE, false) : 0;
}

static struct rte_mbuf *
packet_load(struct rte_ipsec_subject *s, const uint8_t *packet, uint32_t len, uint32_t l3_len)
{
	struct rte_mbuf *m = &s->slot->segment[0];

	m->buf_addr = s->buffer;
	rte_mbuf_iova_set(m, rte_mem_virt2iova(s->buffer));
	m->buf_len = RTE_IPSEC_BYTES;
	m->data_off = RTE_IPSEC_HEADROOM;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	m->nb_segs = 1;
	m->next = NULL;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->tx_offload = 0;
	m->l3_len = l3_len & 511u;
	memcpy(s->buffer + RTE_IPSEC_HEADROOM, packet, len);
	return m;
}

static enum esp_verdict
packet_store(const struct rte_mbuf *m, uint8_t *packet, uint32_t *len, uint32_t room)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	if (m->pkt_len > room)
		return ESP_BAD_PACKET;
	*len = m->pkt_len;
	memcpy(packet, data, *len);
	return ESP_ACCEPTED;
}

/* Left to a port by the library. */
static void
checksum_set(uint8_t *ip)
{
	if (ip[0] >> 4 != 4)
		return;
	store_be16(ip + 10, 0);
	uint16_t sum = rte_ipv4_cksum((const struct rte_ipv4_hdr *)ip);
	memcpy(ip + 10, &sum, sizeof(sum));
}

static enum esp_verdict
device_run(struct rte_ipsec_subject *s, struct rte_crypto_op *op)
{
	struct rte_crypto_op *done = NULL;

	if (rte_cryptodev_enqueue_burst(s->device.id, s->device.queue_pair, &op, 1) != 1)
		return ESP_UNSUPPORTED;
	for (unsigned tries = 0; !done && tries < TRIES; tries++)
		if (!rte_cryptodev_dequeue_burst(s->device.id, s->device.queue_pair, &done, 1))
			rte_pause();
	if (!done)
		return ESP_UNSUPPORTED;
	if (done->status == RTE_CRYPTO_OP_STATUS_AUTH_FAILED)
		return ESP_BAD_ICV;
	return done->status == RTE_CRYPTO_OP_STATUS_SUCCESS ? ESP_ACCEPTED : ESP_UNSUPPORTED;
}

/* What the library says when it does not take a packet. */
static enum esp_verdict
refusal(bool out)
{
	switch (rte_errno) {
	case EINVAL:
		return out ? ESP_BAD_PACKET : ESP_REPLAY;
	case EOVERFLOW:
		return ESP_EXHAUSTED;
	default:
		return ESP_BAD_PACKET;
	}
}

static enum esp_verdict
packet_run(struct rte_ipsec_subject *s, struct rte_mbuf *m, bool out)
{
	struct rte_crypto_op *op = &s->slot->op;
	enum esp_verdict verdict;

	rte_errno = 0;
	if (rte_ipsec_pkt_crypto_prepare(&s->session, &m, &op, 1) != 1)
		return refusal(out);
	verdict = device_run(s, op);
	if (verdict != ESP_ACCEPTED)
		return verdict;
	rte_errno = 0;
	return rte_ipsec_pkt_process(&s->session, &m, 1) == 1 ? ESP_ACCEPTED : ESP_BAD_PACKET;
}

static bool
fits(uint32_t len)
{
	return len && len <= RTE_IPSEC_BYTES - RTE_IPSEC_HEADROOM - RTE_IPSEC_TAILROOM;
}

static enum esp_verdict
rte_ipsec_protect(struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room, uint64_t seq)
{
	struct rte_ipsec_subject *s = (struct rte_ipsec_subject *)subject;
	uint32_t headers = s->cfg.tunnel ? 0 : headers_before_payload(packet, *len);

	if (s->cfg.direction != CRYPTO_ENCRYPT || (seq && !rte_ipsec_sa_number(s, seq)))
		return ESP_UNSUPPORTED;
	if (!fits(*len) || (!s->cfg.tunnel && !headers))
		return ESP_BAD_PACKET;
	struct rte_mbuf *m = packet_load(s, packet, *len, headers);
	enum esp_verdict verdict = packet_run(s, m, true);
	if (verdict != ESP_ACCEPTED)
		return verdict;
	checksum_set(rte_pktmbuf_mtod(m, uint8_t *));
	return packet_store(m, packet, len, room);
}

static enum esp_verdict
rte_ipsec_unprotect(struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room)
{
	struct rte_ipsec_subject *s = (struct rte_ipsec_subject *)subject;
	uint32_t headers = headers_before_esp(&s->cfg, packet, *len);

	if (s->cfg.direction != CRYPTO_DECRYPT)
		return ESP_UNSUPPORTED;
	if (!fits(*len) || !headers || headers > 511)
		return ESP_BAD_PACKET;
	struct rte_mbuf *m = packet_load(s, packet, *len, headers);
	enum esp_verdict verdict = packet_run(s, m, false);
	if (verdict != ESP_ACCEPTED)
		return verdict;
	if (!s->cfg.tunnel)
		checksum_set(rte_pktmbuf_mtod(m, uint8_t *));
	return packet_store(m, packet, len, room);
}

static void
subject_free(struct rte_ipsec_subject *s)
{
	if (!s)
		return;
	if (s->session.crypto.ses)
		rte_cryptodev_sym_session_free(s->device.id, s->session.crypto.ses);
	cryptodev_device_close(&s->device);
	rte_mempool_free(s->pool);
	if (s->sa)
		rte_ipsec_sa_fini(s->sa);
	free(s->sa);
	rte_free(s->slot);
	rte_free(s->buffer);
	bytes_wipe(s, sizeof(*s));
	free(s);
}

static void
rte_ipsec_destroy(struct esp_subject *subject)
{
	subject_free((struct rte_ipsec_subject *)subject);
}

static enum status
rte_ipsec_create(const struct esp_subject_cfg *cfg, struct esp_subject **subject, char *message, size_t bytes)
{
	struct rte_ipsec_subject *s = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(sizeof(*s)));
	enum status status = ST_ERR_NOMEM;

	if (!s)
		return ST_ERR_NOMEM;
	memset(s, 0, sizeof(*s));
	s->subject.ops = &esp_subject_ops_rte_ipsec;
	s->cfg = *cfg;
	s->buffer = rte_zmalloc("subject_buffer", RTE_IPSEC_BYTES + 1u, RTE_CACHE_LINE_SIZE);
	s->slot = rte_zmalloc("subject_slot", sizeof(*s->slot), RTE_CACHE_LINE_SIZE);
	if (s->buffer && s->slot) {
		cryptodev_slot_init(s->slot);
		s->slot->op.phys_addr = rte_mem_virt2iova(s->slot);
		status = rte_ipsec_sa_make(s, cfg, message, bytes);
	} else {
		snprintf(message, bytes, "rte_ipsec: no memory for a packet");
	}
	if (status != ST_OK) {
		subject_free(s);
		return status;
	}
	*subject = &s->subject;
	return ST_OK;
}

const struct esp_subject_ops esp_subject_ops_rte_ipsec = {
	.name = "rte_ipsec",
	.create = rte_ipsec_create,
	.destroy = rte_ipsec_destroy,
	.protect = rte_ipsec_protect,
	.unprotect = rte_ipsec_unprotect,
};
