/* The gateway to be measured: see rig.h.  Nothing here is timed. */
#include "bench/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench/seal.h"
#include "crypto/alg.h"

#define WAN_HERE 0xc0000201u  /* 192.0.2.1 */
#define WAN_THERE 0xc0000202u /* 192.0.2.2 */
#define LIMIT 4096u	      /* packets of a queue: more than come in one turn */
#define MTU 9216u

static void
port_init(struct rig *rig, enum rig_port p, bool qos)
{
	rig->ports[p] = (struct cfg_port){.name = p == RIG_LAN ? "lan" : "wan",
		.address = p == RIG_LAN ? CFG_PREFIX_V4(0x0afffffeu, 8) : CFG_PREFIX_V4(WAN_HERE, 24),
		.mtu = MTU,
		.qos = {.kind = CFG_QOS_FIFO, .queue_limit = LIMIT, .unit = CFG_UNIT_PACKETS}};
	if (!qos)
		return;
	rig->ports[p].qos.kind = CFG_QOS_CBWFQ;
	rig->ports[p].qos.classes = rig->classes;
	rig->ports[p].qos.n_classes = 3;
}

static void
classes_init(struct rig *rig)
{
	rig->classes[0] = (struct cfg_class){.name = "voice",
		.dscp = UINT64_C(1) << 46,
		.priority = RIG_QOS_RATE,
		.queue_limit = LIMIT,
		.unit = CFG_UNIT_PACKETS};
	rig->classes[1] = (struct cfg_class){.name = "data",
		.dscp = UINT64_C(1) << 18,
		.bandwidth = RIG_QOS_RATE / 2,
		.queue_limit = LIMIT,
		.unit = CFG_UNIT_PACKETS};
	rig->classes[2] = (struct cfg_class){
		.name = "class-default", .queue_limit = LIMIT, .unit = CFG_UNIT_PACKETS};
}

/* As the peer has it: what it sends, the gateway takes in. */
static enum status
peer_init(struct cfg_sa *sa, const struct bench_esp_request *request, char *message, size_t bytes)
{
	struct rng rng;

	*sa = (struct cfg_sa){.name = "bench",
		.direction = CFG_OUT,
		.spi = BENCH_SPI,
		.src = IP_V4(WAN_THERE),
		.dst = IP_V4(WAN_HERE),
		.transform = request->transform,
		.esn = request->esn,
		.first_seq = 1,
		.df = CFG_DF_COPY,
		.dscp = -1,
		.ttl = 64,
		.align4 = true,
		.over_index = CFG_NONE};
	if (!transform_key_lengths(request->transform, &sa->key_len, &sa->auth_key_len, message, bytes))
		return ST_ERR_CONFIG;
	rng_init(&rng, request->seed, "keys");
	rng_bytes(&rng, sa->key, sa->key_len);
	rng_bytes(&rng, sa->auth_key, sa->auth_key_len);
	return ST_OK;
}

static void
pair_add(struct rig *rig, const struct bench_esp_request *request, enum cfg_direction direction, uint32_t i)
{
	struct cfg_sa *sa = &rig->sas[rig->cfg.n_sas];
	struct cfg_policy *policy = &rig->policies[rig->cfg.n_policies++];
	struct cfg_prefix remote = CFG_PREFIX_V4(RIG_REMOTE_HOST + i, 32), any = {0};

	*sa = rig->peer;
	sa->spi = BENCH_SPI + i;
	sa->direction = direction;
	if (direction == CFG_OUT) {
		sa->src = rig->peer.dst;
		sa->dst = rig->peer.src;
	} else {
		sa->window = request->window;
		sa->replay = request->replay;
	}
	*policy = (struct cfg_policy){.name = "host",
		.action = CFG_PROTECT,
		.direction = direction,
		.src = direction == CFG_OUT ? any : remote,
		.dst = direction == CFG_OUT ? remote : any,
		.proto = 256,
		.sport = {0, UINT16_MAX},
		.dport = {0, UINT16_MAX},
		.sa = sa->name,
		.sa_index = rig->cfg.n_sas++};
}

static enum status
sas_init(struct rig *rig, const struct bench_esp_request *request)
{
	size_t n = (size_t)request->sas * (request->direction == BENCH_BOTH ? 2 : 1);

	rig->sas = calloc(n, sizeof(*rig->sas));
	rig->policies = calloc(n, sizeof(*rig->policies));
	if (!rig->sas || !rig->policies)
		return ST_ERR_NOMEM;
	for (uint32_t i = 0; i < request->sas && request->direction != BENCH_IN; i++)
		pair_add(rig, request, CFG_OUT, i);
	for (uint32_t i = 0; i < request->sas && request->direction != BENCH_OUT; i++)
		pair_add(rig, request, CFG_IN, i);
	return ST_OK;
}

static void
gateway_init(struct rig *rig, const struct bench_esp_request *request)
{
	rig->routes[0] = (struct cfg_route){
		.to = CFG_PREFIX_V4(RIG_REMOTE_HOST, 8), .via = IP_V4(WAN_THERE), .port = RIG_WAN};
	rig->cfg = (struct cfg_gateway){.name = "bench",
		.platform = CFG_PLATFORM_IOS,
		.poll_interval = 1,
		.sequence = CFG_SEQ_BEFORE_QUEUE,
		.engine = request->engine->name,
		.engine_cfg = request->engine,
		.fragmentation = CFG_FRAG_AFTER,
		.ports = rig->ports,
		.n_ports = RIG_PORTS,
		.routes = rig->routes,
		.n_routes = 1};
}

enum status
rig_create(struct rig *rig, const struct bench_esp_request *request, struct rte_mbuf **out[RIG_PORTS],
	char *message, size_t bytes)
{
	struct port *ports[RIG_PORTS];
	enum status status;

	memset(rig, 0, sizeof(*rig));
	classes_init(rig);
	gateway_init(rig, request);
	for (unsigned p = 0; p < RIG_PORTS; p++) {
		port_init(rig, (enum rig_port)p, request->qos);
		port_memory_init(&rig->port[p], request->burst, request->qos ? RIG_QOS_RATE : 0, out[p]);
		ports[p] = &rig->port[p].port;
	}
	status = peer_init(&rig->peer, request, message, bytes);
	if (!status) {
		snprintf(message, bytes, "memory for the configuration of %u SAs", request->sas);
		status = sas_init(rig, request);
	}
	if (!status) {
		rig->cfg.sas = rig->sas;
		rig->cfg.policies = rig->policies;
		rig->memory = request->memory ? -request->memory() : 0;
		status = dp_create(&rig->cfg, ports, NULL, NULL, &rig->dp, message, bytes);
		rig->memory += request->memory ? request->memory() : 0;
	}
	if (status)
		rig_destroy(rig);
	return status;
}

void
rig_destroy(struct rig *rig)
{
	if (rig->dp)
		dp_flush(rig->dp);
	dp_destroy(rig->dp);
	free(rig->sas);
	free(rig->policies);
	memset(rig, 0, sizeof(*rig));
}
