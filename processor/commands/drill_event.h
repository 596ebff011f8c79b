// The messages of a drill, as the configuration's `fields` say that outbound messages look.
#pragma once

#include "common/strbuf.h"
#include "policy/config.h"

// Ofcom keeps 020 7946 0000 to 0999 for drama: they are valid numbers that are nobody's (Ofcom,
// "Telephone numbers for use in TV and radio drama programmes"). The mobile ones of that list are no
// valid numbers to libphonenumber.
enum { DRILL_NUMBERS = 1000 };

// Appends the n-th message of the drill. ERR_DATA with the reason in `why`: no event of these fields can
// be one; it is read again as the processor will read it.
MUST_CHECK enum err drill_event_write(const struct config *config, const char *control_id,
        uint32_t n, int64_t now_ms, struct strbuf *event, struct strbuf *why);
