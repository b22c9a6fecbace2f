/* The configuration words of enums, for reports: cfg_platform_word(CFG_PLATFORM_IOS) is "ios".
 * One function an enum, tag_word(enum tag), made from the rows of config/keys.def:
 * cfg_qos_kind_word, cfg_unit_word, cfg_action_word, cfg_direction_word, cfg_df_word, cfg_sequence_word,
 * cfg_platform_word, cfg_jitter_word, cfg_select_word, cfg_traffic_kind_word.
 * Static storage; "?" for a value that has no word.  Any thread. */
#ifndef CONFIG_WORDS_H
#define CONFIG_WORDS_H

#include "config/cfg.h"

#define WORDS(id, tag) const char *tag##_word(enum tag value);
#include "config/keys.def"

#endif
