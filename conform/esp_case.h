/* What the cases of whole ESP share: a subject, the means to make and open its packets, and two buffers.
 * Inside conform/ only.  One thread. */
#ifndef CONFORM_ESP_CASE_H
#define CONFORM_ESP_CASE_H

#include "conform/craft.h"

#define ESP_ROOM 65535u

struct esp_rig {
	struct conform *c;
	struct craft craft;
	struct esp_subject *subject;
	uint8_t *packet, *copy; /* ESP_ROOM and CRYPTO_ICV_MAX bytes each */
};

/* What varies from SA to SA. */
struct esp_shape {
	enum crypto_direction direction;
	bool esn;
	uint32_t window;
	uint64_t first_seq; /* 0 stands for 1 */
};

/* The subject alone, in an IPv4 tunnel with the keys of the cases. */
enum status esp_subject_make(struct conform *c, const struct esp_shape *shape, struct esp_subject **subject,
	char *message, size_t bytes);
void esp_subject_end(struct esp_subject *subject);

/* All of it; where it cannot be that is a refusal of the subject's or a failed check, and false. */
bool esp_rig_open(struct conform *c, const struct esp_shape *shape, struct esp_rig *rig);
void esp_rig_close(struct esp_rig *rig);

/* The subject's verdict on rig->packet; the packet as it was is in rig->copy.  *len becomes the length of
 * what it delivered. */
enum esp_verdict esp_rig_take(struct esp_rig *rig, uint32_t *len);
/* That the packet of len bytes is refused with that verdict, and comes back untouched. */
void esp_rig_refused(struct esp_rig *rig, uint32_t len, enum esp_verdict want, const char *what, unsigned n);
/* That it is accepted, and is the inner_len bytes at inner. */
void esp_rig_accepted(struct esp_rig *rig, uint32_t len, const uint8_t *inner, uint32_t inner_len,
	const char *what, unsigned n);

const char *esp_verdict_text(enum esp_verdict verdict);

#endif
