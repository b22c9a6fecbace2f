/* TCP headers to and from bytes.  RFC 9293 §3.1 and §3.2: unknown options are passed over by their length; a
 * length that cannot be ends the list.  Urgent data is not known: the pointer is written as 0 and not read.
 */
#include "lab/tcp/segment.h"

#include <string.h>

#include "base/bytes.h"

enum option {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
	OPTION_SACK_OK = 4,
	OPTION_SACK = 5
};

uint32_t
tcp_segment_bytes(const struct tcp_segment *segment)
{
	uint32_t bytes = TCP_HEAD_BYTES;

	if (segment->mss)
		bytes += 4;
	if (segment->wscale != TCP_WSCALE_NONE)
		bytes += 4;
	if (segment->sack_ok)
		bytes += 4;
	return bytes + tcp_sack_bytes(segment->n_sack);
}

static uint8_t *
sack_write(const struct tcp_segment *segment, uint8_t *p)
{
	*p++ = OPTION_NOP;
	*p++ = OPTION_NOP;
	*p++ = OPTION_SACK;
	*p++ = (uint8_t)(2 + 8 * segment->n_sack);
	for (unsigned i = 0; i < segment->n_sack; i++, p += 8) {
		store_be32(p, segment->sack[i].left);
		store_be32(p + 4, segment->sack[i].right);
	}
	return p;
}

static void
options_write(const struct tcp_segment *segment, uint8_t *p)
{
	static const uint8_t sack_ok[] = {OPTION_NOP, OPTION_NOP, OPTION_SACK_OK, 2};

	if (segment->mss) {
		*p++ = OPTION_MSS;
		*p++ = 4;
		store_be16(p, segment->mss);
		p += 2;
	}
	if (segment->sack_ok) {
		memcpy(p, sack_ok, sizeof(sack_ok));
		p += sizeof(sack_ok);
	}
	if (segment->wscale != TCP_WSCALE_NONE) {
		*p++ = OPTION_NOP;
		*p++ = OPTION_WSCALE;
		*p++ = 3;
		*p++ = segment->wscale;
	}
	if (segment->n_sack)
		sack_write(segment, p);
}

void
tcp_segment_write(const struct tcp_segment *segment, uint8_t *tcp)
{
	store_be32(tcp + 4, segment->seq);
	store_be32(tcp + 8, segment->ack);
	tcp[12] = (uint8_t)(tcp_segment_bytes(segment) / 4 << 4);
	tcp[13] = segment->flags;
	store_be16(tcp + 14, segment->window);
	store_be32(tcp + 16, 0); /* checksum and urgent pointer */
	options_write(segment, tcp + TCP_HEAD_BYTES);
}

static void
sack_read(struct tcp_segment *segment, const uint8_t *p, uint32_t len)
{
	uint32_t n = (len - 2) / 8;

	if ((len - 2) % 8 || n > TCP_SACK_MAX)
		return;
	for (uint32_t i = 0; i < n; i++)
		segment->sack[i] = (struct tcp_block){load_be32(p + 2 + 8 * i), load_be32(p + 6 + 8 * i)};
	segment->n_sack = (uint8_t)n;
}

/* MSS, window scale and SACK-permitted count in SYNs only. */
static void
option_read(struct tcp_segment *segment, const uint8_t *p, uint32_t len)
{
	bool syn = segment->flags & TCP_SYN;

	if (p[0] == OPTION_MSS && len == 4 && syn)
		segment->mss = load_be16(p + 2);
	else if (p[0] == OPTION_WSCALE && len == 3 && syn)
		segment->wscale = p[2] < TCP_WSCALE_MAX ? p[2] : TCP_WSCALE_MAX; /* RFC 7323 §2.3 */
	else if (p[0] == OPTION_SACK_OK && len == 2 && syn)
		segment->sack_ok = true;
	else if (p[0] == OPTION_SACK)
		sack_read(segment, p, len);
}

static void
options_read(struct tcp_segment *segment, const uint8_t *p, uint32_t bytes)
{
	while (bytes && p[0] != OPTION_END) {
		uint32_t len = 1;

		if (p[0] != OPTION_NOP) {
			len = bytes >= 2 ? p[1] : 0;
			if (len < 2 || len > bytes)
				return;
			option_read(segment, p, len);
		}
		p += len;
		bytes -= len;
	}
}

bool
tcp_segment_read(const uint8_t *tcp, uint32_t bytes, struct tcp_segment *segment, uint32_t *head)
{
	uint32_t len = bytes >= TCP_HEAD_BYTES ? (uint32_t)(tcp[12] >> 4) * 4 : 0;

	if (len < TCP_HEAD_BYTES || len > bytes)
		return false;
	*segment = (struct tcp_segment){.seq = load_be32(tcp + 4),
		.ack = load_be32(tcp + 8),
		.len = bytes - len,
		.window = load_be16(tcp + 14),
		.flags = tcp[13],
		.wscale = TCP_WSCALE_NONE};
	options_read(segment, tcp + TCP_HEAD_BYTES, len - TCP_HEAD_BYTES);
	*head = len;
	return true;
}
