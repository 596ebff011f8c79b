// The lines of the generator's four files. Each function appends one line or document with its line
// feed.
#pragma once

#include "bench/generate_incident.h"
#include "bench/generate_label.h"
#include "common/json_out.h"

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

// Whether write_stale_relationship would say something: known without making the person.
bool has_stale_relationship(const struct people *people, uint64_t index);
void write_message_id(struct json_out *out, const char *key, uint64_t seed, uint64_t number);
void write_tenant(struct json_out *out, uint32_t tenant);
