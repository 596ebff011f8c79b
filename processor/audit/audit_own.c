#include "audit/audit_own.h"

#include <sys/random.h>

#include "audit/audit_line.h"
#include "common/json_out.h"

void audit_begun_write(struct strbuf *sb, const struct audit_begun *begun)
{
    struct json_out out;
    strbuf_reset(sb);
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_int(&out, "format", AUDIT_FORMAT_VERSION);
    json_string(&out, "log_id", begun->log_id);
    json_int(&out, "file", begun->file);
    json_string_or_null(&out, "key_id", begun->key_id);
    json_string(&out, "instance", begun->instance);
    json_string(&out, "program", begun->program);
    json_string(&out, "config_sha256", begun->config_digest);
    if (begun->previous->file == 0) {
        json_null(&out, "previous");
    } else {
        json_object(&out, "previous");
        json_int(&out, "file", begun->previous->file);
        json_bool(&out, "ended", begun->previous->is_ended);
        json_int(&out, "cut_bytes", (int64_t)begun->previous->cut_bytes);
        json_object_end(&out);
    }
    json_object_end(&out);
}

void audit_ended_write(struct strbuf *sb, const char *why)
{
    struct json_out out;
    strbuf_reset(sb);
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_text(&out, "why", why);
    json_object_end(&out);
}

enum err audit_log_id_make(char ret_id[AUDIT_LOG_ID_BYTES])
{
    uint8_t random[AUDIT_LOG_ID_BYTES / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return ERR_UNAVAILABLE;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        ret_id[2 * i] = "0123456789abcdef"[random[i] >> 4];
        ret_id[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
    }
    return ERR_NONE;
}
