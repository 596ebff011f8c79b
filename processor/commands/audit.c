// audit: what was commanded, proved, shown and kept. Each verb of it has a file.
#include "commands/audit.h"

#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/open_audit.h"

enum { WHY_MAX_BYTES = 16 * 1024 };

// clang-format off
static const char usage[] =
        "usage: wrongnumber audit VERB [OPTIONS]\n"
        "\n"
        "The audit log (audit.directory) holds every alert, command and outcome of a person's command,\n"
        "as it was sent, in a chain of hashes under a key.\n"
        "\n"
        "  verify   check that nothing in it was changed, taken out or cut off\n"
        "  export   the report of one incident, as JSON and as a page\n"
        "  hold     keep the records of an incident from being purged; list what is kept\n"
        "  purge    take the content of old records out, with an account of it\n"
        "\n"
        "  wrongnumber audit VERB --help  all about one of them\n";
// clang-format on

bool audit_place_take(struct audit_place_options *place, int option, char *argument)
{
    if (option == 'u') {
        place->allows_unkeyed = true;
        return true;
    }
    if (option != 'k') {
        return options_take(&place->options, option, argument);
    }
    if (strchr(argument, '=') == NULL || place->key_count == AUDIT_KEYS_MAX) {
        fprintf(stderr, "--key %s: expected ID=FILE, %d of them at most\n", argument,
                AUDIT_KEYS_MAX);
        return false;
    }
    place->keys[place->key_count++] = argument;
    return true;
}

static enum err add_keys(const struct audit_place_options *place, const struct config *config,
        struct audit_keys *keys, struct strbuf *why)
{
    enum err e = config != NULL ? open_audit_keys(keys, config, why) : ERR_NONE;
    for (size_t i = 0; i < place->key_count && e == ERR_NONE; i++) {
        const char *equals = strchr(place->keys[i], '=');
        const struct view id = {place->keys[i], (size_t)(equals - place->keys[i])};
        e = audit_keys_add(keys, id, equals + 1, why);
    }
    return e;
}

enum err audit_place_open(const struct audit_place_options *place, struct config **ret_config,
        struct audit_keys *keys, const char **ret_directory)
{
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    enum err e = ERR_NONE;
    if (place->options.config_path != NULL || place->directory == NULL) {
        static const char *const sections[] = {"audit", "kafka", "topics", NULL};
        e = options_load_sections(&place->options, sections, ret_config);
    }
    e = e != ERR_NONE ? e : add_keys(place, *ret_config, keys, &why);
    const char *named = *ret_config != NULL ? (*ret_config)->audit.directory : NULL;
    *ret_directory = place->directory != NULL ? place->directory : named;
    if (e == ERR_NONE && *ret_directory == NULL) {
        strbuf_add_text(&why, "the configuration has no audit.directory; name the folder");
        e = ERR_USAGE;
    }
    if (why.n > 0) {
        fprintf(stderr, "audit: %s\n", why.p);
    }
    strbuf_fini(&why);
    return e;
}

int command_audit(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {{"verify", audit_verify}, {"export", audit_export}, {"hold", audit_hold},
            {"purge", audit_purge}};
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    bool helps = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    fputs(usage, helps ? stdout : stderr);
    return helps ? 0 : err_exit_status(ERR_USAGE);
}
