// Strict readers of configuration scalars: no octal, sign, exponent, separators, white space or
// trailing junk.
#pragma once

#include <stdint.h>

#include "common/conf_bind.h"

enum conf_reading { CONF_READ_OK, CONF_READ_WRONG, CONF_READ_NO_UNIT, CONF_READ_BAD_UNIT };

// `type` is COUNT, PERCENT, DURATION or SIZE; what does not fit 62 bits is WRONG.
enum conf_reading conf_scalar_read(enum conf_type type, struct view text, int64_t *ret_number);
// Appends the number as it would be written, in the largest unit that keeps it whole.
void conf_scalar_add(struct strbuf *sb, enum conf_type type, int64_t number);
// The units of a type for people: "ms, s, m, h, d".
const char *conf_scalar_units(enum conf_type type);

// Appends `text` with ${NAME} and ${NAME:-default} filled in from the environment; $${ stands for
// ${ itself. NULL when that went well, else what is wrong.
const char *conf_expand(struct strbuf *sb, struct view text);
