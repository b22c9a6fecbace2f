/* The inbound SA database: SPI, destination and protocol → SA.  RFC 4301 §4.4.2.
 * Open addressing, one cache line a look-up in the common case;
 * grows only in sad_add() and sad_reserve().  No EAL. */
#ifndef DATAPLANE_IPSEC_SAD_H
#define DATAPLANE_IPSEC_SAD_H

#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"

struct sa;
struct sad;

enum status sad_create(struct sad **sad);
void sad_destroy(struct sad *sad); /* the SAs are their owner's */
/* ERR_EXISTS where the triple is taken. */
enum status sad_add(struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto, struct sa *sa);
/* Room for so many more, whose sad_add() then finds memory. */
enum status sad_reserve(struct sad *sad, unsigned more);
enum status sad_del(struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto);
/* NULL where unknown. */
struct sa *sad_find(const struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto);
/* Where it would stand is going to be asked for. */
void sad_prefetch(const struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto);
unsigned sad_count(const struct sad *sad);

#endif
