/* See arp.h. */
#include "live/arp.h"

#include "live/ether.h"

/* Offsets behind the Ethernet header. */
enum arp_field {
	ARP_HARDWARE = 0,
	ARP_PROTOCOL = 2,
	ARP_LENGTHS = 4,
	ARP_OPERATION = 6,
	ARP_SENDER_MAC = 8,
	ARP_SENDER = 14,
	ARP_TARGET_MAC = 18,
	ARP_TARGET = 24,
	ARP_BYTES = 28,
};

#define ETHERNET 1u
#define LENGTHS 0x0604u /* of MAC and IPv4 address */
#define REQUEST 1u
#define REPLY 2u

bool
arp_read(const uint8_t *arp, uint32_t len, struct arp_message *message)
{
	uint16_t operation;

	if (len < ARP_BYTES || load_be16(arp + ARP_HARDWARE) != ETHERNET ||
		load_be16(arp + ARP_PROTOCOL) != ETHER_IPV4 || load_be16(arp + ARP_LENGTHS) != LENGTHS)
		return false;
	operation = load_be16(arp + ARP_OPERATION);
	*message = (struct arp_message){.request = operation == REQUEST,
		.sender_mac = ether_mac(arp + ARP_SENDER_MAC),
		.sender = ip_load4(arp + ARP_SENDER),
		.target = ip_load4(arp + ARP_TARGET)};
	/* a group has no address of its own (RFC 1812 §3.3.2) */
	return (operation == REQUEST || operation == REPLY) && !(message->sender_mac.bytes[0] & 1);
}

static void
write(uint8_t *frame, uint16_t operation, const struct cfg_mac *own_mac, struct ip_addr own,
	const struct cfg_mac *to_mac, struct ip_addr to)
{
	uint8_t *arp = frame + ETHER_BYTES;

	store_be16(arp + ARP_HARDWARE, ETHERNET);
	store_be16(arp + ARP_PROTOCOL, ETHER_IPV4);
	store_be16(arp + ARP_LENGTHS, LENGTHS);
	store_be16(arp + ARP_OPERATION, operation);
	memcpy(arp + ARP_SENDER_MAC, own_mac, sizeof(*own_mac));
	ip_store4(arp + ARP_SENDER, own);
	memcpy(arp + ARP_TARGET_MAC, to_mac, sizeof(*to_mac));
	ip_store4(arp + ARP_TARGET, to);
}

void
arp_write_request(uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own, struct ip_addr target)
{
	static const struct cfg_mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, nobody = {{0}};

	ether_write(frame, &everybody, own_mac, ETHER_ARP);
	write(frame, REQUEST, own_mac, own, &nobody, target);
}

void
arp_write_reply(uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own,
	const struct cfg_mac *to_mac, struct ip_addr to)
{
	ether_write(frame, to_mac, own_mac, ETHER_ARP);
	write(frame, REPLY, own_mac, own, to_mac, to);
}
