/* Groups and meanings of drop reasons.  A row that is missing here would belong to LOSS_REPLAY without a
 * meaning; test_report.c looks for that. */
#include "lab/loss.h"

const struct loss_info loss_info[DROP_COUNT] = {
	[DROP_NONE] = {LOSS_OTHER, "not dropped"},
	[DROP_RUNT] = {LOSS_OTHER, "shorter than its header says"},
	[DROP_IP_HEADER] = {LOSS_OTHER, "broken IP header"},
	[DROP_TTL] = {LOSS_OTHER, "went through too many routers"},
	[DROP_NO_ROUTE] = {LOSS_OTHER, "no route to its destination"},
	[DROP_POLICY_DISCARD] = {LOSS_OTHER, "a policy says discard"},
	[DROP_POLICY_NONE] = {LOSS_OTHER, "no policy fits"},
	[DROP_POLICY_IN] = {LOSS_OTHER, "decrypted, but no inbound policy allows it"},
	[DROP_NOT_IPSEC] = {LOSS_OTHER, "came in the clear where it has to be protected"},
	[DROP_TUNNEL_DOWN] = {LOSS_OTHER, "its tunnel was torn down and not back yet"},
	[DROP_NO_SA] = {LOSS_OTHER, "ESP or AH with an SPI that nobody knows"},
	[DROP_SA_EXPIRED] = {LOSS_OTHER, "its SA has come to the end of its life"},
	[DROP_SEQ_EXHAUSTED] = {LOSS_OTHER, "the SA has used all its sequence numbers"},
	[DROP_SEQ_ZERO] = {LOSS_REPLAY, "sequence number 0"},
	[DROP_REPLAY_OLD] = {LOSS_REPLAY, "too far behind for the replay window"},
	[DROP_REPLAY_DUP] = {LOSS_REPLAY, "its number was seen before"},
	[DROP_ESP_LENGTH] = {LOSS_OTHER, "impossible ESP length"},
	[DROP_AH_LENGTH] = {LOSS_OTHER, "impossible AH length"},
	[DROP_NATT_KEEPALIVE] = {LOSS_OTHER, "NAT-keepalive, made to be thrown away"},
	[DROP_NATT_IKE] = {LOSS_OTHER, "IKE on UDP 4500, which nobody speaks here"},
	[DROP_ICV] = {LOSS_OTHER, "failed authentication"},
	[DROP_ICV_ESN] = {LOSS_REPLAY, "behind the window; with ESN that fails authentication"},
	[DROP_PAD] = {LOSS_OTHER, "broken ESP padding"},
	[DROP_NEXT_HEADER] = {LOSS_OTHER, "decrypted to something that is not IP"},
	[DROP_DUMMY] = {LOSS_OTHER, "dummy packet, made to be thrown away"},
	[DROP_ECN] = {LOSS_OTHER, "impossible combination of ECN marks"},
	[DROP_FRAGMENT] = {LOSS_OTHER, "fragment of an encrypted packet"},
	[DROP_FRAG_BAD] = {LOSS_OTHER, "fragment that cannot be part of a packet"},
	[DROP_FRAG_DUP] = {LOSS_OTHER, "fragment that was there already"},
	[DROP_FRAG_OVERLAP] = {LOSS_OTHER, "fragments that overlap"},
	[DROP_FRAG_LIMIT] = {LOSS_OTHER, "too many fragments waited for the rest"},
	[DROP_FRAG_TIMEOUT] = {LOSS_OTHER, "waited in vain for the other fragments"},
	[DROP_TOO_BIG] = {LOSS_OTHER, "larger than the MTU, and may not be fragmented"},
	[DROP_ICMP_REFUSED] = {LOSS_OTHER, "ICMP about a packet that was not sent"},
	[DROP_ENGINE_FULL] = {LOSS_OTHER, "the crypto engine's queue was full"},
	[DROP_ENGINE_LOST] = {LOSS_OTHER, "the crypto engine never gave it back"},
	[DROP_NO_SESSION] = {LOSS_OTHER, "the crypto engine has no place for its SA"},
	[DROP_ENGINE] = {LOSS_OTHER, "the crypto engine failed"},
	[DROP_INBOX] = {LOSS_OTHER, "a stage of the gateway was full"},
	[DROP_HANDOVER_FULL] = {LOSS_QUEUE, "the ring to the worker that goes on with it was full"},
	[DROP_PROCESS_FULL] = {LOSS_QUEUE, "the process queue was full: an input queue drop"},
	[DROP_NO_MBUF] = {LOSS_OTHER, "no packet memory left (lab.mbufs)"},
	[DROP_NO_ROOM] = {LOSS_OTHER, "no room for what encryption adds"},
	[DROP_QOS_TAIL] = {LOSS_QUEUE, "the queue of its class was full"},
	[DROP_QOS_POLICE] = {LOSS_POLICER, "more than the priority class is allowed"},
	[DROP_WIRE_QUEUE] = {LOSS_QUEUE, "the queue before the wire was full"},
	[DROP_WIRE_LOSS] = {LOSS_WIRE, "lost on the wire"},
	[DROP_WIRE_MTU] = {LOSS_WIRE, "larger than the wire's MTU"},
	[DROP_ETHERTYPE] = {LOSS_OTHER, "a frame that is neither IP nor ARP"},
	[DROP_OTHER_MAC] = {LOSS_OTHER, "a frame for another MAC address"},
	[DROP_NEIGH_BAD] = {LOSS_OTHER, "broken ARP or neighbour discovery"},
	[DROP_NEIGH_QUEUE] = {LOSS_QUEUE, "too many waited for a neighbour's MAC address"},
	[DROP_NEIGH_NONE] = {LOSS_OTHER, "no neighbour answered"},
	[DROP_PORT_FULL] = {LOSS_QUEUE, "the port's transmit queue was full"},
	[DROP_NOT_MINE] = {LOSS_OTHER, "arrived at a host that it was not for"},
};

uint64_t
loss_sum(const uint64_t *drops, enum loss group)
{
	uint64_t sum = 0;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		if (loss_info[d].group == group)
			sum += drops[d];
	return sum;
}

uint64_t
loss_total(const uint64_t *drops)
{
	uint64_t sum = 0;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		sum += drops[d];
	return sum;
}
