/* Keys that a user brings: SAs from Wireshark's esp_sa file, from an esplab configuration, or from tcpdump's
 * -E file.  What the three have in common; their readers stand in key_*.c.
 *
 * Control path: one thread.  Nothing here prints. */
#ifndef CAPTURE_KEY_SET_H
#define CAPTURE_KEY_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"
#include "config/cfg.h"
#include "crypto/alg.h"

#define KEY_TRANSFORM_BYTES 64u
#define KEY_WHY_BYTES 160u

/* The addresses that a row is for: those whose bits under the mask are the same. */
struct key_address {
	struct ip_addr addr, mask;
	bool only_v6; /* not IPv4, whatever the mask says */
};

/* One SA. */
struct key_sa {
	const char *file; /* where it stood; of the set */
	unsigned line;
	enum alg_proto proto;
	struct key_address src, dst;
	uint32_t spi, spi_mask;
	bool fallback;			     /* only where no other row is for the packet */
	char transform[KEY_TRANSFORM_BYTES]; /* IOS words; "": the text is not enciphered, and no ICV is
						checked */
	uint8_t key[CFG_KEY_MAX], auth_key[CFG_KEY_MAX];
	unsigned key_len, auth_key_len;
	uint32_t icv_skip; /* bytes of an ICV at the end that cannot be checked, as its key is not known */
	bool esn;
	uint64_t first_seq; /* 64-bit number that the first packet is expected near; 1 where nothing is known
			     */
	uint32_t window;    /* packets; KEY_WINDOW_UNKNOWN: the file does not say */
	bool align4;	    /* AH over IPv4, see struct cfg_sa */
	char cannot[KEY_WHY_BYTES]; /* why its packets cannot be opened; "": they can */
};

#define KEY_WINDOW_UNKNOWN UINT32_MAX

enum key_format { KEY_FORMAT_AUTO, KEY_FORMAT_ESP_SA, KEY_FORMAT_CFG, KEY_FORMAT_TCPDUMP };

struct key_set {
	char *file;
	struct key_sa *sas;
	unsigned n, room;
};

/* Reads path.  hooks: for configurations (config/cfg.h).  ERR_CONFIG: message says "FILE:LINE: what", what is
 * allowed and what is nearest; ERR_IO, ERR_NOMEM.  On failure the set is empty.  What is well written but
 * cannot be done is a row with `cannot`. */
enum status key_set_read(const char *path, enum key_format format, const struct cfg_hooks *hooks,
	struct key_set *set, char *message, size_t bytes);
/* Wipes and frees. */
void key_set_fini(struct key_set *set);

/* A zeroed row at the end, for every packet of ESP; NULL where memory is short. */
struct key_sa *key_set_add(struct key_set *set);
bool key_address_holds(const struct key_address *key, struct ip_addr address);
/* The first row for such a packet, fallbacks last; NULL: none. */
const struct key_sa *key_set_find(const struct key_set *set, enum alg_proto proto, struct ip_addr src,
	struct ip_addr dst, uint32_t spi);

#endif
