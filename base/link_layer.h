/* Frames of a capture: where the IP packet begins.  Pure functions over bytes. */
#ifndef BASE_LINK_LAYER_H
#define BASE_LINK_LAYER_H

#include <stdbool.h>
#include <stdint.h>

/* Families of IP, to be asked for together or alone. */
#define LINK_IPV4 1u
#define LINK_IPV6 2u

/* Whether frames of this type (DLT_*) can be read. */
bool link_layer_known(int link_type);
/* Bytes before the IP packet in a frame of which `captured` bytes are there; UINT32_MAX where the link layer
 * says that it holds none of the families.  Raw IP says nothing: there it is for the caller to look. */
uint32_t link_layer_bytes(int link_type, unsigned families, const uint8_t *frame, uint32_t captured);

#endif
