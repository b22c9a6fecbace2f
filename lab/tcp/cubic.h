/* CUBIC, RFC 9438: congestion avoidance and the reduction.  Only congestion.c and tests include it. */
#ifndef LAB_TCP_CUBIC_H
#define LAB_TCP_CUBIC_H

#include "lab/tcp/congestion.h"

void tcp_cubic_acked(struct tcp_congestion *cc, uint64_t bytes, uint64_t now, uint64_t srtt);
/* The new ssthresh after a loss at window w; remembers w. */
uint64_t tcp_cubic_reduced(struct tcp_congestion *cc, uint64_t w);

#endif
