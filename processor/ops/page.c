#include "ops/page.h"

#include <stdio.h>
#include <string.h>

#include "common/digest.h"
#include "common/html_text.h"
#include "common/json_out.h"
#include "ops/health.h"
#include "ops/page_inside.h"
#include "ops/status.h"

enum { REFRESH_S = 5, REASONS_BYTES = 8 * 1024 };

// --- text ---------------------------------------------------------------------------------------

static void add_text(struct strbuf *out, const char *text)
{
    html_line(out, view_of(text));
}

// 1234567 as 1,234,567.
static void add_count(struct strbuf *out, int64_t count)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)count);
    size_t n = strlen(digits);
    for (size_t i = 0; i < n; i++) {
        strbuf_add_byte(out, (uint8_t)digits[i]);
        if (i + 1 < n && (n - i - 1) % 3 == 0 && digits[i] != '-') {
            strbuf_add_byte(out, ',');
        }
    }
}

// How long from now until then, or since then, in one unit.
static void add_span(struct strbuf *out, int64_t ms)
{
    int64_t s = (ms < 0 ? -ms : ms) / 1000;
    if (s < 120) {
        strbuf_printf(out, "%lld s", (long long)s);
    } else if (s < 7200) {
        strbuf_printf(out, "%lld min", (long long)(s / 60));
    } else if (s < 172800) {
        strbuf_printf(out, "%lld h", (long long)(s / 3600));
    } else {
        strbuf_printf(out, "%lld days", (long long)(s / 86400));
    }
}

static void add_time(struct strbuf *out, int64_t ms)
{
    strbuf_add_text(out, "<time>");
    clock_format(out, ms);
    strbuf_truncate(out, out->n >= 5 ? out->n - 5 : 0); // no milliseconds
    strbuf_add_text(out, "Z</time>");
}

// --- numbers of the board -----------------------------------------------------------------------

// The sum of a family's series over all pages (of one half: with that name). False when nobody has any.
static bool sum_of(
        struct board *board, const char *half, const char *family, size_t series, int64_t *ret_sum)
{
    bool is_there = false;
    *ret_sum = 0;
    for (size_t i = 0; i < board_place_count(board); i++) {
        struct board_place *place = board_place_at(board, i);
        for (size_t at = 0; at < BOARD_PAGES_MAX; at++) {
            const struct metric_page *page = atomic_load(&place->pages[at]);
            size_t row;
            if (page == NULL || (half != NULL && strcmp(half, place->name) != 0) ||
                    !metric_find(metric_page_table(page), family, &row)) {
                continue;
            }
            size_t count = metric_series_count(&metric_page_table(page)->families[row]);
            for (size_t one = 0; one < count; one++) {
                int64_t value = 0;
                bool is_wanted = series == SIZE_MAX || series == one;
                bool has = is_wanted && metric_get(page, row, one, &value);
                *ret_sum += has ? value : 0;
                is_there = is_there || has;
            }
        }
    }
    return is_there;
}

// By enum verdict, as the outcomes of messages are numbered; unknown is 2.
enum { OUTCOME_MISDIRECTED = 1, OUTCOME_UNKNOWN = 2 };
#define PROCESSED "wrongnumber_messages_processed_total"

void page_rates_init(struct page_rates *rates)
{
    for (size_t i = 0; i < PAGE_RATES; i++) {
        rates->messages[i] = -1;
        rates->misdirected[i] = -1;
    }
    rates->last_messages = -1;
    rates->last_misdirected = 0;
}

void page_rates_note(struct page_rates *rates, struct board *board)
{
    int64_t messages;
    int64_t misdirected;
    if (!sum_of(board, NULL, PROCESSED, SIZE_MAX, &messages) ||
            !sum_of(board, NULL, PROCESSED, OUTCOME_MISDIRECTED, &misdirected)) {
        return;
    }
    if (rates->last_messages >= 0) {
        size_t rest = (PAGE_RATES - 1) * sizeof rates->messages[0];
        memmove(rates->messages, rates->messages + 1, rest);
        memmove(rates->misdirected, rates->misdirected + 1, rest);
        rates->messages[PAGE_RATES - 1] = messages - rates->last_messages;
        rates->misdirected[PAGE_RATES - 1] = misdirected - rates->last_misdirected;
    }
    rates->last_messages = messages;
    rates->last_misdirected = misdirected;
}

// --- parts --------------------------------------------------------------------------------------

static void add_scope(struct strbuf *out, const struct status_scope *scope)
{
    strbuf_printf(out, "%s <code>", scope->kind);
    add_text(out, scope->id);
    strbuf_add_text(out, "</code>");
    if (strcmp(scope->kind, "tenant") != 0) {
        strbuf_add_text(out, " of <code>");
        add_text(out, scope->tenant);
        strbuf_add_text(out, "</code>");
    }
    if (scope->channel[0] != '\0') {
        strbuf_add_text(out, " by <code>");
        add_text(out, scope->channel);
        strbuf_add_text(out, "</code>");
    }
}

static const char *class_of_tier(const char *tier)
{
    bool is_high = strcmp(tier, "quarantine") == 0 || strcmp(tier, "stop") == 0;
    return is_high ? "bad" : strcmp(tier, "alert") == 0 ? "warn" : "soft";
}

static void tile(
        struct strbuf *out, const char *class, int64_t value, bool is_there, const char *text)
{
    strbuf_printf(out, "<li><b class=\"%s\">", class);
    if (is_there) {
        add_count(out, value);
    } else {
        strbuf_add_text(out, "–");
    }
    strbuf_printf(out, "</b><span>%s</span></li>\n", text);
}

// Of the last ten seconds.
static bool recent_rate(const struct page_rates *rates, int64_t *ret_messages)
{
    int64_t sum = 0;
    int64_t known = 0;
    for (size_t i = PAGE_RATES - 10; i < PAGE_RATES; i++) {
        sum += rates->messages[i] > 0 ? rates->messages[i] : 0;
        known += rates->messages[i] >= 0;
    }
    *ret_messages = known > 0 ? sum / known : 0;
    return known > 0;
}

static void add_cache_tile(struct strbuf *out, struct board *board)
{
    static const char *const states[] = {"trusted", "unreachable", "untrusted", "stale"};
    const char *state = "–";
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        int64_t is_it;
        if (sum_of(board, NULL, "wrongnumber_cache_state", i, &is_it) && is_it > 0) {
            state = states[i];
        }
    }
    int64_t age_ms;
    bool has_age = sum_of(board, NULL, "wrongnumber_cache_age_seconds", 0, &age_ms);
    strbuf_printf(out, "<li><b class=\"%s\">%s</b><span>relationship data",
            strcmp(state, "trusted") == 0 ? "good" : "bad", state);
    if (has_age) {
        strbuf_add_text(out, ", ");
        add_span(out, age_ms);
        strbuf_add_text(out, " old");
    }
    strbuf_add_text(out, "</span></li>\n");
}

static void add_tiles(struct strbuf *out, struct board *board, const struct page_rates *rates,
        const struct status_report *report)
{
    int64_t value;
    strbuf_add_text(out, "<ul class=\"tiles\">\n");
    bool has = report != NULL;
    value = has ? report->incident_count : 0;
    tile(out, value > 0 ? "bad" : "good", value, has, "open incidents");
    value = has ? report->hold_count : 0;
    tile(out, value > 0 ? "warn" : "good", value, has, "scopes held");
    has = recent_rate(rates, &value);
    tile(out, "", value, has, "messages a second");
    has = sum_of(board, NULL, PROCESSED, OUTCOME_MISDIRECTED, &value);
    tile(out, "", value, has, "misdirected since start");
    has = sum_of(board, NULL, PROCESSED, OUTCOME_UNKNOWN, &value);
    tile(out, value > 0 ? "warn" : "", value, has, "unknown since start");
    has = sum_of(board, "judge", "wrongnumber_kafka_consumer_lag", 0, &value);
    tile(out, "", value, has, "messages behind (judge)");
    has = sum_of(board, "detect", "wrongnumber_kafka_consumer_lag", 0, &value);
    tile(out, "", value, has, "frames behind (detect)");
    add_cache_tile(out, board);
    strbuf_add_text(out, "</ul>\n");
}

// Messages a second as a line, the misdirected among them as an area, on one scale.
static void add_chart(struct strbuf *out, const struct page_rates *rates)
{
    int64_t most = 1;
    for (size_t i = 0; i < PAGE_RATES; i++) {
        most = rates->messages[i] > most ? rates->messages[i] : most;
    }
    strbuf_printf(out,
            "<figure><svg viewBox=\"0 0 %d 100\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"Messages a second over two minutes\"><path class=\"area\" d=\"",
            PAGE_RATES - 1);
    int64_t heights[2][PAGE_RATES];
    for (size_t i = 0; i < PAGE_RATES; i++) {
        int64_t bad = rates->misdirected[i] > 0 ? rates->misdirected[i] : 0;
        int64_t all = rates->messages[i] > 0 ? rates->messages[i] : 0;
        heights[0][i] = 99 - bad * 98 / most;
        heights[1][i] = 99 - all * 98 / most;
    }
    strbuf_add_text(out, "M0 99");
    for (size_t i = 0; i < PAGE_RATES; i++) {
        strbuf_printf(out, "L%zu %lld", i, (long long)heights[0][i]);
    }
    strbuf_printf(out, "L%d 99Z\"/><path class=\"line\" d=\"", PAGE_RATES - 1);
    for (size_t i = 0; i < PAGE_RATES; i++) {
        strbuf_printf(out, "%s%zu %lld", i == 0 ? "M" : "L", i, (long long)heights[1][i]);
    }
    strbuf_printf(out,
            "\"/><path class=\"axis\" d=\"M0 99H%d\"/></svg><figcaption>Messages a second "
            "over two minutes, at most ",
            PAGE_RATES - 1);
    add_count(out, most);
    strbuf_add_text(out, "; the misdirected in red</figcaption></figure>\n");
}

static void add_incident(struct strbuf *out, const struct status_incident *row)
{
    strbuf_printf(out, "<article class=\"card %s\"><h3><span class=\"badge %s\">%s</span> ",
            class_of_tier(row->tier), class_of_tier(row->tier), row->tier);
    add_scope(out, &row->scope);
    strbuf_add_text(out, "</h3><p>");
    add_count(out, row->misdirected);
    strbuf_add_text(out, " of ");
    add_count(out, row->judged);
    strbuf_add_text(out, " messages were misdirected when it was told. So far ");
    add_count(out, row->escaped);
    strbuf_add_text(out, " before a hold and ");
    add_count(out, row->held);
    strbuf_add_text(out, " since, to about ");
    add_count(out, row->people);
    strbuf_add_text(out, " people.</p><p>Likely cause: ");
    add_text(out, row->cause[0] != '\0' ? row->cause : "not known");
    strbuf_printf(out, ". Scopes: %u, held: %u.", row->scope_count, row->held_count);
    if (row->withheld != NULL) {
        strbuf_add_text(out, " <span class=\"warn\">Not held for now: ");
        add_text(out, row->withheld);
        strbuf_add_text(out, ".</span>");
    }
    strbuf_printf(out, "</p><p class=\"soft\"><code>%s</code>, last told ", row->id);
    add_time(out, row->told_ms);
    strbuf_add_text(out, "</p></article>\n");
}

static void add_incidents(struct strbuf *out, const struct status_report *report)
{
    strbuf_add_text(out, "<h2>Open incidents</h2>\n");
    for (uint32_t i = 0; i < report->incident_count && i < STATUS_INCIDENTS_MAX; i++) {
        add_incident(out, &report->incidents[i]);
    }
    if (report->incident_count > STATUS_INCIDENTS_MAX) {
        strbuf_printf(out, "<p>and %u more</p>\n", report->incident_count - STATUS_INCIDENTS_MAX);
    }
    strbuf_add_text(out, report->incident_count == 0 ? "<p class=\"good\">None.</p>\n" : "");
}

static void add_holds(struct strbuf *out, const struct status_report *report)
{
    strbuf_add_text(out, "<h2>What is held</h2>\n<ul class=\"rows\">\n");
    for (uint32_t i = 0; i < report->hold_count && i < STATUS_HOLDS_MAX; i++) {
        const struct status_hold *row = &report->holds[i];
        strbuf_add_text(out, "<li><span>");
        add_scope(out, &row->scope);
        strbuf_add_text(out, row->is_commanded ? " <span class=\"soft\">by a person</span>" : "");
        strbuf_add_text(out, row->is_monitor ? " <span class=\"soft\">(monitor)</span>" : "");
        strbuf_add_text(out, "</span><span>until ");
        add_time(out, row->until_ms);
        strbuf_add_text(out, "</span></li>\n");
    }
    strbuf_add_text(out, "</ul>\n");
    if (report->hold_count > STATUS_HOLDS_MAX) {
        strbuf_printf(out, "<p>and %u more</p>\n", report->hold_count - STATUS_HOLDS_MAX);
    }
    strbuf_add_text(out, report->hold_count == 0 ? "<p class=\"good\">Nothing.</p>\n" : "");
}

static void add_alerts(struct strbuf *out, const struct status_report *report)
{
    strbuf_add_text(out, "<h2>Last alerts of this process</h2>\n<ul class=\"rows\">\n");
    for (uint32_t i = 0; i < report->alert_count; i++) {
        const struct status_alert *row = &report->alerts[i];
        strbuf_printf(out,
                "<li><span><span class=\"badge %s\">%s</span> %s: ", class_of_tier(row->tier),
                row->tier, row->type);
        add_scope(out, &row->scope);
        strbuf_add_text(out, "</span><span>");
        add_time(out, row->at_ms);
        strbuf_add_text(out, "</span></li>\n");
    }
    strbuf_add_text(out, "</ul>\n");
    strbuf_add_text(out, report->alert_count == 0 ? "<p class=\"soft\">None yet.</p>\n" : "");
}

static void add_head(struct strbuf *out, struct board *board)
{
    struct strbuf reasons;
    strbuf_init(&reasons, REASONS_BYTES);
    bool is_ready = health_is_ready(board, &reasons);
    strbuf_printf(out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            "<meta http-equiv=\"refresh\" content=\"%d\">\n"
            "<title>wrongnumber: %s</title>\n<style>%s</style></head>\n"
            "<body><header><h1>wrongnumber</h1><span class=\"badge %s\">%s</span>",
            REFRESH_S, is_ready ? "ready" : "not ready", page_style, is_ready ? "good" : "bad",
            is_ready ? "ready" : "not ready");
    strbuf_add_text(out, "</header>\n<main>\n");
    if (!is_ready) {
        strbuf_add_text(out, "<p class=\"bad\"><code>");
        html_line(out, view_trim(strbuf_view(&reasons)));
        strbuf_add_text(out, "</code></p>\n");
    }
    strbuf_fini(&reasons);
}

void page_write(struct strbuf *out, struct board *board, const struct page_rates *rates)
{
    struct board_report *borrowed = board_borrow(board);
    const struct status_report *report = (const struct status_report *)borrowed;
    add_head(out, board);
    add_tiles(out, board, rates, report);
    add_chart(out, rates);
    if (report != NULL) {
        add_incidents(out, report);
        add_holds(out, report);
        add_alerts(out, report);
    } else {
        strbuf_add_text(out, "<p class=\"soft\">The detect half has not told anything yet, or does "
                             "not run here.</p>\n");
    }
    strbuf_add_text(out, "</main>\n<footer>");
    strbuf_printf(out, "wrongnumber %s, as of ", WN_VERSION);
    add_time(out, clock_wall().ms);
    strbuf_printf(out, ", read again every %d s. Numbers of people are nowhere on this page. ",
            REFRESH_S);
    strbuf_add_text(out, "<a href=\"/metrics\">metrics</a> <a href=\"/readyz\">readiness</a> "
                         "<a href=\"/version\">version</a></footer></body></html>\n");
    board_return(board, borrowed);
}

void page_policy(struct strbuf *out)
{
    uint8_t digest[SHA256_BYTES];
    digest_sha256(view_of(page_style), digest);
    strbuf_add_text(out, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "
                         "'none'; style-src 'sha256-");
    base64_add(out, digest, sizeof digest);
    strbuf_add_text(out, "'");
}
