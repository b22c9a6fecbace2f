/* Growing rings of the wires, private to lab/wire*.c.  A ring is an array of 2^n slots and two free-running
 * 32-bit counters: slot i lies at i & mask, head..tail-1 are in use. */
#ifndef LAB_WIRE_RING_H
#define LAB_WIRE_RING_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_RING_FIRST 1024 /* slots to begin with, a power of two */
#define WIRE_RING_LAST (UINT32_C(1) << 30) /* never more: the counters must stay apart */

/* A copy of the ring `slots` (cap slots of `size` bytes, all copied, the oldest is number head) with room for
 * twice as many, at the same numbers; the old array is freed.  NULL where memory is short: the old array is
 * untouched. */
void *wire_ring_double(void *slots, uint32_t cap, uint32_t head, size_t size);

#endif
