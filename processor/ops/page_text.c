// Words of the status page.
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/html_text.h"
#include "ops/page_inside.h"

void page_add_text(struct strbuf *out, const char *text)
{
    html_line(out, view_of(text));
}

void page_add_count(struct strbuf *out, int64_t count)
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

void page_add_span(struct strbuf *out, int64_t ms)
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

void page_add_time(struct strbuf *out, int64_t ms)
{
    strbuf_add_text(out, "<time>");
    clock_format(out, ms);
    strbuf_truncate(out, out->n >= 5 ? out->n - 5 : 0); // no milliseconds
    strbuf_add_text(out, "Z</time>");
}

void page_add_scope(struct strbuf *out, const struct status_scope *scope)
{
    strbuf_printf(out, "%s <code>", scope->kind);
    page_add_text(out, scope->id);
    strbuf_add_text(out, "</code>");
    if (strcmp(scope->kind, "tenant") != 0) {
        strbuf_add_text(out, " of <code>");
        page_add_text(out, scope->tenant);
        strbuf_add_text(out, "</code>");
    }
    if (scope->channel[0] != '\0') {
        strbuf_add_text(out, " by <code>");
        page_add_text(out, scope->channel);
        strbuf_add_text(out, "</code>");
    }
}

const char *page_class_of_tier(const char *tier)
{
    bool is_high = strcmp(tier, "quarantine") == 0 || strcmp(tier, "stop") == 0;
    return is_high ? "bad" : strcmp(tier, "alert") == 0 ? "warn" : "soft";
}
