// What the verbs for people on call have alike (hold, release, confirm, acknowledge, mode): their options,
// the record that they write to the control topic, and the wait for what becomes of it.
#pragma once

#include "commands/control_record.h"
#include "commands/options.h"

struct control_verb {
    const char *name;
    const char *summary; // for --help: what it is for, ended by a line feed
    enum control_action action;
    unsigned takes;       // of CONTROL_TAKES_*
    const char *argument; // what stands behind the options, "CONTROL_ID"; NULL = nothing may
    // Where the argument may be left out, what is done then. NULL = it may not.
    enum err (*list)(const struct config *config);
    // Looks at a record before it is written: false, said on stderr, where it would be refused. NULL = none.
    bool (*may_be)(const struct config *config, const struct control_words *words);
};

enum {
    CONTROL_TAKES_SCOPE = 1, // --scope, --id, --channel, --message, --recipient
    CONTROL_TAKES_INCIDENT = 2,
    CONTROL_TAKES_RULE = 4,
    CONTROL_TAKES_FOR = 8,
    CONTROL_TAKES_AT_ONCE = 16,
    CONTROL_TAKES_LIST = 32,
};

// The exit status: see the usage that it prints.
int control_verb_run(const struct control_verb *verb, int argc, char **argv);
