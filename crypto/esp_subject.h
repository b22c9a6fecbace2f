/* What `esplab conform` tests beyond engines: something that does the whole of ESP (RFC 4303) to a packet and
 * decides about replay itself.  One subject is one SA in one direction, and works on one packet at a time, so
 * that a case can say exactly what it expects.
 *
 * rte_ipsec (rte_ipsec.c) is DPDK's librte_ipsec over a crypto device.  esplab's own ESP stands above this
 * folder, and so does its implementation.  No performance is asked for here.  One thread. */
#ifndef CRYPTO_ESP_SUBJECT_H
#define CRYPTO_ESP_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"
#include "crypto/alg.h"
#include "crypto/engine.h"

enum esp_verdict {
	ESP_ACCEPTED,
	ESP_REPLAY,	  /* a duplicate, or left of the window */
	ESP_BAD_ICV,
	ESP_BAD_PACKET,	  /* length, padding or next header make no sense; also: no room for the result */
	ESP_UNSUPPORTED,  /* the subject cannot do this to any packet, or its device failed */
	ESP_EXHAUSTED,	  /* protect: the numbers of the SA are used up (RFC 4303 §3.3.3) */
	ESP_VERDICT_COUNT
};

struct esp_subject_cfg {
	const struct transform *transform; /* of proto ALG_ESP */
	const struct crypto_key *key;	   /* copied */
	const uint8_t *salt;		   /* transform->salt_len bytes, copied */
	enum crypto_direction direction;   /* CRYPTO_ENCRYPT: protect(), CRYPTO_DECRYPT: unprotect() */
	uint32_t spi;
	bool tunnel;		 /* false: transport mode, src and dst are unused */
	struct ip_addr src, dst; /* of the outer header, both of one family */
	bool inner_v6;		 /* family of the packets inside; transport: of the packets */
	bool natt;		 /* in UDP 4500 (RFC 3948) */
	bool esn;
	uint32_t window;    /* packets; 0: no replay check */
	uint64_t first_seq; /* out: first number sent, at least 1; in: right edge at start + 1 */
	const char *replay; /* row of dataplane/replay/replay.def for who has a choice; NULL: its own */
	/* What does the cryptography: for rte_ipsec ->device names a DPDK device; NULL: the subject's own choice.
	 * Borrowed. */
	const struct cfg_engine *engine;
};

struct esp_subject;

struct esp_subject_ops {
	const char *name;
	/* ERR_UNSUPPORTED where the subject lacks the transform, a length of window or a mode. */
	enum status (*create)(const struct esp_subject_cfg *cfg, struct esp_subject **subject, char *message,
		size_t bytes);
	void (*destroy)(struct esp_subject *subject); /* NULL is fine */
	/* packet: *len bytes from the IP header on, in a buffer of `room` bytes.  Protects it in place, with
	 * number `seq`, or with the subject's own next one where seq is 0.  A number given moves the subject's
	 * own on to the one behind it.  With another verdict than ESP_ACCEPTED packet and *len are as before. */
	enum esp_verdict (*protect)(struct esp_subject *subject, uint8_t *packet, uint32_t *len,
		uint32_t room, uint64_t seq);
	/* The other way: from the outer IP header to the inner packet (transport: the packet without ESP).  The
	 * SPI is not looked at: finding the SA is not the subject's affair.  ESP_ACCEPTED marks the window;
	 * with another verdict packet and *len are as before. */
	enum esp_verdict (*unprotect)(
		struct esp_subject *subject, uint8_t *packet, uint32_t *len, uint32_t room);
};

/* Every subject's first member. */
struct esp_subject {
	const struct esp_subject_ops *ops;
};

/* DPDK's librte_ipsec.  EAL must run.  ->device of cfg->engine, "crypto_aesni_mb" by default. */
extern const struct esp_subject_ops esp_subject_ops_rte_ipsec;

#endif
