#include "ops/page.h"

#include <stdio.h>
#include <string.h>

#include "common/digest.h"
#include "common/html_text.h"
#include "common/json_out.h"
#include "ops/health.h"
#include "ops/page_inside.h"

enum { REFRESH_S = 5, REASONS_BYTES = 8 * 1024 };

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

static void tile(
        struct strbuf *out, const char *class, int64_t value, bool is_there, const char *text)
{
    strbuf_printf(out, "<li><b class=\"%s\">", class);
    if (is_there) {
        page_add_count(out, value);
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
            strcmp(state, "trusted") == 0 ? "good"
            : strcmp(state, "–") == 0     ? ""
                                          : "bad",
            state);
    if (has_age) {
        strbuf_add_text(out, ", ");
        page_add_span(out, age_ms);
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
    page_add_count(out, most);
    strbuf_add_text(out, "; the misdirected in red</figcaption></figure>\n");
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

// That the policy in force is not the one on disk.
static void add_reload(struct strbuf *out, struct board *board)
{
    int64_t since_ms = atomic_load(&board_process(board)->reload_failed_since_ms);
    if (since_ms != 0) {
        strbuf_add_text(out, "<p class=\"note warn\">A new policy was refused at ");
        page_add_time(out, since_ms);
        strbuf_add_text(out,
                ": the one before is in force. The log of that moment says why, and so "
                "does <code>wrongnumber check</code>.</p>\n");
    }
}

void page_write(struct strbuf *out, struct board *board, const struct page_rates *rates)
{
    struct board_report *borrowed = board_borrow(board);
    const struct status_report *report = (const struct status_report *)borrowed;
    add_head(out, board);
    add_reload(out, board);
    add_tiles(out, board, rates, report);
    add_chart(out, rates);
    if (report != NULL) {
        page_add_report(out, report);
    } else {
        strbuf_add_text(out, "<p class=\"soft\">The detect half has not told anything yet, or does "
                             "not run here.</p>\n");
    }
    strbuf_add_text(out, "</main>\n<footer>");
    strbuf_printf(out, "wrongnumber %s, as of ", WN_VERSION);
    page_add_time(out, clock_wall().ms);
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
