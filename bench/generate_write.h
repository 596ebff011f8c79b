// The lines of the generator's four files. Each function appends one line or document with its line
// feed.
#pragma once

#include "bench/generate_incident.h"
#include "bench/generate_label.h"
#include "common/strbuf.h"

// What an earlier export said of the person, which the line of the later export replaces or
// deletes; nothing for most.
void write_stale_relationship(
        struct strbuf *sb, const struct people *people, const struct person *person);
void write_relationship(
        struct strbuf *sb, const struct people *people, const struct person *person);
void write_event(struct strbuf *sb, uint64_t seed, const struct message *message, uint64_t chance);
// `incident` is that of the message's campaign, or NULL.
void write_label(struct strbuf *sb, uint64_t seed, const struct message *message,
        const struct label *label, const struct incident *incident);

struct scenario_counts {
    uint64_t relationships; // lines
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t scattered; // misdirected or unknown outside of incidents
};
void write_scenario(struct strbuf *sb, const struct generate_options *options,
        const struct incident *incidents, const struct scenario_counts *counts);
// Whether write_stale_relationship would say something: known without making the person.
bool has_stale_relationship(const struct people *people, uint64_t index);
