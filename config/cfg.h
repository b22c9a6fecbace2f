/* What was asked for: plain structs, filled by config/load.c, read by everybody, changed by nobody
 * after loading.
 *
 * Units: times in ns, rates in bit/s, sizes in bytes, addresses of either family as base/ip.h has them,
 * DSCP 0..63.
 * Names of fields are the names of the configuration keys (config/keys.def); field order is theirs too.
 * Ownership: everything hangs on the struct cfg_lab that cfg_load() made, cfg_free() frees it all and
 * wipes the keys.  Thread: read-only after loading, so any. */
#ifndef CONFIG_CFG_H
#define CONFIG_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"

#define CFG_KEY_MAX 64	    /* bytes of key material: the longest of cipher or auth key, salt included */
#define CFG_NONE UINT32_MAX /* an index that names nothing */

/* ---- enums; the words for each stand in config/keys.def ---- */
enum cfg_qos_kind { CFG_QOS_FIFO, CFG_QOS_CBWFQ };
enum cfg_unit { CFG_UNIT_PACKETS, CFG_UNIT_BYTES };
enum cfg_action { CFG_PROTECT, CFG_BYPASS, CFG_DISCARD };
enum cfg_direction { CFG_OUT, CFG_IN };
enum cfg_mode { CFG_MODE_TUNNEL, CFG_MODE_TRANSPORT };
enum cfg_df { CFG_DF_COPY, CFG_DF_CLEAR, CFG_DF_SET };
/* Where a packet that is too big once protected is cut; inherit: SA from port, and that from gateway. */
enum cfg_fragmentation { CFG_FRAG_INHERIT, CFG_FRAG_BEFORE, CFG_FRAG_AFTER };
/* The paths of a packet from a port; inherit: as the gateway says, and there one path. */
enum cfg_switching {
	CFG_SWITCHING_INHERIT,
	CFG_SWITCHING_ONE_PATH,
	CFG_SWITCHING_FAST,
	CFG_SWITCHING_PROCESS,
};
enum cfg_sequence { CFG_SEQ_BEFORE_QUEUE, CFG_SEQ_AFTER_QUEUE };
enum cfg_platform {
	CFG_PLATFORM_IOS,
	CFG_PLATFORM_AIM,
	CFG_PLATFORM_VAM,
	CFG_PLATFORM_C1700,
	CFG_PLATFORM_MOTCR,
	CFG_PLATFORM_SPA,
	CFG_PLATFORM_PIX,
	CFG_PLATFORM_IOSXE,
};
enum cfg_jitter { CFG_JITTER_NONE, CFG_JITTER_UNIFORM, CFG_JITTER_NORMAL, CFG_JITTER_PARETO };
enum cfg_select { CFG_SELECT_PACKET, CFG_SELECT_FLOW, CFG_SELECT_WEIGHT };
/* What an accelerator may do wrong; the kinds are described in config/keys.def. */
enum cfg_fault_kind {
	CFG_FAULT_REORDER,
	CFG_FAULT_MAC,
	CFG_FAULT_LOST,
	CFG_FAULT_LATE,
	CFG_FAULT_DUPLICATE,
	CFG_FAULT_STUCK,
	CFG_FAULT_SHORT,
};
/* What a card does with what it has no slot or algorithm for. */
enum cfg_fallback { CFG_FALLBACK_PROFILE, CFG_FALLBACK_OFF, CFG_FALLBACK_ON };
enum cfg_traffic_kind {
	CFG_TRAFFIC_CBR,
	CFG_TRAFFIC_POISSON,
	CFG_TRAFFIC_ONOFF,
	CFG_TRAFFIC_IMIX,
	CFG_TRAFFIC_VOICE,
	CFG_TRAFFIC_PCAP,
	CFG_TRAFFIC_TCP,
	CFG_TRAFFIC_PING,
};
/* What a worker of the live gateway does when there is nothing to do. */
enum cfg_idle { CFG_IDLE_POLL, CFG_IDLE_SLEEP };
/* What becomes of system calls that it has no business with: done, done and logged, refused and logged. */
enum cfg_seccomp { CFG_SECCOMP_OFF, CFG_SECCOMP_LOG, CFG_SECCOMP_ON };
enum cfg_congestion { CFG_CONGESTION_NEWRENO, CFG_CONGESTION_CUBIC };

/* Where a value stood, for messages about it after loading ("lab.cfg:12"). */
struct cfg_where {
	const char *file; /* NULL: set by --set or by default */
	unsigned line;
};

struct cfg_prefix {
	struct ip_addr addr; /* host bits kept as written */
	uint8_t len;	     /* 0..128, IPv4: 96 more than written; a selector that was not given: 0, any */
	bool only_v6;	     /* written as an IPv6 prefix: "::/0" holds no IPv4 address, "any" does */
};

/* 10.1.0.0/16 is CFG_PREFIX_V4(0x0a010000, 16). */
#define CFG_PREFIX_V4(a, n) ((struct cfg_prefix){.addr = IP_V4(a), .len = IP_V4_LEN + (n)})

static inline bool
cfg_prefix_holds(const struct cfg_prefix *prefix, struct ip_addr address)
{
	return ip_prefix_equal(prefix->addr, address, prefix->len) && !(prefix->only_v6 && ip_is_v4(address));
}

/* The length as it is written behind the slash. */
static inline unsigned
cfg_prefix_written(const struct cfg_prefix *prefix)
{
	return ip_is_v4(prefix->addr) ? prefix->len - IP_V4_LEN : prefix->len;
}

struct cfg_range16 {
	uint16_t lo, hi; /* inclusive; not given: 0..65535 */
};

/* A class of a CBWFQ policy.  Exactly one of priority (LLQ) and bandwidth is set, except in the default
 * class, where both may be 0. */
struct cfg_class {
	const char *name;
	uint64_t dscp;	      /* bit d is set where DSCP d belongs here; 0: the default class */
	uint64_t priority;    /* bit/s of the strict-priority policer; 0: not a priority class */
	uint32_t burst;	      /* policer bucket, bytes; 0: 200 ms of priority, as IOS does */
	bool police_always;   /* police without congestion too (IOS: only under congestion) */
	uint64_t bandwidth;   /* bit/s: the weight among the fair queues; 0 in the default class: the rest */
	uint32_t queue_limit; /* in `unit` */
	enum cfg_unit unit;
};

struct cfg_qos {
	enum cfg_qos_kind kind;
	uint64_t shape;	      /* bit/s; 0: the rate of the link is the rate */
	uint32_t shape_burst; /* bytes sent at link rate from a full bucket; 0: evenly paced */
	uint32_t queue_limit; /* fifo */
	enum cfg_unit unit;   /* fifo */
	struct cfg_class *classes;
	unsigned n_classes;
};

struct cfg_port {
	const char *name;
	struct cfg_prefix address; /* the first; cfg_net.h answers for all of them */
	struct cfg_prefix *more;   /* further ones */
	unsigned n_more;
	uint32_t mtu;	 /* bytes of IP packet */
	uint32_t ip_mtu; /* the same, when lower than mtu; 0: mtu */
	uint32_t tcp_adjust_mss; /* MSS of TCP that passes is lowered to this; 0: not */
	enum cfg_fragmentation fragmentation;
	enum cfg_switching switching;
	const char *device; /* live: DPDK device with its arguments, or PCI address */
	struct cfg_qos qos;
	struct cfg_where where;
};

struct cfg_mac {
	uint8_t bytes[6];
};

/* A neighbour whose MAC is given and not asked for; live only. */
struct cfg_neighbour {
	struct ip_addr address;
	struct cfg_mac mac;
	uint32_t port; /* resolved: index of the port whose network holds the address */
	struct cfg_where where;
};

struct cfg_route {
	struct cfg_prefix to;
	struct ip_addr via; /* next hop */
	uint32_t port;	    /* resolved: index of the port whose network holds `via` */
	struct cfg_where where;
};

/* A fault on demand: at random by rate, at given jobs, or both. */
struct cfg_fault {
	enum cfg_fault_kind kind;
	double rate;	/* probability that a job has it */
	uint64_t *jobs; /* numbers of jobs, in order of submission from 1, ascending */
	unsigned n_jobs;
	uint64_t delay; /* ns: late, reorder: by how much; stuck: for how long */
	uint32_t bytes; /* short: jobs with less text than this */
	struct cfg_where where;
};

/* An engine that is more than its kind's name.  What a kind does not know it ignores. */
struct cfg_engine {
	const char *name;
	const char *kind;   /* row of crypto/engine.def */
	const char *device; /* cryptodev: name of a DPDK device ("crypto_openssl0,max_nb_sessions=64") or PCI
			       address */
	const char *inner;  /* card: name or kind of the engine that does its cryptography */
	const struct cfg_engine *inner_engine; /* resolved */
	const char *profile;  /* card: row of crypto/card.def, the defaults of what follows; NULL: none */
	uint32_t queue;	      /* jobs that can be under way; 0: the kind's or profile's own number */
	uint32_t units;	      /* card: jobs that are worked on at once; 0: the profile's */
	uint64_t packet_time; /* card: ns for each job; 0: the profile's */
	double byte_time;     /* card: ns for each byte of text; 0: the profile's */
	uint64_t latency;     /* card: ns from the end of the work to its completion; 0: the profile's */
	uint32_t sa_slots;    /* card: sessions it can hold; 0: the profile's */
	enum cfg_fallback fallback; /* card: what has no slot is done in software */
	uint64_t timeout;	    /* card: ns after which the driver gives a job up */
	struct cfg_fault *faults;
	unsigned n_faults;
	uint64_t seed;	   /* resolved: of the laboratory */
	const char *owner; /* resolved: name of the gateway whose instance this is; NULL: nobody's */
	uint8_t user;	   /* of an instance: which it is of `users`, instances of one gateway's workers */
	uint8_t users;	   /* 0 is 1 */
	struct cfg_where where;
};

struct cfg_sa {
	const char *name; /* the same at both ends */
	enum cfg_direction direction;
	uint32_t spi;
	struct ip_addr src, dst;  /* tunnel ends; transport: the hosts */
	const char *transform;	  /* IOS words: "esp-gcm 256", "esp-aes 128 esp-sha-hmac" */
	uint8_t key[CFG_KEY_MAX]; /* cipher key; for AEAD key || salt (RFC 4106 §8.1) */
	unsigned key_len;
	uint8_t auth_key[CFG_KEY_MAX];
	unsigned auth_key_len;
	bool esn;
	uint32_t window;		      /* in only: packets; 0: no replay check */
	const char *replay;		      /* in only: row of dataplane/replay/replay.def ("bitmap") */
	uint64_t first_seq;		      /* out: first number sent (1); in: right edge at start + 1 */
	enum cfg_df df;			      /* out only */
	enum cfg_fragmentation fragmentation; /* out only */
	int32_t dscp;			      /* out only: outer DSCP; -1: copied */
	uint8_t ttl;			      /* out only: outer TTL or hop limit */
	enum cfg_mode mode;
	bool natt;		 /* ESP in UDP 4500 (RFC 3948) */
	uint64_t natt_keepalive; /* out: ns of silence after which a NAT-keepalive is sent; 0: never */
	bool align4;   /* AH over IPv4: ICV padded to 4 bytes as RFC 4302 says; false: to 8, as old Linux */
	bool in_order; /* packets leave the engine in the order in which they entered it */
	uint32_t tfc;  /* out, tunnel: inner packets are padded to this (RFC 4303 §2.7); 0: not */
	uint64_t lifetime_seconds;   /* ns; 0: no limit */
	uint32_t lifetime_kilobytes; /* of inner packets; 0: no limit */
	uint32_t lifetime_soft;	     /* percent of a lifetime after which it is told; 0: not */
	uint64_t idle_time;	     /* ns without a packet after which the SA ends; 0: never */
	const char *over;	     /* AH: the ESP SA of the same direction that stands inside; NULL: none */
	uint32_t over_index;	     /* resolved; CFG_NONE: none */
	struct cfg_where where;
};

struct cfg_policy {
	const char *name;
	enum cfg_action action;
	enum cfg_direction direction; /* out: packets that leave; in: what a decrypted packet must match */
	struct cfg_prefix src, dst;
	uint32_t proto; /* 0..255; 256: any */
	struct cfg_range16 sport, dport;
	uint64_t dscp;	   /* bit mask; 0: any */
	const char *sa;	   /* protect only: name of the SA */
	uint32_t sa_index; /* resolved, CFG_NONE where action is not protect */
	struct cfg_where where;
};

/* A gateway, or a router in the middle (is_router: no SAs and no policies, just forwarding and QoS). */
struct cfg_gateway {
	const char *name;
	bool is_router;
	enum cfg_platform platform;
	uint64_t poll_interval; /* ns */
	enum cfg_switching switching;
	uint32_t process_rate;	/* packets a second that are process switched; 0: as many as come */
	uint64_t process_delay; /* ns more for each */
	uint32_t process_queue; /* packets that may wait for it */
	uint32_t process_size;	/* larger ones are process switched under load; 0: none */
	uint32_t process_load;	/* packets a second from which on it is load; 0: always */
	uint64_t cache_timeout; /* ns after which an entry of the route cache is stale; 0: never */
	enum cfg_sequence sequence;
	const char *engine;		     /* name of an engine, or row of crypto/engine.def ("ipsec_mb") */
	const struct cfg_engine *engine_cfg; /* resolved, also for a plain kind; NULL for a router */
	double log_rate; /* messages a second of each kind, token bucket of log_burst; 0: unlimited */
	uint32_t log_burst;
	enum cfg_fragmentation fragmentation; /* inherit: after */
	double icmp_rate;		      /* ICMP "too big" a second, at most; 0: none */
	uint64_t pmtu_ageing;		      /* ns until a path MTU that was learnt is forgotten; 0: never */
	uint32_t reassembly_max;     /* packets that may wait for fragments; 0: fragments are dropped */
	uint32_t reassembly_source;  /* of those from one source */
	uint32_t reassembly_bytes;   /* of all fragments that wait */
	uint64_t reassembly_timeout; /* ns from the first fragment */
	struct cfg_port *ports;
	unsigned n_ports;
	struct cfg_route *routes;
	unsigned n_routes;
	struct cfg_neighbour *neighbours;
	unsigned n_neighbours;
	struct cfg_sa *sas;
	unsigned n_sas;
	struct cfg_policy *policies;
	unsigned n_policies;
	uint64_t seed; /* resolved: of the laboratory */
	struct cfg_where where;
};

struct cfg_host {
	const char *name;
	struct ip_addr address;
	uint64_t poll_interval; /* ns: how often its sources are turned; send times are exact all the same */
	uint32_t mtu;		/* bytes of IP packet: what it sends, and what its TCP goes by */
	struct cfg_where where;
};

/* What a link does to packets; a link has 1 or more paths, and its own values are the defaults of theirs. */
struct cfg_path {
	const char *name;
	uint64_t rate;	/* bit/s; 0: infinitely fast */
	uint64_t delay; /* ns, propagation */
	enum cfg_jitter jitter;
	uint64_t jitter_scale; /* ns: uniform 0..scale; normal: sigma; pareto: scale */
	double jitter_shape;   /* pareto alpha */
	bool reorder;	       /* jitter may let a packet overtake another */
	double loss;	       /* probability 0..1 */
	double duplicate;      /* probability 0..1 */
	uint32_t mtu;	       /* bytes of IP packet */
	uint32_t queue;	       /* bytes that wait before the wire; 0: unlimited */
	uint32_t overhead;     /* layer-2 bytes added to each packet's time on the wire (Ethernet: 38) */
	uint32_t weight;       /* for CFG_SELECT_WEIGHT */
};

/* One end of a link. */
struct cfg_end {
	uint32_t node; /* resolved: hosts first, then gateways: see cfg_lab */
	uint32_t port; /* resolved: index of the gateway's port; 0 for a host */
};

struct cfg_link {
	const char *name;
	const char *ends[2]; /* "host" or "gateway.port" */
	struct cfg_end end[2];
	enum cfg_select select;
	struct cfg_path *paths; /* each carries both directions, independently */
	unsigned n_paths;
	bool capture; /* write results/<name>.pcapng, both directions */
	struct cfg_where where;
};

struct cfg_imix_entry {
	uint32_t bytes; /* IP packet */
	uint32_t weight;
};

struct cfg_traffic {
	const char *name;
	const char *class_name; /* key "class": the class in reports; by default the name */
	enum cfg_traffic_kind kind;
	const char *from, *to; /* hosts; `to` of a ping perhaps "gateway.port" */
	uint32_t from_host;    /* resolved index */
	struct cfg_end to_end; /* resolved: a host; of a ping perhaps a port */
	uint8_t dscp;
	uint8_t ecn; /* 0..3 */
	bool df;
	uint32_t proto;	       /* 17 */
	uint16_t sport, dport; /* of the first flow; flow i has sport + i */
	uint32_t flows;
	uint64_t rate;		    /* bit/s of IP packets over all flows; kinds but voice and pcap */
	double pps;		    /* packets a second over all flows, in place of rate */
	uint32_t size;		    /* bytes of IP packet; cbr, poisson, onoff, ping */
	uint64_t on, off;	    /* onoff: mean duration of a burst and of a pause, exponential, ns */
	struct cfg_imix_entry *mix; /* imix; by default 7:4:1 of 64-, 594-, 1518-byte Ethernet frames */
	unsigned n_mix;
	uint32_t calls;			/* voice: number of calls; a call is a flow */
	const char *codec;		/* voice: "g711" 200 bytes each 20 ms, "g729" 60 bytes each 20 ms */
	const char *file;		/* pcap: path, relative to the configuration file */
	double speed;			/* pcap: 2.0 plays twice as fast */
	bool loop;			/* pcap: from the start again until `stop` */
	enum cfg_congestion congestion; /* tcp, as all that follow */
	uint64_t bytes;			/* bulk: of each flow; 0: no end */
	uint32_t request, response;	/* bytes of each; 0: bulk */
	uint64_t think;			/* ns: mean pause before the next request, exponential */
	uint32_t mss;			/* largest payload; 0: what the host's MTU leaves */
	uint32_t window;		/* receive buffer, bytes */
	bool sack, pmtud;
	uint64_t rto_min, ack_delay;		       /* ns */
	uint32_t repeat;			       /* ping, as all that follow: echoes, or sweeps */
	uint64_t timeout;			       /* ns */
	uint32_t pattern;			       /* 16 bits */
	uint32_t sweep_min, sweep_max, sweep_interval; /* bytes of IP packet; sweep_max 0: no sweep */
	const char *class_back; /* resolved: class of what goes from `to` to `from`; else NULL */
	uint64_t start, stop;	/* ns; stop 0: the end of the run */
	struct cfg_where where;
};

/* Another MTU for a port; its tunnels are down meanwhile. */
struct cfg_change {
	const char *name;
	uint64_t at;	    /* ns; 0: never */
	const char *port;   /* "gateway.port" */
	struct cfg_end end; /* resolved */
	uint32_t mtu;
	uint64_t renegotiate; /* ns */
};

struct cfg_set {
	const char *path;  /* "gateways.gwb.sas.a-b.window" */
	const char *value; /* text as on the command line */
};

struct cfg_variant {
	const char *name;
	struct cfg_set *set;
	unsigned n_set;
};

/* The process of a live gateway. */
struct cfg_live {
	uint32_t workers;
	bool process_core; /* the process path, if there is one, has a thread of its own */
	enum cfg_idle idle;
	uint32_t mbufs;	     /* packets that can exist at once */
	const char *control; /* path of the control socket; NULL: a standard one; "": none */
	const char *metrics; /* where /metrics is served, "127.0.0.1:9101"; NULL: nowhere */
	bool telemetry;	     /* EAL's telemetry runs, and answers /esplab/... */
	const char *state;   /* path of the file of reserved numbers; NULL: a standard one; "": none */
	const char *user;    /* who the process becomes once its ports are open; NULL: who started it */
	enum cfg_seccomp seccomp;
	uint64_t neighbour_ageing; /* ns until a neighbour that was not heard of is asked again */
};

struct cfg_lab {
	const char *file;     /* as given to cfg_load() */
	const char *warnings; /* lines "FILE:LINE: key: warning: ...", none after the last; NULL: none */
	const char *title;
	uint64_t duration; /* ns during which sources send */
	uint64_t drain;	   /* ns at most for the rest to arrive */
	uint64_t seed;
	uint32_t mbufs;		/* packets that can exist at once */
	uint32_t reorder_depth; /* packets that the reordering metrics remember per flow */
	bool events;		/* write drops.ndjson and syslog.log */
	struct cfg_engine *engines;
	unsigned n_engines;
	struct cfg_host *hosts;
	unsigned n_hosts;
	struct cfg_gateway *gateways; /* routers behind the gateways; node index = n_hosts + index here */
	unsigned n_gateways;
	struct cfg_link *links;
	unsigned n_links;
	struct cfg_traffic *traffic;
	unsigned n_traffic;
	struct cfg_change *changes;
	unsigned n_changes;
	struct cfg_variant *variants;
	unsigned n_variants;
	bool is_site; /* the file of a live gateway: `live`, engines and one gateway, and nothing else */
	struct cfg_live live;
};

/* What config/ cannot know by itself, because crypto/ and dataplane/ stand above it.  Borrowed for the
 * call. */
struct cfg_hooks {
	/* Key lengths in bytes (AEAD: salt included) that a transform wants.  False for an unknown one; then
	 * message says what is wrong, what is allowed and what is nearest. */
	bool (*transform)(const char *transform, unsigned *key_len, unsigned *auth_key_len, char *message,
		size_t bytes);
	/* True where there is something to say of the algorithm or the keys of an SA: deprecated, no secret;
	 * then message has it in one line, without the keys.  NULL: nobody knows. */
	bool (*key_warning)(const char *transform, const uint8_t *key, unsigned key_len,
		const uint8_t *auth_key, unsigned auth_key_len, char *message, size_t bytes);
	const char *const *replay_names; /* NULL-terminated, as are the next */
	const char *const *engine_names;
	const char *const *card_names;
};

/* Reads FILE, applies `set` in order, checks everything, and checks every variant of the file with its values
 * applied after `set`.  hooks may not be NULL.  On success *lab is the caller's, to be freed by cfg_free().
 * On failure *lab is NULL, and message (bytes of it at most) says
 * "FILE:LINE: key: what is wrong; allowed: ...; did you mean ...?", a line for each of the first 20 faults;
 * what came by `set` has "--set key" in place of "FILE:LINE: key", what a variant caused begins with its
 * name.  Returns ERR_CONFIG, ERR_IO or ERR_NOMEM. */
enum status cfg_load(const char *file, const struct cfg_set *set, unsigned n_set,
	const struct cfg_hooks *hooks, struct cfg_lab **lab, char *message, size_t bytes);

/* The same with the values of one variant of the file after `set`, or of none (NULL); the others are not
 * looked at, as they need not make sense together with it, nor with `set`. */
enum status cfg_load_variant(const char *file, const struct cfg_set *set, unsigned n_set,
	const struct cfg_variant *variant, const struct cfg_hooks *hooks, struct cfg_lab **lab, char *message,
	size_t bytes);

/* The same for the file of a live gateway.  No two ends of an SA, no links; keys must be given. */
enum status cfg_load_site(const char *file, const struct cfg_set *set, unsigned n_set,
	const struct cfg_hooks *hooks, struct cfg_lab **lab, char *message, size_t bytes);

/* Whether a gateway that runs by `was` would have to be started anew for what stands in `now`; then message
 * says "FILE:LINE: key: ..." of the first such key.  was_lab NULL: gateways alone are compared. */
bool cfg_fixed_differs(const struct cfg_lab *was_lab, const struct cfg_gateway *was,
	const struct cfg_lab *now_lab, const struct cfg_gateway *now, char *message, size_t bytes);

/* Frees all and wipes keys; NULL is fine. */
void cfg_free(struct cfg_lab *lab);

#endif
