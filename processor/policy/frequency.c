#include "policy/frequency.h"

#include <stdlib.h>

#include "common/conf_scalar.h"
#include "common/digest.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

enum { DAY_SECONDS = 24 * 3600, TEXT_MAX_BYTES = 16 * 1024 };

const char *const frequency_per_names[] = {"number", "loan", NULL};
const char *const frequency_across_names[] = {"tenant", "vendor", "all", NULL};
const char *const frequency_pack_names[] = {"prc", "reg_f", NULL};

// What the rules say of calls that nobody has made yet. PRC: GB/T 45251-2025 counts answered calls (three a
// day), which no event tells beforehand. Regulation F also has seven days' rest behind a conversation
// (1006.14(b)(2)(i)(B)), which no event tells either; its seven consecutive days are a part of 7 × 24 hours.
static const struct pack_row {
    unsigned pack;
    const char *channel;
    uint32_t limit;
    const char *window;
    const char *zone;
    enum frequency_per per;
    const char *reason;
} pack_rows[] = {
        {0, "voice", 6, "day", "Asia/Shanghai", PER_NUMBER,
                "China Banking Association 2026-01-30: at most 6 attempts a day to a contact "
                "point"},
        {1, "voice", 7, "7d", NULL, PER_LOAN,
                "12 CFR 1006.14(b)(2)(i)(A): more than 7 calls within 7 days about a debt"},
};

bool frequency_read_window(struct view text, int64_t *ret_window_ms)
{
    int64_t ms;
    if (view_is(text, "day")) {
        *ret_window_ms = 0;
        return true;
    }
    if (conf_scalar_read(CONF_DURATION, text, &ms) != CONF_READ_OK || ms < HOUR_MS ||
            ms > 31 * DAY_MS) {
        return false;
    }
    *ret_window_ms = ms;
    return true;
}

// --- the limits ---------------------------------------------------------------------------------

void frequency_limit_release(struct frequency_limit *limit)
{
    for (unsigned i = 0; i < 4; i++) {
        free(limit->names[i]);
    }
    free(limit->window);
    free(limit->zone);
    free(limit->reason);
    zone_destroy(limit->clock);
    *limit = (struct frequency_limit){0};
}

void frequency_clear(struct frequency *frequency)
{
    for (uint32_t i = 0; i < frequency->count; i++) {
        frequency_limit_release(&frequency->limits[i]);
    }
    frequency->count = 0;
}

static void add_counted(const struct frequency_limit *limit, struct json_out *out)
{
    json_text(out, "across", frequency_across_names[limit->across]);
    rule_add_canonical_match(limit->parts, limit->names, out);
    json_text(out, "per", frequency_per_names[limit->per]);
    json_int(out, "window_ms", limit->window_ms);
    if (limit->window_ms == 0) {
        json_text(out, "zone", limit->clock->name);
    }
}

enum err frequency_add(struct frequency *frequency, const struct frequency_limit *limit)
{
    if (frequency->count == FREQUENCY_MAX) {
        return ERR_CEILING;
    }
    struct strbuf text;
    struct json_out out;
    uint8_t digest[SHA256_BYTES];
    strbuf_init(&text, TEXT_MAX_BYTES);
    json_begin(&out, &text);
    json_object(&out, NULL);
    add_counted(limit, &out);
    json_object_end(&out);
    digest_sha256(strbuf_view(&text), digest);
    enum err e = text.failed;
    strbuf_fini(&text);
    if (e == ERR_NONE) {
        struct frequency_limit *added = &frequency->limits[frequency->count++];
        *added = *limit;
        memcpy(added->id, digest, sizeof added->id);
    }
    return e;
}

static enum err add_pack_row(
        struct frequency *frequency, const struct pack_row *row, struct strbuf *why)
{
    struct frequency_limit limit = {
            .parts = RULE_PART(RULE_OF_CHANNEL),
            .limit = row->limit,
            .per = row->per,
            .across = ACROSS_TENANT,
            .mode = MODE_MONITOR,
            .is_of_pack = true,
    };
    struct view zone = row->zone != NULL ? view_of(row->zone) : VIEW("+00:00");
    (void)frequency_read_window(view_of(row->window), &limit.window_ms);
    enum err e = zone_open(&limit.clock, zone, ZONE_DIRECTORY, why);
    limit.names[RULE_OF_CHANNEL] = strdup(row->channel);
    limit.window = strdup(row->window);
    limit.zone = view_dup(zone);
    limit.reason = strdup(row->reason);
    bool is_whole = limit.names[RULE_OF_CHANNEL] != NULL && limit.window != NULL &&
                    limit.zone != NULL && limit.reason != NULL;
    e = e == ERR_NONE && !is_whole ? ERR_NO_MEMORY : e;
    e = e != ERR_NONE ? e : frequency_add(frequency, &limit);
    if (e != ERR_NONE) {
        frequency_limit_release(&limit);
    }
    return e;
}

enum err frequency_add_packs(struct frequency *frequency, uint32_t packs, struct strbuf *why)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < sizeof pack_rows / sizeof *pack_rows && e == ERR_NONE; i++) {
        if ((packs >> pack_rows[i].pack & 1) != 0) {
            e = add_pack_row(frequency, &pack_rows[i], why);
        }
    }
    return e;
}

// --- their windows ------------------------------------------------------------------------------

bool frequency_matches(const struct frequency_limit *limit, const struct policy_subject *subject)
{
    return rule_specificity(limit->parts, limit->names, subject) > 0;
}

// The moment `seconds` of local time away, clocks being put forward or back between.
static int64_t local_step_ms(const struct zone *zone, int64_t at_ms, int32_t seconds)
{
    int64_t moment_ms = (at_ms / 1000 + seconds) * 1000;
    return moment_ms +
           INT64_C(1000) * (zone_offset_s(zone, at_ms) - zone_offset_s(zone, moment_ms));
}

void frequency_window(const struct frequency_limit *limit, int64_t at_ms, int64_t *ret_from_ms,
        int64_t *ret_until_ms)
{
    if (limit->window_ms > 0) {
        *ret_from_ms = at_ms - limit->window_ms + 1;
        *ret_until_ms = at_ms + limit->window_ms;
        return;
    }
    int32_t second;
    (void)zone_day(limit->clock, at_ms, &second);
    *ret_from_ms = local_step_ms(limit->clock, at_ms, -second);
    *ret_until_ms = local_step_ms(limit->clock, at_ms, DAY_SECONDS - second);
}

int64_t frequency_kept_ms(const struct frequency_limit *limit)
{
    return DAY_MS + (limit->window_ms > 0 ? limit->window_ms : DAY_MS);
}

// --- the canonical text -------------------------------------------------------------------------

void frequency_add_canonical(const struct frequency *frequency, struct json_out *out)
{
    if (frequency->count == 0) {
        return;
    }
    struct strbuf digest;
    strbuf_init(&digest, 64);
    json_array(out, "frequency");
    for (uint32_t i = 0; i < frequency->count; i++) {
        const struct frequency_limit *limit = &frequency->limits[i];
        strbuf_reset(&digest);
        zone_add_digest(&digest, limit->clock);
        json_object(out, NULL);
        json_object(out, "counts");
        add_counted(limit, out);
        json_object_end(out);
        json_int(out, "limit", limit->limit);
        json_text(out, "mode", mode_names[limit->mode]);
        json_text(out, "reason", limit->reason);
        json_string(out, "zone_table", strbuf_view(&digest));
        json_object_end(out);
    }
    json_array_end(out);
    strbuf_fini(&digest);
}
