#include "common/metric_text.h"

#include <stdio.h>

// What Prometheus wants escaped in HELP, and in a label's value quotes too.
static void write_escaped(struct strbuf *out, const char *text, bool is_quoted)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            strbuf_add_text(out, "\\\\");
        } else if (*text == '\n') {
            strbuf_add_text(out, "\\n");
        } else if (*text == '"' && is_quoted) {
            strbuf_add_text(out, "\\\"");
        } else {
            strbuf_add_byte(out, (uint8_t)*text);
        }
    }
}

// A whole number of scales as a decimal, as short as it is exact.
static void write_scaled(struct strbuf *out, int64_t value, int64_t scale)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t unit = scale > 0 ? (uint64_t)scale : METRIC_ONE;
    strbuf_add_text(out, value < 0 ? "-" : "");
    strbuf_add_u64(out, size / unit);
    uint64_t rest = size % unit;
    strbuf_add_text(out, rest != 0 ? "." : "");
    while (rest != 0) {
        unit /= 10;
        strbuf_add_byte(out, (uint8_t)('0' + rest / unit));
        rest %= unit;
    }
}

static void write_label(struct strbuf *out, bool *is_first, const char *name, const char *value)
{
    strbuf_add_byte(out, *is_first ? '{' : ',');
    strbuf_add_text(out, name);
    strbuf_add_text(out, "=\"");
    write_escaped(out, value, true);
    strbuf_add_byte(out, '"');
    *is_first = false;
}

// The labels of a page, without the closing brace.
static bool write_constants(struct strbuf *out, const struct metric_page *page)
{
    const struct metric_constant *constants;
    size_t count = metric_page_constants(page, &constants);
    bool is_first = true;
    for (size_t i = 0; i < count; i++) {
        write_label(out, &is_first, constants[i].name, constants[i].value);
    }
    return is_first;
}

static void write_labels(struct strbuf *out, const struct metric_page *page,
        const struct metric_family *family, size_t series)
{
    bool is_first = write_constants(out, page);
    size_t behind = metric_series_count(family);
    for (size_t i = 0; i < METRIC_LABELS_MAX && family->labels[i].name != NULL; i++) {
        const struct metric_label *label = &family->labels[i];
        behind /= label->count;
        size_t value = series / behind % label->count;
        if (label->values != NULL) {
            const char *word = label->values[value];
            write_label(out, &is_first, label->name, word != NULL ? word : "");
        } else {
            char number[24];
            snprintf(number, sizeof number, "%zu", value);
            write_label(out, &is_first, label->name, number);
        }
    }
    strbuf_add_text(out, is_first ? "" : "}");
}

static void write_bucket(struct strbuf *out, const struct metric_page *page,
        const struct metric_family *family, size_t bucket, uint64_t below)
{
    strbuf_add_text(out, family->name);
    strbuf_add_text(out, "_bucket");
    bool is_first = write_constants(out, page);
    strbuf_add_text(out, is_first ? "{le=\"" : ",le=\"");
    if (bucket < family->bounds->count) {
        write_scaled(out, family->bounds->upper[bucket], family->scale);
    } else {
        strbuf_add_text(out, "+Inf");
    }
    strbuf_printf(out, "\"} %llu\n", (unsigned long long)below);
}

static void write_sum(struct strbuf *out, const struct metric_page *page,
        const struct metric_family *family, const char *suffix, int64_t value, int64_t scale)
{
    strbuf_add_text(out, family->name);
    strbuf_add_text(out, suffix);
    strbuf_add_text(out, write_constants(out, page) ? " " : "} ");
    write_scaled(out, value, scale);
    strbuf_add_byte(out, '\n');
}

static void write_histogram(struct strbuf *out, const struct metric_page *page,
        const struct metric_family *family, size_t place)
{
    uint64_t below = 0;
    for (size_t i = 0; i <= family->bounds->count; i++) {
        below += metric_get_bucket(page, place, i);
        write_bucket(out, page, family, i, below);
    }
    write_sum(out, page, family, "_sum", metric_get_sum(page, place), family->scale);
    write_sum(out, page, family, "_count", (int64_t)below, METRIC_ONE);
}

static void write_series(struct strbuf *out, const struct metric_page *page,
        const struct metric_family *family, size_t place)
{
    if (family->type == METRIC_HISTOGRAM) {
        write_histogram(out, page, family, place);
        return;
    }
    for (size_t i = 0; i < metric_series_count(family); i++) {
        int64_t value;
        if (metric_get(page, place, i, &value)) {
            strbuf_add_text(out, family->name);
            write_labels(out, page, family, i);
            strbuf_add_byte(out, ' ');
            write_scaled(out, value, family->scale);
            strbuf_add_byte(out, '\n');
        }
    }
}

static void write_head(struct strbuf *out, const struct metric_family *family)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    strbuf_printf(out, "# HELP %s ", family->name);
    write_escaped(out, family->help, false);
    strbuf_printf(out, "\n# TYPE %s %s\n", family->name, types[family->type]);
}

static bool is_first_of_its_table(const struct metric_page *const *pages, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (metric_page_table(pages[i]) == metric_page_table(pages[at])) {
            return false;
        }
    }
    return true;
}

void metric_write(struct strbuf *out, const struct metric_page *const *pages, size_t count)
{
    for (size_t first = 0; first < count; first++) {
        const struct metric_table *table = metric_page_table(pages[first]);
        for (size_t place = 0; place < table->count && is_first_of_its_table(pages, first);
                place++) {
            write_head(out, &table->families[place]);
            for (size_t i = first; i < count; i++) {
                if (metric_page_table(pages[i]) == table) {
                    write_series(out, pages[i], &table->families[place], place);
                }
            }
        }
    }
}
