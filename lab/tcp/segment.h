/* A TCP header with its options as numbers, and its bytes: RFC 9293 §3.1, RFC 7323 §2 (window scale), RFC
 * 2018 (SACK), RFC 3168 (ECN).  Payloads stay outside: what is sent is told by `seq` and `len` alone.
 * No EAL. */
#ifndef LAB_TCP_SEGMENT_H
#define LAB_TCP_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#define TCP_HEAD_BYTES 20u
#define TCP_HEAD_MAX 60u
#define TCP_SACK_MAX 4u
#define TCP_WSCALE_NONE 255u
#define TCP_WSCALE_MAX 14u

enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128,
};

struct tcp_block {
	uint32_t left, right; /* right is exclusive */
};

struct tcp_segment {
	uint32_t seq, ack;
	uint32_t len; /* payload */
	uint16_t window;
	uint8_t flags;	/* enum tcp_flag */
	uint8_t ecn;	/* field of the IP header: 0 Not-ECT, 2 ECT(0), 3 CE */
	uint16_t mss;	/* SYN: option; 0: none */
	uint8_t wscale; /* SYN: option; TCP_WSCALE_NONE: none */
	bool sack_ok;	/* SYN: SACK-permitted */
	uint8_t n_sack;
	struct tcp_block sack[TCP_SACK_MAX];
};

/* Bytes of the header that tcp_segment_write() will write: a multiple of 4, at most TCP_HEAD_MAX. */
uint32_t tcp_segment_bytes(const struct tcp_segment *segment);
/* All of the header but the ports; the checksum is 0. */
void tcp_segment_write(const struct tcp_segment *segment, uint8_t *tcp);
/* Reads `bytes` of header and payload; *head is where the payload begins.  False where that is no TCP header;
 * broken options end the list of options.  ecn is left 0. */
bool tcp_segment_read(const uint8_t *tcp, uint32_t bytes, struct tcp_segment *segment, uint32_t *head);

/* Bytes of a header with n SACK blocks, to know what room is left for payload. */
static inline uint32_t
tcp_sack_bytes(unsigned n)
{
	return n ? 4 + 8 * n : 0;
}

#endif
