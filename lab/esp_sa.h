/* The file with which Wireshark and tshark decrypt ESP: a table of SAs. */
#ifndef LAB_ESP_SA_H
#define LAB_ESP_SA_H

#include "base/status.h"
#include "config/cfg.h"

/* Replaces path by one row a distinct SA of all gateways, mode 0600 because it holds keys.
 * ERR_IO with errno set, or ERR_CONFIG for a transform that is none. */
enum status esp_sa_write(const struct cfg_lab *lab, const char *path);

#endif
