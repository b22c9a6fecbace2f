/* What a configuration is checked against besides itself: transforms, window designs, engines. */
#ifndef LAB_HOOKS_H
#define LAB_HOOKS_H

#include "config/cfg.h"

/* Static storage.  Any thread. */
const struct cfg_hooks *lab_hooks(void);

#endif
