/* The inbound SA database: SPI, destination and protocol → SA.  RFC 4301 §4.4.2.
 * Open addressing, one cache line a look-up in the common case;
 * grows only in sad_add(), or by a spare table into which another thread than the one that uses it need not
 * look.  No EAL. */
#ifndef DATAPLANE_IPSEC_SAD_H
#define DATAPLANE_IPSEC_SAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"

struct sa;
struct sad;
struct sad_spare;

enum status sad_create(struct sad **sad);
void sad_destroy(struct sad *sad); /* the SAs are their owner's */
/* ERR_EXISTS where the triple is taken. */
enum status sad_add(struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto, struct sa *sa);
/* A larger table without stopping for long: memory for so many, made by any thread; *spare NULL: there is
 * room already. */
enum status sad_spare_create(const struct sad *sad, unsigned entries, struct sad_spare **spare);
/* Moves what stands in n slots; true once all was, and then the spare has the old table.  Entries may come
 * and go between two calls. */
bool sad_move(struct sad *sad, struct sad_spare *spare, unsigned n);
/* No more calls for it: all is as it was, where sad_move() had not said true. */
void sad_move_stop(struct sad *sad);
void sad_spare_destroy(struct sad_spare *spare); /* NULL is fine */
enum status sad_del(struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto);
/* NULL where unknown. */
struct sa *sad_find(const struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto);
/* Where it would stand is going to be asked for. */
void sad_prefetch(const struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto);
unsigned sad_count(const struct sad *sad);

#endif
