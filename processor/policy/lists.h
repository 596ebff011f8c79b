// Lists: whom people have decided about, until when and why. An entry names one recipient, campaign,
// template, sender, vendor or tenant, of one tenant or of all.
//
//   block     what goes there is held, whatever else is said of it; only an exempt purpose passes
//   override  what goes there is not held, though it is judged and counted as ever
//   allow     what goes there is exempt: not held, and evidence of nothing
//
// Where several apply, block comes before override, and override before allow. An entry whose time is
// over does nothing. Built once, then read-only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/hashmap.h"
#include "common/json_out.h"
#include "model/scope.h"

enum { LISTS_MAX = 20000, LIST_RECIPIENT_BYTES = 16 };

// In the order in which they win.
enum list_kind { LIST_NONE, LIST_ALLOW, LIST_OVERRIDE, LIST_BLOCK, LIST_KIND_COUNT };

// What an entry names and says, in the order of its table (config_lists.c).
enum list_part {
    LIST_PART_LIST,
    LIST_PART_TENANT,
    LIST_PART_RECIPIENT,
    LIST_PART_RECIPIENT_KIND,
    LIST_PART_CAMPAIGN, // in the order of enum scope_kind
    LIST_PART_TEMPLATE,
    LIST_PART_SENDER,
    LIST_PART_VENDOR,
    LIST_PART_REASON,
    LIST_PART_OWNER,
    LIST_PART_EXPIRES,
    LIST_PART_COUNT,
};

struct list_entry {
    uint32_t parts;  // bits of enum list_part
    uint32_t list;   // enum list_kind - 1
    uint32_t kind;   // enum recipient_kind of a recipient that is no pseudonym yet
    char *tenant;    // owned, as all below; NULL where it is not given
    char *recipient; // its pseudonym, "kid:base64url"
    char *names[4];  // campaign, template, sender, vendor
    char *reason;
    char *owner;
    char *expires;
    int64_t until_ms;
    uint8_t tag[LIST_RECIPIENT_BYTES]; // of a recipient: the pseudonym's bytes
    uint32_t line;                     // in its file, for findings
    bool is_of_file;                   // of policy.lists_file
};

// All zero = no lists.
struct lists {
    struct list_entry *entries; // in their order
    uint32_t count;
    uint32_t capacity;
    struct hashmap *index; // made by lists_build
    struct list_row *rows;
    uint32_t row_count;
    unsigned kinds; // which kinds of keys the index has
};

// Whom a message or scope is of; ids and tag are none where it is of several, or of nobody known.
struct list_subject {
    struct view tenant_id;
    const uint8_t *recipient; // LIST_RECIPIENT_BYTES of them, or NULL
    struct view ids[SCOPE_KIND_COUNT];
};

extern const char *const list_kind_names[]; // of list_kind - 1

// Takes over the entry and its texts. ERR_NO_MEMORY; ERR_CEILING at LISTS_MAX: then they stay the
// caller's.
MUST_CHECK enum err lists_add(struct lists *lists, const struct list_entry *entry);
void list_entry_release(struct list_entry *entry);
void lists_clear(struct lists *lists);
// Makes the index, once all entries are there and whole.
MUST_CHECK enum err lists_build(struct lists *lists);
// What applies to the subject at that time.
enum list_kind lists_find(
        const struct lists *lists, const struct list_subject *subject, int64_t at_ms);
// Adds a hash over all entries to the canonical text; nothing when there are none. Where there is no
// room for it, the text has failed.
void lists_add_canonical(const struct lists *lists, struct json_out *out);
