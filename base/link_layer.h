/* Frames of a capture: where the IP packet, of either family, begins.  Pure functions over bytes. */
#ifndef CAPTURE_LINK_LAYER_H
#define CAPTURE_LINK_LAYER_H

#include <stdbool.h>
#include <stdint.h>

/* Whether frames of this type (DLT_*) can be read. */
bool link_layer_known(int link_type);
/* Bytes before the IP packet in a frame of which `captured` bytes are there; UINT32_MAX where it holds none.
 */
uint32_t link_layer_bytes(int link_type, const uint8_t *frame, uint32_t captured);

#endif
