/* What `esplab decrypt` says: a line for each packet, and totals; as text or JSON. */
#ifndef APP_DECRYPT_PRINT_H
#define APP_DECRYPT_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/decrypt.h"
#include "lab/json_out.h"

struct decrypt_printer {
	bool json;
	bool quiet; /* no line for packets that are neither AH nor ESP */
	struct json_out out;
	uint64_t written;  /* inner packets in the output file */
	const char *early; /* why the capture ends early; NULL: it does not */
};

void decrypt_print_begin(struct decrypt_printer *printer);
void decrypt_print_event(struct decrypt_printer *printer, const struct decrypt_event *event);
void decrypt_print_end(struct decrypt_printer *printer, const struct decrypt *decrypt);

#endif
