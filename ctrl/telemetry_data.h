/* An answer of a command in the shape that DPDK's telemetry (22.11) can carry. */
#ifndef CTRL_TELEMETRY_DATA_H
#define CTRL_TELEMETRY_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct rte_tel_data;

#define TELEMETRY_BYTES_MAX 16000u /* of an answer: DPDK's buffer has 16 KiB, and it cuts without a word */

/* Bytes that DPDK will make of it at most; SIZE_MAX where it cannot carry it at all. */
size_t telemetry_data_bytes(const json_t *json);
/* An object as a dictionary.  What DPDK does not know becomes something near: a list of objects becomes a
 * dictionary "0", "1", ..., a text that is longer than 127 bytes a list of its pieces, a fraction and a truth
 * value a text, nothing (null) an empty one; in keys only letters, digits and _ remain, in texts ASCII.
 * False where memory is short. */
bool telemetry_data_fill(struct rte_tel_data *data, const json_t *json);

#endif
