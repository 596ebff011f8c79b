#include "policy/config_maps.h"

#include <stdlib.h>
#include <strings.h>

#include "policy/config.h"
#include "policy/config_rules.h"
#include "policy/config_text.h"

static void print_indented_key(struct strbuf *sb, unsigned indent, const char *key)
{
    strbuf_printf(sb, "%*s", (int)(2 * indent), "");
    conf_print_text(sb, key);
    strbuf_add_text(sb, ": ");
}

// --- kafka.properties -------------------------------------------------------------------------

static void properties_clear(void *target)
{
    struct config *config = target;
    for (uint32_t i = 0; i < config->kafka.property_count; i++) {
        free(config->kafka.properties[i].name);
        free(config->kafka.properties[i].value);
    }
    config->kafka.property_count = 0;
}

static void properties_add(
        struct conf_reader *reader, const struct conf_node *entry, const char *path, void *target)
{
    struct config *config = target;
    struct conf_report *report = conf_reader_report(reader);
    if (entry->key.n > 128 || config_text_word(entry->key) != NULL) {
        conf_find(report, entry->key_mark, path, "expected a librdkafka property's name");
        return;
    }
    if (config->kafka.property_count == PROPERTY_MAX) {
        conf_find(report, entry->key_mark, path, "expected at most %d properties", PROPERTY_MAX);
        return;
    }
    struct view value;
    if (!conf_read_text(reader, entry, path, "a property's value", &value)) {
        return;
    }
    if (memchr(value.p, '\0', value.n) != NULL) {
        conf_find(report, entry->mark, path, "expected text without NUL");
        return;
    }
    struct property *property = &config->kafka.properties[config->kafka.property_count];
    *property = (struct property){.name = view_dup(entry->key),
            .value = view_dup(value),
            .line = entry->mark.line,
            .column = entry->mark.column};
    config->kafka.property_count++;
    report->out_of_memory |= property->name == NULL || property->value == NULL;
}

// Whether a property's value must not be shown.
static bool is_secret(const char *name)
{
    static const char *const marks[] = {
            "password", "secret", "jaas", "token", "private", "pem", "credential", "oauthbearer"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strcasestr(name, marks[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void properties_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    strbuf_add_text(sb, config->kafka.property_count == 0 ? " {}\n" : "\n");
    for (uint32_t i = 0; i < config->kafka.property_count; i++) {
        const struct property *property = &config->kafka.properties[i];
        print_indented_key(sb, indent, property->name);
        conf_print_text(sb, is_secret(property->name) ? "(left out)" : property->value);
        strbuf_add_byte(sb, '\n');
    }
}

const struct conf_map config_properties_map = {
        .clear = properties_clear, .add = properties_add, .print = properties_print};

// --- policy.purposes --------------------------------------------------------------------------

static void purposes_clear(void *target)
{
    struct config *config = target;
    config->policy.purpose_count = 0;
}

static bool is_purpose_name(struct view name)
{
    for (size_t i = 0; i < name.n; i++) {
        if ((uint8_t)name.p[i] <= ' ' || name.p[i] == 0x7f) {
            return false;
        }
    }
    return name.n > 0 && name.n < sizeof((struct watched_purpose *)0)->name;
}

static void purposes_add(
        struct conf_reader *reader, const struct conf_node *entry, const char *path, void *target)
{
    struct config *config = target;
    struct conf_report *report = conf_reader_report(reader);
    if (!is_purpose_name(entry->key)) {
        conf_find(report, entry->key_mark, path, "expected a purpose of 1 to 63 bytes, no spaces");
        return;
    }
    if (config->policy.purpose_count == PURPOSE_MAX) {
        conf_find(report, entry->key_mark, path, "expected at most %d purposes", PURPOSE_MAX);
        return;
    }
    uint32_t counting = 0;
    if (!conf_read_words(reader, entry, path, config_counting_words, &counting)) {
        return;
    }
    struct watched_purpose *purpose = &config->policy.purposes[config->policy.purpose_count++];
    *purpose = (struct watched_purpose){.counting = counting};
    memcpy(purpose->name, entry->key.p, entry->key.n);
}

static void purposes_check(
        struct conf_reader *reader, const struct conf_node *map, const char *path, void *target)
{
    (void)target;
    if (map->first == NULL) {
        conf_find(conf_reader_report(reader), map->mark, path,
                "expected at least one purpose, got none");
    }
}

static void purposes_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    strbuf_add_byte(sb, '\n');
    for (uint32_t i = 0; i < config->policy.purpose_count; i++) {
        const struct watched_purpose *purpose = &config->policy.purposes[i];
        print_indented_key(sb, indent, purpose->name);
        conf_print_words(sb, config_counting_words, purpose->counting);
        strbuf_add_byte(sb, '\n');
    }
}

const struct conf_map config_purposes_map = {.clear = purposes_clear,
        .add = purposes_add,
        .check = purposes_check,
        .print = purposes_print};

// --- policy.vendors ---------------------------------------------------------------------------

static void vendors_forget(void *target)
{
    struct config *config = target;
    vendors_clear(&config->policy.vendors);
}

static void vendors_take(
        struct conf_reader *reader, const struct conf_node *entry, const char *path, void *target)
{
    struct config *config = target;
    struct conf_report *report = conf_reader_report(reader);
    struct view id;
    if (!conf_read_text(reader, entry, path, "vendor or tenant/vendor", &id)) {
        return;
    }
    if (id.n == 0 || id.n >= VENDOR_MAX_BYTES || memchr(id.p, '\0', id.n) != NULL) {
        conf_find(report, entry->mark, path, "expected vendor or tenant/vendor, 1 to 512 bytes");
        return;
    }
    enum err e = vendors_add(&config->policy.vendors, id);
    if (e == ERR_CEILING) {
        conf_find(report, entry->mark, path, "expected at most %d vendors", VENDORS_MAX);
    }
    report->out_of_memory |= e == ERR_NO_MEMORY;
}

static void vendors_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    const struct vendors *vendors = &config->policy.vendors;
    strbuf_add_text(sb, vendors->count == 0 ? " []\n" : "\n");
    for (uint32_t i = 0; i < vendors->count; i++) {
        strbuf_printf(sb, "%*s- ", (int)(2 * indent), "");
        conf_print_text(sb, vendors->ids[i]);
        strbuf_add_byte(sb, '\n');
    }
}

const struct conf_map config_vendors_map = {
        .clear = vendors_forget, .add = vendors_take, .print = vendors_print};
