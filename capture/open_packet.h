/* Verifies and decrypts one packet of a capture by the datapath's codec: the only file of capture/ that knows
 * it.
 *
 * The SAs here have no window and no policy: what they say is whether ICV and padding are right and what
 * stands inside.  One thread an engine. */
#ifndef CAPTURE_OPEN_PACKET_H
#define CAPTURE_OPEN_PACKET_H

#include <stdint.h>

#include "capture/ip_find.h"
#include "capture/key_set.h"
#include "capture/kind.h"

#define OPEN_PACKET_BEFORE 128u /* bytes before a packet that opening it may write */
#define OPEN_PACKET_BEHIND 64u	/* and behind it */

struct engine;
struct open_sa;

/* ERR_UNSUPPORTED where codec or engine lack the transform; message says so.  key is borrowed. */
enum status open_sa_create(
	const struct key_sa *key, struct engine *engine, struct open_sa **sa, char *message, size_t bytes);
void open_sa_destroy(struct open_sa *sa, struct engine *engine); /* NULL is fine */

struct open_inner {
	uint8_t *data; /* in the packet: its own IP header, made whole where transport mode took it apart */
	uint32_t len;
};

/* packet: found says what is in it; OPEN_PACKET_BEFORE and _BEHIND bytes round it are there.  It is changed
 * whatever comes out.  seq: the 64-bit number.  Says OPENED, DUMMY, ICV_BAD, PADDING, MALFORMED or CANNOT. */
enum capture_kind open_packet(struct open_sa *sa, struct engine *engine, uint8_t *packet,
	const struct ip_found *found, uint64_t seq, enum capture_icv *icv, struct open_inner *inner);

#endif
