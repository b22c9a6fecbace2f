/* ARP for IPv4 over Ethernet (RFC 826): bytes in, bytes out. */
#ifndef LIVE_ARP_H
#define LIVE_ARP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "config/cfg.h"

#define ARP_FRAME_BYTES 42u /* with the Ethernet header, without padding */

struct arp_message {
	bool request; /* else a reply */
	struct cfg_mac sender_mac;
	struct ip_addr sender, target; /* sender 0.0.0.0: a probe (RFC 5227 §1.1) */
};

/* What stands behind the Ethernet header; false where it is no such message, or damaged. */
bool arp_read(const uint8_t *arp, uint32_t len, struct arp_message *message);
/* Whole frames of ARP_FRAME_BYTES.  The question goes to everybody. */
void arp_write_request(
	uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own, struct ip_addr target);
void arp_write_reply(uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own,
	const struct cfg_mac *to_mac, struct ip_addr to);

#endif
