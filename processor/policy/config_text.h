// What the texts of a configuration must look like. Each returns NULL when the text is that, else
// what is expected.
#pragma once

#include "common/view.h"

const char *config_text_bootstrap(struct view text);
const char *config_text_topic(struct view text);
const char *config_text_word(struct view text); // [A-Za-z0-9._-]
const char *config_text_address(struct view text);
const char *config_text_prefix(struct view text);
const char *config_text_region(struct view text);
const char *config_text_pointer(struct view text); // RFC 6901, not of the whole document
const char *config_text_hash_key(struct view text);
const char *config_text_listen(struct view text); // "off", or a numeric address and a port
