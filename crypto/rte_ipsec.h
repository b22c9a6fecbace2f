/* Between the two files of the subject rte_ipsec: one SA of DPDK's librte_ipsec.  Nobody else includes this.
 */
#ifndef CRYPTO_RTE_IPSEC_H
#define CRYPTO_RTE_IPSEC_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/cryptodev.h"
#include "crypto/esp_subject.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvla" /* rte_ipsec_group.h has one */
#include <rte_ipsec.h>
#pragma GCC diagnostic pop

#define RTE_IPSEC_HEADROOM 192u	   /* outer headers, ESP header and IV */
#define RTE_IPSEC_TAILROOM 320u	   /* padding, ICV, and the AAD that the library puts behind it */
#define RTE_IPSEC_BYTES UINT16_MAX /* of the buffer: an mbuf's number has 16 bits */
#define RTE_IPSEC_OUTER_MAX 48u	   /* IPv6 and UDP */

struct rte_ipsec_subject {
	struct esp_subject subject;
	struct esp_subject_cfg cfg; /* the pointers in it are not used after creation */
	struct cryptodev_device device;
	struct rte_mempool *pool; /* of the one session */
	struct rte_ipsec_session session;
	struct rte_ipsec_sa *sa;
	struct rte_ipsec_sa_prm prm; /* what the SA was made from; made anew for a number on demand */
	struct cryptodev_xforms xforms;
	int sa_bytes;
	uint8_t outer[RTE_IPSEC_OUTER_MAX];
	uint8_t *buffer;	     /* RTE_IPSEC_BYTES that the mbuf points at */
	struct cryptodev_slot *slot; /* operation and mbuf */
};

/* rte_ipsec_sa.c: makes the SA and its session; message says why not. */
enum status rte_ipsec_sa_make(
	struct rte_ipsec_subject *subject, const struct esp_subject_cfg *cfg, char *message, size_t bytes);
/* The SA again, with the next number `seq`. */
bool rte_ipsec_sa_number(struct rte_ipsec_subject *subject, uint64_t seq);

#endif
