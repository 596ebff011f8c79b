// Inside of the verb `decode`: its two sources print alike.
#pragma once

#include "commands/options.h"
#include "common/strbuf.h"
#include "model/frame.h"

// One line on standard output; `text` is scratch.
MUST_CHECK enum err decode_print(
        struct strbuf *text, int32_t partition, int64_t offset, const struct frame *frame);
// The configured tally topic, from its beginning to the end it has now. Says on stderr what is
// wrong.
MUST_CHECK enum err decode_topic(const struct options *options, bool records);
