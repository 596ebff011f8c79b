#include "commands/open_audit.h"

#include <unistd.h>

#include "common/log.h"

enum {
    NOTES_MAX_BYTES = 64 * 1024,
    PRINTED_MAX_BYTES = 1024 * 1024,
    INSTANCE_MAX_BYTES = 512,
    HOST_MAX_BYTES = 256,
    HOUR_MS = 60 * 60 * 1000,
};

enum err open_audit_keys(struct audit_keys *keys, const struct config *config, struct strbuf *why)
{
    enum err e = ERR_NONE;
    if (config->audit.key_file != NULL) {
        e = audit_keys_add(keys, view_of(config->audit.key_id), config->audit.key_file, why);
        keys->knows_current = e == ERR_NONE;
    }
    if (e == ERR_NONE && config->audit.previous_key_file != NULL) {
        e = audit_keys_add(
                keys, view_of(config->audit.previous_key_id), config->audit.previous_key_file, why);
    }
    return e;
}

// Who writes: the group, and the instance's name or where it runs.
static void add_instance(struct strbuf *sb, const struct config *config)
{
    char host[HOST_MAX_BYTES] = "";
    (void)gethostname(host, sizeof host - 1);
    if (config->kafka.instance_id != NULL) {
        strbuf_printf(sb, "%s/%s", config->kafka.group, config->kafka.instance_id);
    } else {
        strbuf_printf(sb, "%s/%s:%ld", config->kafka.group, host, (long)getpid());
    }
}

static void tell_notes(const struct strbuf *notes, bool is_trouble)
{
    struct view rest = strbuf_view(notes);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
        if (is_trouble) {
            log_error("audit", "%.*s", (int)n, rest.p);
        } else {
            log_warn("audit", "%.*s", (int)n, rest.p);
        }
        rest = view_skip(rest, end != NULL ? n + 1 : n);
    }
}

static enum err open_log(struct audit_log **ret_log, struct audit_keys *keys,
        const struct config *config, struct strbuf *notes)
{
    struct strbuf printed;
    struct strbuf digest;
    struct strbuf instance;
    strbuf_init(&printed, PRINTED_MAX_BYTES);
    strbuf_init(&digest, 2 * SHA256_BYTES + 1);
    strbuf_init(&instance, INSTANCE_MAX_BYTES);
    config_print(&printed, config);
    digest_add_sha256_hex(&digest, strbuf_view(&printed), SHA256_BYTES);
    add_instance(&instance, config);
    const struct audit_log_options options = {
            .directory = config->audit.directory,
            .keys = keys,
            .file_bytes = config->audit.file_bytes,
            .instance = strbuf_view(&instance),
            .program = VIEW(WN_VERSION),
            .config_digest = strbuf_view(&digest),
            .policy_version = view_of(config->policy.version),
    };
    enum err e = audit_log_open(ret_log, &options, notes);
    strbuf_fini(&printed);
    strbuf_fini(&digest);
    strbuf_fini(&instance);
    return e;
}

enum err open_audit_log(
        struct audit_log **ret_log, struct audit_keys *keys, const struct config *config)
{
    if (config->audit.directory == NULL) {
        *ret_log = NULL;
        return ERR_NONE;
    }
    struct strbuf notes;
    strbuf_init(&notes, NOTES_MAX_BYTES);
    enum err e = open_audit_keys(keys, config, &notes);
    e = e != ERR_NONE ? e : open_log(ret_log, keys, config, &notes);
    tell_notes(&notes, e != ERR_NONE);
    strbuf_fini(&notes);
    if (e == ERR_NONE && keys->count == 0) {
        log_warn("audit", "audit.key_file is not set: who can write %s can forge it",
                config->audit.directory);
    }
    return e;
}

void tell_audit_head(struct audit_log *log, struct mono_time *told_at, bool is_due)
{
    struct mono_time now = clock_mono();
    if (log == NULL || (!is_due && mono_left_ms(now, mono_after_ms(*told_at, HOUR_MS)) > 0)) {
        return;
    }
    *told_at = now;
    struct strbuf head;
    strbuf_init(&head, NOTES_MAX_BYTES);
    audit_log_head(log, &head);
    if (head.n > 0) {
        log_info("audit", "head %s", head.p);
    }
    strbuf_fini(&head);
}
