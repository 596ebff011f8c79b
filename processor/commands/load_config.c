#include "commands/load_config.h"

#include <stdio.h>

#include "kafka/kafka.h"
#include "redis/tls.h"

enum { FINDINGS_MAX_BYTES = 1024 * 1024 };

static void check_elsewhere(const struct config *config, struct strbuf *findings)
{
    const char *missing = config->redis.tls.is_on ? redis_tls_missing() : NULL;
    if (missing != NULL) {
        strbuf_printf(findings, "redis.tls.enabled: expected false: %s\n", missing);
    }
    size_t before = findings->n;
    enum err e = kafka_check_properties(config, findings);
    if (e != ERR_NONE && findings->n == before) {
        strbuf_printf(findings, "kafka.properties: expected librdkafka to accept them, got: %s\n",
                err_text(e));
    }
}

enum err command_read_sections(struct config **ret_config, const char *path,
        struct strbuf *findings, const char *const *sections)
{
    bool is_warned = false;
    enum err e = path == NULL ? config_create_default(ret_config)
                              : config_load_sections(ret_config, path, findings, check_elsewhere,
                                        sections, &is_warned);
    if (e == ERR_NONE && is_warned) {
        strbuf_add_text(findings,
                "warning: none of that is needed here, so it goes on; `run` and a "
                "reload would refuse the file\n");
    }
    if (e != ERR_NONE && findings->n == 0) {
        strbuf_printf(findings, "%s: %s\n", path != NULL ? path : "the configuration", err_text(e));
    }
    return e;
}

enum err command_read_config(struct config **ret_config, const char *path, struct strbuf *findings)
{
    return command_read_sections(ret_config, path, findings, NULL);
}

enum err command_load_config(struct config **ret_config, const char *path)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    enum err e = command_read_config(ret_config, path, &findings);
    fprintf(stderr, "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    strbuf_fini(&findings);
    return e;
}
