#include "commands/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/load_config.h"
#include "kafka/kafka.h"

enum { FINDINGS_MAX_BYTES = 1024 * 1024 };

bool options_take(struct options *options, int option, char *argument)
{
    switch (option) {
    case 'c':
        options->config_path = argument;
        return true;
    case 'X':
        if (strchr(argument, '=') == NULL || options->property_count == PROPERTY_MAX) {
            fprintf(stderr, "-X %s: expected name=value, at most %d of them\n", argument,
                    (int)PROPERTY_MAX);
            return false;
        }
        options->properties[options->property_count++] = argument;
        return true;
    case 'h':
        options->helps = true;
        return true;
    default:
        return false;
    }
}

bool options_number(const char *name, const char *text, int64_t low, int64_t high, int64_t *ret)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool is_good = errno == 0 && end != text && *end == '\0' && text[0] != ' ' && number >= low &&
                   number <= high;
    if (!is_good) {
        fprintf(stderr, "%s %s: expected a whole number from %lld to %lld\n", name, text,
                (long long)low, (long long)high);
        return false;
    }
    *ret = number;
    return true;
}

// The property's value, made ready to be replaced; NULL when there is no room for one more.
static char **property_place(struct config *config, struct view name)
{
    for (uint32_t i = 0; i < config->kafka.property_count; i++) {
        if (view_is(name, config->kafka.properties[i].name)) {
            return &config->kafka.properties[i].value;
        }
    }
    if (config->kafka.property_count == PROPERTY_MAX) {
        return NULL;
    }
    struct property *property = &config->kafka.properties[config->kafka.property_count];
    *property = (struct property){.name = view_dup(name)};
    if (property->name == NULL) {
        return NULL;
    }
    config->kafka.property_count++;
    return &property->value;
}

static enum err apply_property(struct config *config, const char *text, struct strbuf *findings)
{
    const char *equals = strchr(text, '=');
    struct view name = {text, (size_t)(equals - text)};
    // The one name that people type for any Kafka tool; it has a place of its own in the
    // configuration.
    char **place = view_is(name, "bootstrap.servers") ? &config->kafka.bootstrap
                                                      : property_place(config, name);
    if (place == NULL) {
        strbuf_printf(
                findings, "-X %s: no room for more than %d properties\n", text, (int)PROPERTY_MAX);
        return ERR_CEILING;
    }
    char *value = strdup(equals + 1);
    if (value == NULL) {
        return ERR_NO_MEMORY;
    }
    free(*place);
    *place = value;
    return ERR_NONE;
}

static enum err apply_properties(
        const struct options *options, struct config *config, struct strbuf *findings)
{
    enum err err = ERR_NONE;
    for (uint32_t i = 0; i < options->property_count && err == ERR_NONE; i++) {
        err = apply_property(config, options->properties[i], findings);
    }
    return err != ERR_NONE || options->property_count == 0
                   ? err
                   : kafka_check_properties(config, findings);
}

static enum err read_sections(const struct options *options, const char *const *sections,
        struct config **ret_config, struct strbuf *findings)
{
    struct config *config = NULL;
    enum err err = command_read_sections(&config, options->config_path, findings, sections);
    if (err != ERR_NONE) {
        return err;
    }
    err = apply_properties(options, config, findings);
    if (err != ERR_NONE) {
        config_destroy(config);
        return err;
    }
    *ret_config = config;
    return ERR_NONE;
}

enum err options_load_sections(
        const struct options *options, const char *const *sections, struct config **ret_config)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    enum err err = read_sections(options, sections, ret_config, &findings);
    fprintf(stderr, "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    strbuf_fini(&findings);
    return err;
}

enum err options_load_config(const struct options *options, struct config **ret_config)
{
    return options_load_sections(options, NULL, ret_config);
}

enum err options_read_config(
        const struct options *options, struct config **ret_config, struct strbuf *findings)
{
    return read_sections(options, NULL, ret_config, findings);
}
