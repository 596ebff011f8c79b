// The record of a person's command as JSON (schemas/control.schema.json), from what was typed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/control_keys.h"
#include "identity/keyring.h"
#include "model/control.h"

// As typed; NULL where it was not.
struct control_words {
    enum control_action action;
    const char *control_id;
    const char *scope_kind;
    const char *scope_id;
    const char *channel;
    const char *message;
    const char *recipient;
    const char *incident;
    const char *rule;
    const char *tenant;
    const char *confirms;
    const char *mode;
    const char *operator_id;
    const char *reason;
    int64_t for_ms; // 0 = not said
    bool at_once;
};

// NULL, or what is missing or goes ill together, in words.
const char *control_words_wrong(const struct control_words *words);

struct control_record_options {
    const struct keyring *ring; // for a recipient: no number goes into the record
    const char *default_region;
    const struct control_keys *keys;
    int64_t now_ms;
};

// Appends the record, signed where there is a key, and its key on the topic. ERR_DATA with the reason
// in `why`: a recipient that is no possible number, texts that are no UTF-8 or too long.
MUST_CHECK enum err control_record_write(const struct control_words *words,
        const struct control_record_options *options, struct strbuf *record, struct strbuf *key,
        struct strbuf *why);
