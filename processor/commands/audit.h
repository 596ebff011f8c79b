// The verbs of `wrongnumber audit`, each with its own arguments, argv[0] being its name.
#pragma once

#include "audit/audit_check.h"
#include "commands/options.h"

int audit_verify(int argc, char **argv);
int audit_export(int argc, char **argv);
int audit_hold(int argc, char **argv);
int audit_purge(int argc, char **argv);

// What they all begin with: which folder, and the keys.
struct audit_place_options {
    struct options options;
    const char *directory;            // as given; NULL = the configuration's
    const char *keys[AUDIT_KEYS_MAX]; // "id=file"
    size_t key_count;
    bool allows_unkeyed; // audit_check's
};

#define AUDIT_PLACE_SHORT OPTIONS_SHORT "k:"
#define AUDIT_PLACE_LONG                                                                           \
    OPTIONS_LONG, {"key", required_argument, NULL, 'k'},                                           \
    {                                                                                              \
        "unkeyed", no_argument, NULL, 'u'                                                          \
    }
#define AUDIT_PLACE_USAGE                                                                          \
    "  -c, --config FILE     the configuration, which names folder and keys\n"                     \
    "  -X, --property N=V    as for the other verbs; the audit log needs none\n"                   \
    "  -k, --key ID=FILE     one more key, such as one that was replaced long ago\n"               \
    "      --unkeyed         records without a key are fine before the first one with a key: "     \
    "those\n"                                                                                      \
    "                        from before there was one\n"

// Takes what getopt_long returned; false when it is wrong, which it says on stderr.
bool audit_place_take(struct audit_place_options *place, int option, char *argument);
// Folder and keys. The findings go to stderr. *ret_config may be NULL, when only a folder was given; it and
// the keys are the caller's, also after an error.
MUST_CHECK enum err audit_place_open(const struct audit_place_options *place,
        struct config **ret_config, struct audit_keys *keys, const char **ret_directory);
