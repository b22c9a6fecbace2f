/* esplab's own ESP (dataplane/ipsec) as a subject.  See crypto/esp_subject.h. */
#ifndef CONFORM_OWN_ESP_H
#define CONFORM_OWN_ESP_H

#include "conform/drive.h"
#include "crypto/esp_subject.h"

/* Over an engine that others use too; cfg->engine is not looked at.  Its ops have no create. */
enum status own_esp_create(struct drive *drive, const struct esp_subject_cfg *cfg,
	struct esp_subject **subject, char *message, size_t bytes);

#endif
