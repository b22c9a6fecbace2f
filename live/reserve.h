/* Sequence numbers that survive the process: none is sent twice with the same key, even after kill -9
 * (RFC 4303 §3.3.3, RFC 4106 §2: with AES-GCM a number used twice gives the traffic away).
 *
 * A file says for each outbound SA, by SPI and ends, up to which number any may have been sent.  Numbers are
 * reserved there in blocks, ahead of time, and an SA stops where its reservation ends; the next process
 * begins behind it.  For each inbound SA the file has the right edge of the window, at most RESERVE_EDGE_NS
 * old.  A new key wants a new SPI, as IKE would give it, or the file removed.  Control thread only. */
#ifndef LIVE_RESERVE_H
#define LIVE_RESERVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

struct live;
struct reserve;

#define RESERVE_BLOCK (UINT64_C(1) << 20)
#define RESERVE_EDGE_NS UINT64_C(1000000000)

/* Reads the file, which need not exist, and keeps other processes off it.  On failure message says in one
 * line why. */
enum status reserve_open(const char *path, struct reserve **reserve, char *message, size_t bytes);
/* NULL is fine. */
void reserve_close(struct reserve *reserve);

/* Moves first_seq of the gateway's SAs behind what the file knows, before SAs are made from it.  A block for
 * each must be in the file before a packet is sent: by reserve_write(), or the first reserve_turn(). */
enum status reserve_begin(struct reserve *reserve, struct cfg_gateway *gateway, char *message, size_t bytes);
/* Into the file, what is not there yet.  ERR_IO: the SAs must not be made; message. */
enum status reserve_write(struct reserve *reserve, char *message, size_t bytes);
/* Reserves more where half of a block is used, for SAs that are new too; often enough, that no SA can use up
 * half a block between two calls.  ERR_IO: could not be written, and SAs stop where they may; message. */
enum status reserve_turn(struct reserve *reserve, struct live *live, char *message, size_t bytes);
/* At the end: what was really used, so that the next process begins right behind.  Workers stand still. */
enum status reserve_end(struct reserve *reserve, struct live *live, char *message, size_t bytes);

#endif
