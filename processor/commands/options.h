// The options that most verbs share: -c CONFIG and -X name=value, and how a number is read.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "policy/config.h"

#define OPTIONS_SHORT "c:X:h"
// Rows for getopt_long.
#define OPTIONS_LONG                                                                               \
    {"config", required_argument, NULL, 'c'}, {"property", required_argument, NULL, 'X'},          \
    {                                                                                              \
        "help", no_argument, NULL, 'h'                                                             \
    }
#define OPTIONS_USAGE                                                                              \
    "  -c, --config FILE     the configuration; without it, its defaults\n"                        \
    "  -X, --property N=V    a property for librdkafka, over those of the configuration; also\n"   \
    "                        bootstrap.servers=HOST:PORT\n"

struct options {
    const char *config_path;              // NULL = the defaults
    const char *properties[PROPERTY_MAX]; // "name=value"
    uint32_t property_count;
    bool helps;
};

// Takes what getopt_long returned; false when it is none of the shared ones, or is wrong (which it
// says on stderr).
bool options_take(struct options *options, int option, char *argument);
// The configuration with the properties over it, checked. Findings go to stderr.
MUST_CHECK enum err options_load_config(const struct options *options, struct config **ret_config);
// The same for a verb that only reads or commands and must not be stopped by what is wrong elsewhere in the
// file: of it only `sections` are used, ended by NULL (config_load_sections).
MUST_CHECK enum err options_load_sections(
        const struct options *options, const char *const *sections, struct config **ret_config);

// The same with the findings into `findings`.
MUST_CHECK enum err options_read_config(
        const struct options *options, struct config **ret_config, struct strbuf *findings);

// A whole decimal number within low .. high; false when it is anything else, which it says on
// stderr.
bool options_number(const char *name, const char *text, int64_t low, int64_t high, int64_t *ret);
