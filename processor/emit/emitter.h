// emit: each action becomes at most one record of each topic it concerns, in
// the sink. Knows which actions are published at all: verdicts by their output
// mode, commands and state by enforce or monitor.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "emit/encoding.h"
#include "model/action.h"
#include "model/control_state.h"
#include "model/record.h"
#include "policy/config.h"

struct emitter_options {
    enum verdict_output verdicts;
    // Commands and state of monitor mode are written too: replay does, a live
    // processor does not.
    bool writes_monitor;
    // CloudEvents headers; false for files, which have no place for them.
    bool writes_headers;
    struct view group;    // consumer group: the same for all instances, part of ce_source
    struct view instance; // this process: task.id of its dead letters
    // Sees each alert that the sink took, and each command of a scope, published or not; NULL = nobody
    // does.
    void (*on_alert)(void *watcher, const struct alert_action *action);
    void (*on_scope_command)(void *watcher, const struct command_action *action);
    void *watcher;
    // Sees each control state; NULL = nobody does.
    enum err (*on_control_state)(void *watcher, const struct control_state_action *action);
    void *control_state_watcher;
};

// What a hold of a scope is to whoever is on call: only the first is news.
// The columns of what commands are of: behind the scope kinds messages and recipients.
enum { TOLD_OF_MESSAGE = SCOPE_KIND_COUNT, TOLD_OF_RECIPIENT, TOLD_TARGET_COUNT };

enum hold_sort { HOLD_NEW, HOLD_CANARY, HOLD_RENEWAL, HOLD_DRILL, HOLD_SORT_COUNT };

struct emitter {
    struct sink sink;
    struct emitter_options options; // its views are borrowed for the emitter's life
    struct encoding encoding;
    struct strbuf source; // ce_source: "/wrongnumber/" and the group, percent-encoded
    uint64_t sent_count[OUT_TOPIC_COUNT]; // records that the sink took
    // and of them, what they told
    uint64_t alert_count[ALERT_KIND_COUNT][TIER_COUNT];
    uint64_t command_count[COMMAND_EXPIRED + 1][TOLD_TARGET_COUNT];
    uint64_t hold_count[HOLD_SORT_COUNT][SCOPE_KIND_COUNT]; // of scopes
};

// ERR_NO_MEMORY, ERR_CEILING for a group above 256 bytes.
MUST_CHECK enum err emitter_init(
        struct emitter *em, struct sink sink, const struct emitter_options *options);
void emitter_fini(struct emitter *em);

// Whether emit_verdict publishes such a verdict.
bool emitter_publishes(const struct emitter *em, enum verdict verdict, reason_set reasons);

// Each hands its records to the sink with `ticket`, and nothing when the action
// is not to be published: sent_count tells how many. Errors are those of the
// sink, ERR_NO_MEMORY and ERR_INTERNAL. After an error the same call may be
// made again; records that were taken before it are then sent twice, with the
// same ids.
MUST_CHECK enum err emit_verdict(
        struct emitter *em, const struct verdict_action *action, void *ticket);
// The command, then for a scope the quarantine-state record. Of a hold that has run out only the
// latter.
MUST_CHECK enum err emit_command(
        struct emitter *em, const struct command_action *action, void *ticket);
MUST_CHECK enum err emit_alert(struct emitter *em, const struct alert_action *action, void *ticket);
// What people's commands leave in force, or waiting.
MUST_CHECK enum err emit_control_state(
        struct emitter *em, const struct control_state_action *action, void *ticket);
// The gap record, in the dead-letter topic.
MUST_CHECK enum err emit_gap(struct emitter *em, const struct gap_action *action, void *ticket);
MUST_CHECK enum err emit_dead_letter(
        struct emitter *em, const struct dead_letter_action *action, void *ticket);
