// The arguments of drill.
#pragma once

#include <stdio.h>

#include "commands/control_record.h"
#include "commands/options.h"

struct drill_arguments {
    struct options options;
    struct control_words words;
    int64_t size;
    int64_t rate;
    int64_t wait_ms;
    int64_t answer_ms;
};

void drill_print_usage(FILE *out);
// Over what stands there. What is wrong, for people ("" where it is said already); NULL = nothing.
const char *drill_arguments_parse(struct drill_arguments *args, int argc, char **argv);
