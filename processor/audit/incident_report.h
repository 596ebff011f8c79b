// What became of one incident, for whoever has to answer for it: its clocks, whom it reached and whom it
// spared, what was held and released by whom, and the trail in the audit log that all of it rests on.
// Everything is taken from the audit log; who was reached, by name, from verdicts where they are given.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit_check.h"
#include "audit/audit_outcome.h"
#include "audit/incident_about.h"
#include "common/arena.h"
#include "common/json_out.h"
#include "common/zone.h"
#include "control/last_words.h"

enum {
    REPORT_ENTRIES_MAX = 100000,
    REPORT_PEOPLE_MAX = 1000000,
    REPORT_HOLDS_MAX =
            4000000, // messages with a hold of their own; what is above counts as without
    // Messages, and recipients, of which a person said something; what is above counts as without.
    REPORT_WORDS_MAX = 1000000,
    REPORT_MESSAGES_MAX = 4000000, // that are counted once; what is above, as often as it is told
    REPORT_NAMED_MAX = 10000,      // pseudonyms that are listed; all are counted
    REPORT_SCOPES_MAX = 10000, // of the incident; what is above is counted, and reaches nobody here
    REPORT_VERSIONS_MAX = 16,
    REPORT_NONE = -1,
};

// A record of the incident, as it stands in the log.
struct report_entry {
    struct view file;
    uint64_t seq;
    int64_t at_ms;
    enum audit_kind kind;
    struct view type;
    struct view id;
    uint8_t mac[SHA256_BYTES];
    struct view record; // none = taken out
    enum audit_outcome outcome;
};

enum report_clock {
    CLOCK_FIRST_SEEN,   // the message at the change point: since when it was wrong
    CLOCK_FIRST_ALERT,  // when it was told first
    CLOCK_FIRST_HOLD,   // when a hold of a scope was commanded first
    CLOCK_ACKNOWLEDGED, // when a person said so first
    CLOCK_RELEASED,     // when a hold of a scope was released last
    CLOCK_CLOSED,
    CLOCK_COUNT,
};
extern const char *const report_clock_names[CLOCK_COUNT];

// Misdirected messages of the incident's scopes that verdicts tell of, each once: of those that its alerts
// name and its commands are of, as `status --incident` has it. Reached: judged before the first of them was held,
// and without an enforced hold of their own in the log that no person released; or released by a person at once,
// who had them sent (what is released without that stays where its scope is held). The others are spared.
struct report_people {
    uint64_t messages;
    uint64_t people;          // distinct pseudonyms
    uint64_t held_one_by_one; // messages that have a hold of their own, and nobody released
    struct view *named;
    uint32_t named_count;
};

// A topic that was read for the report.
struct report_topic {
    const char *name;
    int64_t since_ms; // from when on
    uint64_t records; // that were read
    int32_t partitions;
    int32_t cut; // whose beginning is gone: not all of the incident's time may be there any more
    int64_t oldest_ms; // what is left of those begins here; REPORT_NONE = nothing is
    bool is_whole;     // it was read to its end
};
enum { REPORT_TOPICS_MAX = 2 };

struct incident_report {
    struct view incident_id; // 32 hex digits, lower case
    struct report_entry *entries;
    uint32_t entry_count;
    uint64_t left_out;              // above the ceiling
    int64_t clocks_ms[CLOCK_COUNT]; // REPORT_NONE = has not happened, or is not known
    // The scopes that it is about, as JSON of what named them first.
    struct view *scopes;
    uint32_t scope_count;
    uint64_t scopes_left_out; // above the ceiling
    // JSON of the alert that told most and came last; none where there is none
    struct view scope;
    struct view tier;
    struct view cause;
    struct view reasons;
    struct view evidence;
    struct view impact;
    int64_t escaped;
    int64_t held;
    int64_t distinct;             // no more than both
    bool distinct_is_lower_bound; // not all that led to the alarm were remembered
    struct view policy_versions[REPORT_VERSIONS_MAX];
    uint32_t policy_version_count;
    struct view detector_versions[REPORT_VERSIONS_MAX];
    uint32_t detector_version_count;
    bool has_verdicts;
    struct report_topic topics[REPORT_TOPICS_MAX];
    uint32_t topic_count;
    struct report_people reached;
    struct report_people spared;
    uint64_t
            message_commands_gone; // taken out of the log: who had a hold of those counts as without
    // Commands about single messages that belong to the incident (incident_about.h); they are entries too.
    uint64_t message_holds;
    uint64_t message_releases;
    uint64_t
            message_unsure; // of its tenant and time, which do not say what they are of; no entries
    struct incident_about *about;
    struct audit_outcomes outcomes;
    struct arena *arena;
    struct hashmap *scope_set; // "kind\ntenant\nid"
    struct hashmap *reached_set;
    struct hashmap *spared_set;
    struct hashmap *held_messages;    // "tenant\nmessage_id", as they stand in JSON
    struct last_words *of_messages;   // likewise, by people
    struct last_words *of_recipients; // by "tenant\npseudonym", likewise
    struct hashmap *counted_messages; // like the messages above, of verdicts
    struct strbuf key;
    struct json_pointers *fields;
    struct json_pointers *verdict_fields;
    struct json_pointers *command_fields;
};

// ERR_NO_MEMORY. The view is borrowed.
MUST_CHECK enum err incident_report_create(
        struct incident_report **ret_report, struct view incident_id);
void incident_report_destroy(struct incident_report *report);
// What they do for report_reached.c.
MUST_CHECK enum err report_reached_prepare(struct incident_report *report);
void report_reached_finish(struct incident_report *report);
// A scope or target of the incident's own records; the view outlives the report. ERR_NO_MEMORY.
MUST_CHECK enum err report_reached_scope(struct incident_report *report, struct view scope);
// For audit_check.visit, of a first reading of the whole log: takes what the incident is about. ERR_NO_MEMORY, ERR_CEILING.
MUST_CHECK enum err incident_report_note(
        struct incident_report *report, const struct audit_line *line);
// For audit_check.visit, of a second one: takes what is about the incident, and which messages have a hold of their
// own. ERR_NO_MEMORY.
MUST_CHECK enum err incident_report_take(
        struct incident_report *report, const char *file, const struct audit_line *line);
// Once all is taken: one verdict record. What is none, or of another scope, is passed over.
MUST_CHECK enum err incident_report_verdict(struct incident_report *report, struct view verdict);

// And one command, as it stood on the topic: of messages whose commands were taken out of the log. Before the verdicts.
MUST_CHECK enum err incident_report_command(struct incident_report *report, struct view command);
// From when on topics have what the incident is about; 0 = from their beginning.
int64_t incident_report_since(const struct incident_report *report);

// What is beside the incident's own records.
struct report_frame {
    int64_t made_at_ms;
    const struct zone *zone; // of the second of the two times that are told
    const char *data_kinds;  // what a collection message tells whoever reads it
    struct view program;
    const char *directory;
    const struct audit_summary *sum; // of the log
    // What authorities and people have to be told besides (PIPL Art. 57, GDPR Art. 33 and 34) and no log knows; NULL =
    // nobody has said it, which the report says.
    const char *harm;    // what may come of it
    const char *advice;  // what the people concerned can do
    const char *contact; // whom they can ask
};
// Appends the report as JSON, and as one page of HTML that needs nothing else.
void incident_report_write_json(
        const struct incident_report *report, const struct report_frame *frame, struct strbuf *sb);
void incident_report_write_page(
        const struct incident_report *report, const struct report_frame *frame, struct strbuf *sb);

// What has to be told to whom, how soon: only what was read in the rules themselves.
struct report_limit {
    const char *rule;
    const char *who;     // whom it binds
    const char *to;      // who is to be told
    const char *applies; // when
    int64_t within_ms;   // from the first alert on; 0 = at once, without a number
};
enum { REPORT_LIMIT_COUNT = 6 };
extern const struct report_limit report_limits[REPORT_LIMIT_COUNT];
