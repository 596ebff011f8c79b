// What a command says of a single message or recipient, as the commands topic and the audit log have it: whoever tells
// what has become of messages reads it here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/json_scan.h"

// The members of a command that are read.
enum command_field {
    COMMAND_ACTION,
    COMMAND_KIND,
    COMMAND_ID,
    COMMAND_TENANT,
    COMMAND_CHANNEL,
    COMMAND_INCIDENT,
    COMMAND_ISSUED,
    COMMAND_EXPIRES,
    COMMAND_MODE,
    COMMAND_OPERATOR,
    COMMAND_SEQUENCE,
    COMMAND_AT_ONCE,
    COMMAND_FIELD_COUNT
};
extern const char *const command_pointers[COMMAND_FIELD_COUNT];

struct spoken_word {
    int64_t sequence;
    int64_t issued_ms;
    int64_t until_ms; // of a release; INT64_MAX = it is for good
    bool is_release;  // else a hold
    bool at_once;     // of a release: also out of scopes that are held
    bool of_recipient;
    bool is_judges; // the hold of a message that was misdirected; every other word is a person's
};

// Of a command about a message or recipient. False when it says nothing: it is only shown (monitor), or it is a
// release by nobody, as of a message that was not misdirected after all.
bool spoken_word_read(
        const struct json_value values[COMMAND_FIELD_COUNT], struct spoken_word *ret_word);
