/* A packet's end, as an event: what a report or a log line needs to explain it.  Or an SA's: life is set, and
 * reason is DROP_NONE. */
#ifndef DATAPLANE_EVENT_H
#define DATAPLANE_EVENT_H

#include <stdint.h>

#include "base/ip.h"
#include "dataplane/drop.h"
#include "dataplane/ipsec/sa.h"

/* Fields below `sa` are 0 where the packet never got so far. */
struct drop_event {
	uint64_t time_ns;
	uint64_t seq;	     /* ESP number, 64 bits (high half inferred) */
	uint64_t right_edge; /* of the window at that instant */
	int64_t lag;	     /* right edge - seq; modulo 2^32 in the case of ICV_ESN */
	uint64_t num;	     /* laboratory: number of the packet in its flow */
	const struct sa *sa; /* NULL: none involved */
	uint32_t spi;
	uint32_t flow;	   /* laboratory flow, PKT_NO_FLOW: none */
	struct ip_addr src, dst; /* outermost addresses */
	uint32_t bytes;	   /* IP packet */
	uint32_t window;   /* size of the window, 0: none */
	uint16_t ip_id;	   /* outermost identification, 0 in IPv6 */
	uint8_t proto;	   /* outermost protocol; IPv6: behind the extension headers */
	uint8_t dscp;	   /* outermost DSCP */
	uint8_t reason;	   /* enum drop */
	uint8_t life;	   /* enum life; 0: a packet's end */
	uint8_t is_clone;  /* laboratory: the packet was a wire's duplicate */
	uint8_t is_piece;  /* laboratory: a piece of packet num, or made from such */
};

/* What an AIM-like card reports: sequence errors have a number for ESP and another for AH. */
static inline enum hw_status
drop_event_status(const struct drop_event *event)
{
	enum hw_status status = drop_info[event->reason].status;

	return status == HW_STATUS_ESP_SEQ && event->sa && event->sa->transform.proto == ALG_AH
		       ? HW_STATUS_AH_SEQ
		       : status;
}
/* What the packet itself says: from src to dscp, but for the sizes.  Nothing where no header can be read. */
void drop_event_read(struct drop_event *event, const uint8_t *ip, uint32_t len);

#endif
