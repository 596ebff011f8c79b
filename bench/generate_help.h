// What `wrongnumber-bench generate --help` says, in parts, because a compiler need not take a text
// of more than 4,095 bytes.
#pragma once

#include <stddef.h>

extern const char *const generate_help[]; // ended by NULL
