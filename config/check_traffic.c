/* Sources: what each kind wants, and what it cannot have. */
#include "config/check.h"

#include "config/words.h"

#define TCP_FLOWS_MAX 4096u /* each end has queues of its own */
#define TCP_MSS_LEAST 28u   /* of the least IPv4 MTU, 68 */
#define IPV6_MTU_MIN 1280u
#define ICMP6_PROTOCOL 58u
#define PING4_LEAST 36u /* as IOS; IP and ICMP have 28 */
#define PING6_LEAST 56u
#define PING_ECHOES_MAX 1000000u

static void
check_rate(const struct check *check, const struct cfg_traffic *traffic)
{
	const char *kind = cfg_traffic_kind_word(traffic->kind);
	bool both = traffic->rate && traffic->pps > 0, none = !traffic->rate && !(traffic->pps > 0);

	if (traffic->kind == CFG_TRAFFIC_VOICE || traffic->kind == CFG_TRAFFIC_PCAP ||
		traffic->kind == CFG_TRAFFIC_TCP || traffic->kind == CFG_TRAFFIC_PING) {
		if (!none)
			check_fault(check, traffic, traffic->rate ? "rate" : "pps",
				"kind \"%s\" has a rate of its own; "
				"allowed: none",
				kind);
	} else if (both) {
		check_fault(check, traffic, "pps", "rate is given too; allowed: one of them");
	} else if (none) {
		check_fault(check, traffic, "rate",
			"missing; allowed: kind \"%s\" wants either rate or pps, above 0", kind);
	}
}

static void
check_source(const struct check *check, const struct cfg_traffic *traffic)
{
	const struct cfg_lab *lab = check->lab;

	if (traffic->from_host != CFG_NONE && traffic->from_host == traffic->to_end.node)
		check_fault(check, traffic, "to", "host %s cannot send to itself; allowed: another host",
			traffic->to);
	if (traffic->from_host != CFG_NONE && traffic->to_end.node != CFG_NONE &&
		ip_is_v4(lab->hosts[traffic->from_host].address) !=
			ip_is_v4(cfg_end_address(
				lab, &traffic->to_end, lab->hosts[traffic->from_host].address)))
		check_fault(check, traffic, "to",
			"one of %s and %s has IPv4, the other IPv6; allowed: one family", traffic->from,
			traffic->to);
	if (traffic->kind == CFG_TRAFFIC_PCAP && traffic->file == NULL)
		check_fault(check, traffic, "file", "missing; allowed: the name of a pcap or pcapng file");
	if (traffic->stop && traffic->stop <= traffic->start)
		check_fault(check, traffic, "stop",
			"not after start; allowed: a later time, or 0 for the end of the run");
}

/* Flow i has port sport + i, call i too. */
static void
check_flows(const struct check *check, const struct cfg_traffic *traffic)
{
	bool voice = traffic->kind == CFG_TRAFFIC_VOICE;
	uint32_t n = voice ? traffic->calls : traffic->flows;

	if (traffic->kind != CFG_TRAFFIC_PCAP && traffic->sport + n - 1 > UINT16_MAX)
		check_fault(check, traffic, voice ? "calls" : "flows",
			"%u flows from port %u on pass port 65535; "
			"allowed: at most %u",
			n, traffic->sport, UINT16_MAX - traffic->sport + 1);
}

static void
check_tcp_mtu(const struct check *check, const struct cfg_traffic *traffic, uint32_t index)
{
	const struct cfg_host *host = &check->lab->hosts[index];
	uint32_t heads = ip_is_v4(host->address) ? 40 : 60;

	if (!ip_is_v4(host->address) && host->mtu < IPV6_MTU_MIN)
		check_fault(check, host, "mtu", "%u with an IPv6 address; allowed: at least %u (RFC 8200 §5)",
			host->mtu, IPV6_MTU_MIN);
	else if (traffic->mss > host->mtu - heads)
		check_fault(check, traffic, "mss",
			"%u is more than the MTU of %s leaves; "
			"allowed: at most %u",
			traffic->mss, host->name, host->mtu - heads);
}

static void
check_tcp(const struct check *check, const struct cfg_traffic *traffic)
{
	if (traffic->kind != CFG_TRAFFIC_TCP)
		return;
	if (!traffic->request != !traffic->response)
		check_fault(check, traffic, traffic->request ? "request" : "response",
			"alone; allowed: request and response together, or none of them");
	if (traffic->bytes && traffic->request)
		check_fault(check, traffic, "bytes", "with request; allowed: one of them");
	if (traffic->mss && traffic->mss < TCP_MSS_LEAST)
		check_fault(
			check, traffic, "mss", "%u; allowed: 0, or at least %u", traffic->mss, TCP_MSS_LEAST);
	if (traffic->flows > TCP_FLOWS_MAX)
		check_fault(check, traffic, "flows", "%u connections; allowed: at most %u", traffic->flows,
			TCP_FLOWS_MAX);
	if (traffic->from_host != CFG_NONE)
		check_tcp_mtu(check, traffic, traffic->from_host);
	if (traffic->to_end.node != CFG_NONE)
		check_tcp_mtu(check, traffic, traffic->to_end.node);
}

static void
check_ping_size(const struct check *check, const struct cfg_traffic *traffic, const char *key, uint32_t bytes)
{
	uint32_t least = traffic->proto == ICMP6_PROTOCOL ? PING6_LEAST : PING4_LEAST;

	if (bytes < least)
		check_fault(check, traffic, key, "%u; allowed: at least %u, the heads and 8 bytes of data",
			bytes, least);
}

static void
check_ping(const struct check *check, const struct cfg_traffic *traffic)
{
	uint64_t sizes = 1;

	if (traffic->kind != CFG_TRAFFIC_PING)
		return;
	if (traffic->flows != 1)
		check_fault(check, traffic, "flows",
			"%u; allowed: 1, as an echo waits for the answer to the last", traffic->flows);
	check_ping_size(check, traffic, "size", traffic->size);
	if (traffic->sweep_max || traffic->sweep_min) {
		check_ping_size(check, traffic, "sweep_min", traffic->sweep_min);
		if (traffic->sweep_max < traffic->sweep_min)
			check_fault(check, traffic, "sweep_max", "%u; allowed: from sweep_min, %u, on",
				traffic->sweep_max, traffic->sweep_min);
		else
			sizes = (traffic->sweep_max - traffic->sweep_min) / traffic->sweep_interval + 1;
	}
	if (sizes * traffic->repeat > PING_ECHOES_MAX)
		check_fault(check, traffic, "repeat", "%u sweeps of %u sizes; allowed: at most %u echoes",
			traffic->repeat, (unsigned)sizes, PING_ECHOES_MAX);
}

void
check_traffic(const struct check *check)
{
	for (unsigned i = 0; i < check->lab->n_traffic; i++) {
		check_rate(check, &check->lab->traffic[i]);
		check_source(check, &check->lab->traffic[i]);
		check_flows(check, &check->lab->traffic[i]);
		check_tcp(check, &check->lab->traffic[i]);
		check_ping(check, &check->lab->traffic[i]);
	}
}
