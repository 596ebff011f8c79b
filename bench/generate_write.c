#include "bench/generate_write.h"

#include <stdio.h>

#include "bench/generate_traffic.h"
#include "common/json_out.h"

enum { DIGITS_OF_SAFE_INTEGER = 15 };

static const int64_t day_length_ms = 24 * INT64_C(3600000);

// --- values -----------------------------------------------------------------------------------

// Every sixteenth borrower comes from a system whose loan ids are numbers.
static size_t loan_write(uint64_t loan, char ret_text[GENERATED_ID_MAX_BYTES])
{
    bool is_number = loan_owner(loan) % 16 == 3;
    int n = snprintf(ret_text, GENERATED_ID_MAX_BYTES, is_number ? "7%011llu" : "LN-%09llx",
            (unsigned long long)loan);
    return (size_t)n;
}

static bool is_plain_integer(struct view text)
{
    if (text.n == 0 || text.n > DIGITS_OF_SAFE_INTEGER || text.p[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return true;
}

// An id of digits is written as a number by every second writer, and by some as a number with a
// point.
static void add_id(struct json_out *out, const char *key, struct view id, uint64_t chance)
{
    if (!is_plain_integer(id) || chance % 2 == 0) {
        json_string(out, key, id);
        return;
    }
    json_raw(out, key, id);
    if (chance % 64 == 1) {
        strbuf_add_text(out->sb, ".0");
    }
}

static void add_loan(struct json_out *out, const char *key, uint64_t loan, uint64_t chance)
{
    char text[GENERATED_ID_MAX_BYTES];
    size_t n = loan_write(loan, text);
    add_id(out, key, view_bytes(text, n), chance);
}

void write_tenant(struct json_out *out, uint32_t tenant)
{
    char text[GENERATED_ID_MAX_BYTES];
    snprintf(text, sizeof text, "tenant-%u", tenant + 1);
    json_text(out, "tenant_id", text);
}

static void add_borrower(struct json_out *out, uint64_t index)
{
    char text[GENERATED_ID_MAX_BYTES];
    snprintf(text, sizeof text, "B-%llu", (unsigned long long)index);
    json_text(out, "borrower_id", text);
}

void write_message_id(struct json_out *out, const char *key, uint64_t seed, uint64_t number)
{
    char text[MESSAGE_ID_MAX_BYTES];
    message_id_write(seed, number, text);
    json_text(out, key, text);
}

// Midnight is written as a date alone.
static void add_day_or_time(struct json_out *out, const char *key, int64_t ms)
{
    if (ms == TIME_NONE) {
        return;
    }
    json_time(out, key, ms);
    if (ms % day_length_ms == 0) {
        strbuf_truncate(out->sb, out->sb->n - sizeof "T00:00:00.000Z");
        strbuf_add_byte(out->sb, '"');
    }
}

static void end_line(struct json_out *out)
{
    json_object_end(out);
    strbuf_add_byte(out->sb, '\n');
}

// --- relationships ----------------------------------------------------------------------------

static uint64_t quirk_of(const struct people *people, uint64_t index)
{
    return random_mix(people->seed + 1, index);
}

static void begin_relationship(
        struct json_out *out, struct strbuf *sb, const struct person *person, uint64_t chance)
{
    char text[ADDRESS_MAX_BYTES];
    // The loader's spellings vary less than the messages'.
    size_t n = chance % 32 == 0 ? address_spell(&person->address, chance / 32, text)
                                : address_write(&person->address, text);
    json_begin(out, sb);
    json_object(out, NULL);
    json_string(out, "recipient", view_bytes(text, n));
    if (person->address.kind != RECIPIENT_PHONE || chance % 16 == 1) {
        json_text(out, "kind", recipient_kind_names[person->address.kind]);
    }
}

static void add_party(
        struct json_out *out, const struct link *link, uint64_t index, uint64_t chance)
{
    json_object(out, NULL);
    write_tenant(out, link->tenant);
    add_loan(out, "loan_id", link->loan, chance);
    if (link->role != ROLE_CONTACT) {
        add_borrower(out, index);
    }
    json_text(out, "role", role_names[link->role]);
    json_text(out, "status", status_names[link->status]);
    add_day_or_time(out, "closed_at", link->closed_at_ms);
    json_object_end(out);
}

bool has_stale_relationship(const struct people *people, uint64_t index)
{
    return person_life(people, index) == LIFE_DELETED || quirk_of(people, index) % 128 == 0;
}

void write_stale_relationship(
        struct strbuf *sb, const struct people *people, const struct person *person)
{
    if (!has_stale_relationship(people, person->index)) {
        return;
    }
    uint64_t chance = quirk_of(people, person->index) >> 8;
    bool was_active = person->life == LIFE_DELETED;
    const struct link link = {
            .tenant = person->home,
            .loan = loan_of(person->index, 0),
            .role = was_active ? ROLE_BORROWER : ROLE_CONTACT,
            .status = was_active ? STATUS_ACTIVE : STATUS_CLOSED,
            .closed_at_ms = TIME_NONE,
    };
    struct json_out out;
    begin_relationship(&out, sb, person, chance);
    json_array(&out, "parties");
    add_party(&out, &link, person->index, 0);
    json_array_end(&out);
    if (!was_active) {
        json_text(&out, "reassigned", "yes");
    }
    end_line(&out);
}

void write_relationship(struct strbuf *sb, const struct people *people, const struct person *person)
{
    uint64_t chance = quirk_of(people, person->index) >> 16;
    struct json_out out;
    begin_relationship(&out, sb, person, chance);
    if (!person->is_known) {
        json_bool(&out, "deleted", true);
        end_line(&out);
        return;
    }
    json_array(&out, "parties");
    for (uint32_t i = 0; i < person->link_count; i++) {
        add_party(&out, &person->links[i], person->index, chance >> 8);
    }
    json_array_end(&out);
    if (person->reassigned != REASSIGNED_NO_DATA || chance % 16 == 2) {
        json_text(&out, "reassigned", reassigned_names[person->reassigned]);
        add_day_or_time(&out, "reassigned_at", person->reassigned_at_ms);
    }
    if (person->opted_out != 0 || chance % 16 == 3) {
        json_array(&out, "opted_out");
        for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
            if ((person->opted_out >> i & 1) != 0) {
                json_text(&out, NULL, channel_names[i]);
            }
        }
        json_array_end(&out);
    }
    end_line(&out);
}

// --- messages ---------------------------------------------------------------------------------

// Three ways to say when, by tenant.
static void add_occurred_at(struct json_out *out, uint32_t tenant, int64_t ms)
{
    switch (tenant % 4) {
    case 1:
        json_int(out, "occurred_at", ms);
        return;
    case 2:
        json_time(out, "occurred_at", ms + INT64_C(8) * 3600000);
        strbuf_truncate(out->sb, out->sb->n - sizeof "Z");
        strbuf_add_text(out->sb, "+08:00\"");
        return;
    default:
        json_time(out, "occurred_at", ms);
        return;
    }
}

// Of the optional fields that do not change the verdict, some are null now and then.
static void add_campaign(struct json_out *out, const struct message *message, uint64_t chance)
{
    const struct campaign *campaign = message->campaign;
    add_id(out, "campaign_id", view_of(campaign->id), chance);
    if (chance % 512 == 3) {
        json_null(out, "template_id");
    } else {
        json_text(out, "template_id", campaign->template_id);
    }
    json_text(out, "sender_id", campaign->sender_id);
    json_text(out, "vendor_id", campaign->vendor_id);
}

void write_event(struct strbuf *sb, uint64_t seed, const struct message *message, uint64_t chance)
{
    const struct campaign *campaign = message->campaign;
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    write_message_id(&out, "message_id", seed, message->number);
    json_string(&out, "recipient", view_bytes(message->recipient, message->recipient_bytes));
    add_occurred_at(&out, campaign->tenant, message->occurred_ms);
    if (message->names_channel) {
        json_text(&out, "channel", channel_names[message->channel]);
    }
    if (message->names_purpose) {
        json_text(&out, "purpose", purpose_names[campaign->purpose]);
    } else if (chance % 2 == 0) {
        json_null(&out, "purpose");
    }
    if (message->names_tenant) {
        write_tenant(&out, campaign->tenant);
    }
    add_campaign(&out, message, chance >> 8);
    if (message->loan != 0) {
        add_loan(&out, "loan_id", message->loan, chance >> 24);
        if (campaign->names_borrowers) {
            add_borrower(&out, loan_owner(message->loan));
        }
    } else if (chance >> 40 & 1) {
        json_null(&out, "loan_id");
    }
    if (campaign->tells_size) {
        json_int(&out, "planned_size", (int64_t)campaign->planned_size);
    }
    end_line(&out);
}

// --- what is true -----------------------------------------------------------------------------

void write_label(struct strbuf *sb, uint64_t seed, const struct message *message,
        const struct label *label, const struct incident *incident)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    write_message_id(&out, "message_id", seed, message->number);
    json_text(&out, "expected", verdict_names[label->expected]);
    json_array(&out, "reasons");
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        if ((label->reasons & REASON_BIT(i)) != 0) {
            json_text(&out, NULL, reason_names[i]);
        }
    }
    json_array_end(&out);
    switch (message->fault) {
    case FAULT_NONE:
        json_null(&out, "incident");
        json_null(&out, "cause");
        break;
    case FAULT_SCATTERED:
        json_null(&out, "incident");
        json_text(&out, "cause", "scattered");
        break;
    case FAULT_EPISODE:
        json_null(&out, "incident");
        json_text(&out, "cause", "feed_lag_episode");
        break;
    case FAULT_INCIDENT:
        json_text(&out, "incident", incident->id);
        json_text(&out, "cause", incident_kind_names[incident->options.kind]);
        break;
    }
    end_line(&out);
}
