// What incidents.c (the table), incidents_holds.c (who is held) and incidents_archive.c (saving and
// restoring it) share.
#pragma once

#include "common/hashmap.h"
#include "incident/incidents.h"
#include "state/scopes.h"

enum { INCIDENT_WORDS_MAX = 1 << 20 };

// What an incident told, with the texts that it points to.
struct told_row {
    struct told told;
    char *topic;
    char *message_id;
};

// What is kept of every scope; most belong to none.
struct scope_row {
    uint32_t incident; // index + 1; 0 = none
    uint8_t tier;
    bool held;
    bool lags;
    int32_t next; // of the incident's chain
};

// When campaigns of a vendor or tenant were put into quarantine, the last first.
struct lately {
    int32_t scope;
    int64_t at_ms[LATELY_MAX]; // INT64_MIN = never
};

struct incidents {
    struct lately lately[LATELY_SCOPES_MAX]; // the scope noted last is first
    uint32_t lately_count;
    struct scope_row *scopes; // by scope
    uint32_t capacity;
    struct incident **rows; // by index; NULL = free
    uint32_t row_count;
    uint32_t max_open;
    uint32_t open_count;
    uint64_t overflowed;
    struct hold *held; // in no order
    uint32_t held_count;
    uint32_t held_capacity;
    int64_t next_expiry_ms; // not after the earliest of them
    int64_t next_ending_ms; // not after the earliest that incidents_ending is to name
    // Texts of a restored state: constant words, and names of scopes. They stay for good.
    struct hashmap *words;
};

void incident_destroy_told(const struct told *told);
// Sees to it that there is a row for the scope.
MUST_CHECK enum err incidents_make_room(struct incidents *incidents, int32_t scope);
void incidents_archive_holds(
        struct archive *archive, struct incidents *incidents, const struct scopes *scopes);
