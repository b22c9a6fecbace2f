/* Between the files of the engine cryptodev: its device, its sessions, and the slots that operations travel
 * in. Nobody else includes this. */
#ifndef CRYPTO_CRYPTODEV_H
#define CRYPTO_CRYPTODEV_H

#include <stdbool.h>
#include <stdint.h>

#ifndef ALLOW_EXPERIMENTAL_API
#define ALLOW_EXPERIMENTAL_API /* 22.11 counts the creation of session pools to it */
#endif
#include <rte_cryptodev.h>
#include <rte_mbuf.h>

#include "base/status.h"
#include "crypto/engine.h"

#define CRYPTODEV_NAME_MAX 64
#define CRYPTODEV_WORKERS_MAX 8	 /* of a crypto_scheduler: as many as it takes */
#define CRYPTODEV_SEGMENTS_MAX 4 /* pieces of a chain that a device gets as they are; more are gathered */
#define CRYPTODEV_POOLS_MAX 16
#define CRYPTODEV_PAIRS_MAX 64u /* engines of one device */

/* What a driver does wrong, rows of cryptodev_quirk.def. */
enum cryptodev_quirk {
#define QUIRK(driver, what, text)
#define QUIRK_KIND(name, text) CRYPTODEV_QUIRK_BIT_##name,
#include "crypto/cryptodev_quirk.def"
#undef QUIRK
#undef QUIRK_KIND
};
#define CRYPTODEV_QUIRK(name) (1u << CRYPTODEV_QUIRK_BIT_##name)

/* What an engine gets of what `device` says. */
struct cryptodev_share {
	const char *name; /* of its device, with arguments; what follows is not of it */
	size_t bytes;
	unsigned pair, pairs; /* the engine's among those that engines have of the device */
};

/* A DPDK device with one queue pair of ours. */
struct cryptodev_device {
	uint8_t id;
	uint16_t queue_pair;
	char name[CRYPTODEV_NAME_MAX]; /* DPDK's, for messages */
	const char *driver;
	uint64_t features; /* RTE_CRYPTODEV_FF_* */
	unsigned quirks;   /* CRYPTODEV_QUIRK() */
	bool hardware;	   /* reads and writes memory by itself: only EAL's memory can be given to it */
	bool spare;	   /* can have a queue pair more, see cryptodev_device.c */
	bool started;
	bool made;   /* by us: it goes when we go */
	bool joined; /* it was there: another engine has started it */
	bool shared; /* in the table of cryptodev_share.c */
	struct cryptodev_share share;
	unsigned n_workers;
	uint8_t workers[CRYPTODEV_WORKERS_MAX]; /* device ids of a scheduler's, made by us */
	unsigned queue;				/* operations that it takes */
};

enum cryptodev_shape {
	CRYPTODEV_AEAD,
	CRYPTODEV_CIPHER_AUTH,
	CRYPTODEV_CIPHER,
	CRYPTODEV_AUTH,
	CRYPTODEV_GMAC
};

/* Read-only after creation. */
struct crypto_session {
	void *dpdk[2]; /* rte_cryptodev_sym_session; AEAD: [1] is that for 12 bytes of AAD */
	enum cryptodev_shape shape;
	bool decrypt;
	bool compare;	    /* the device cannot verify an ICV so short: it computes, and we compare */
	bool segments;	    /* chains go to the device as they are */
	bool empty;	    /* an empty text may go to the device */
	uint8_t icv_len;    /* 0: no ICV */
	uint8_t iv_offset;  /* from cryptodev_slot.iv on */
	uint8_t aad_offset; /* from cryptodev_slot.aad on; CCM keeps its first block before (rte_crypto_sym.h)
			     */
	uint8_t block_mask; /* text_len & block_mask must be 0 */
};

/* What a device gets of one operation.  DPDK finds the IV by its offset from `op`. */
struct cryptodev_slot {
	struct rte_crypto_op op;
	struct rte_crypto_sym_op sym;
	uint8_t iv[24];
	uint8_t aad[48]; /* a multiple of 16 behind the 18 bytes of CCM */
	/* Drivers read and write whole digests whatever the length that the session has (crypto_openssl: 16
	 * bytes with GCM), so that the caller's ICV is copied. */
	uint8_t digest[64];
	struct crypto_op *caller;
	uint8_t *bounce; /* NULL: the caller's memory is used */
	uint64_t number; /* of submission */
	struct rte_mbuf segment[CRYPTODEV_SEGMENTS_MAX] __rte_cache_aligned;
} __rte_cache_aligned;

_Static_assert(offsetof(struct cryptodev_slot, sym) == sizeof(struct rte_crypto_op),
	"rte_crypto_op.sym stands directly behind the op");

struct cryptodev {
	struct engine engine;
	struct cryptodev_device device;
	/* Under a virtual clock a device takes no time: poll() waits for all that is under way, so that what
	 * it gives back does not depend on how fast the device is.  A driver on a real clock switches this
	 * off. */
	bool waits;
	unsigned queue;		   /* operations that may be here at once */
	unsigned in_flight;	   /* with the device */
	unsigned n_free, n_bounce; /* of the two stacks below */
	unsigned head, tail;	   /* of `ready`; both run freely */
	unsigned ready_mask;
	uint64_t submitted; /* numbers of submission */
	struct cryptodev_slot *slots;
	struct cryptodev_slot **free;
	uint8_t **bounce; /* buffers for what the device cannot take where it lies */
	void *bounce_memory;
	struct cryptodev_ready {
		struct crypto_op *op;
		uint64_t number;
	} * ready;
	uint64_t counters[ENGINE_COUNTER_COUNT];
	/* Pools of sessions, each twice the one before: a session is never moved. */
	struct rte_mempool *pools[CRYPTODEV_POOLS_MAX];
	unsigned n_pools;
};

/* cryptodev_device.c: finds or makes the device that `text` names for this one of the users, and starts it
 * with `queue` descriptors.  On failure nothing is left behind. */
enum status cryptodev_device_open(struct cryptodev_device *device, const char *text, unsigned user,
	unsigned users, unsigned queue, char *message, size_t bytes);
/* False: other engines have the device still, and it goes on. */
bool cryptodev_device_close(struct cryptodev_device *device);

/* cryptodev_share.c: which device of `text` it is, and which queue pair. */
enum status cryptodev_share_find(struct cryptodev_share *share, const char *text, unsigned user,
	unsigned users, char *message, size_t bytes);
/* May it have that device, which is there already? */
bool cryptodev_share_joins(const struct cryptodev_device *device, uint8_t id);
enum status cryptodev_share_enter(struct cryptodev_device *device, char *message, size_t bytes);
/* True: it was the last one. */
bool cryptodev_share_leave(struct cryptodev_device *device);

/* cryptodev_caps.c: whether the device offers the transform; full: the length of digest to ask for where it
 * cannot do the ICV's, else 0. */
enum status cryptodev_caps_check(const struct cryptodev_device *device, const struct transform *transform,
	unsigned *full, char *message, size_t bytes);
/* DPDK's numbers for rows of alg.def; 0 where there is none. */
enum rte_crypto_aead_algorithm cryptodev_aead(enum alg_cipher cipher);
enum rte_crypto_cipher_algorithm cryptodev_cipher(enum alg_cipher cipher);
enum rte_crypto_auth_algorithm cryptodev_auth(enum alg_auth auth);
/* Bytes of IV that the device is given. */
unsigned cryptodev_iv_len(enum alg_cipher cipher);

/* What a DPDK session is to do. */
struct cryptodev_wish {
	const struct transform *transform;
	const struct crypto_key *key;
	bool decrypt;
	bool verify;	  /* decrypt: the device compares; false: it computes */
	bool null_cipher; /* with a NULL cipher as one of two, for librte_ipsec; false: authentication alone
			   */
	unsigned digest, aad_len;
};

/* The xforms of one session, in their order.  They point at the keys. */
struct cryptodev_xforms {
	struct rte_crypto_sym_xform list[2];
	unsigned n;
};

/* cryptodev_session.c; the IV lies in a slot. */
void cryptodev_xforms_fill(struct cryptodev_xforms *xforms, const struct cryptodev_wish *wish);
enum status cryptodev_session_create(struct engine *engine, const struct transform *transform,
	const struct crypto_key *key, enum crypto_direction direction, struct crypto_session **session,
	char *message, size_t bytes);
void cryptodev_session_destroy(struct engine *engine, struct crypto_session *session);
void cryptodev_pools_free(struct cryptodev *cd);

/* cryptodev_slot.c: an operation into a slot.  False where it cannot be done at all. */
bool cryptodev_slot_fill(struct cryptodev *cd, struct cryptodev_slot *slot, struct crypto_op *op);
/* The result back to the caller, whose operation it returns. */
struct crypto_op *cryptodev_slot_finish(struct cryptodev *cd, struct cryptodev_slot *slot);
/* Gives back what a slot holds that the device did not take after all. */
void cryptodev_slot_release(struct cryptodev *cd, struct cryptodev_slot *slot);
/* The parts of a slot that never change. */
void cryptodev_slot_init(struct cryptodev_slot *slot);

/* cryptodev.c: everything back from the device, for poll() to hand out. */
void cryptodev_collect(struct cryptodev *cd);

/* A buffer holds any operation: 64 KiB of text, what stands before it and behind it. */
#define CRYPTODEV_BOUNCE_BYTES (65536u + 512u)

extern const struct engine_ops engine_ops_cryptodev;

#endif
