// What a command says of a single message or recipient, as the commands topic and the audit log have it: whoever tells
// what has become of messages reads it here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/json_scan.h"

// The members of a command that are read.
enum spoken_field {
    SPOKEN_ACTION,
    SPOKEN_KIND,
    SPOKEN_ID,
    SPOKEN_TENANT,
    SPOKEN_INCIDENT,
    SPOKEN_ISSUED,
    SPOKEN_EXPIRES,
    SPOKEN_MODE,
    SPOKEN_OPERATOR,
    SPOKEN_SEQUENCE,
    SPOKEN_AT_ONCE,
    SPOKEN_FIELD_COUNT
};
extern const char *const spoken_word_pointers[SPOKEN_FIELD_COUNT];

struct spoken_word {
    int64_t sequence;
    int64_t issued_ms;
    int64_t until_ms; // of a release; INT64_MAX = it is for good
    bool is_release;  // else a hold
    bool at_once;     // of a release: also out of scopes that are held
    bool of_recipient;
    // a hold by the judge half: by verdict, policy or an order that stands; every other word is a person's
    bool is_judges;
};

// Of a command about a message or recipient. False when it says nothing: it is only shown (monitor), or it is a
// release by nobody, as of a message that was not misdirected after all.
bool spoken_word_read(
        const struct json_value values[SPOKEN_FIELD_COUNT], struct spoken_word *ret_word);
