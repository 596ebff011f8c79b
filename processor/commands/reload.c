#include "commands/reload.h"

#include <string.h>

#include "common/log.h"

enum { FINDINGS_MAX_BYTES = 1024 * 1024 };

// One line of the log each.
static void tell(struct view findings)
{
    while (findings.n > 0) {
        const char *end = memchr(findings.p, '\n', findings.n);
        size_t n = end != NULL ? (size_t)(end - findings.p) : findings.n;
        log_error("run", "%.*s", (int)n, findings.p);
        findings = view_skip(findings, end != NULL ? n + 1 : n);
    }
}

bool reload_policy(const struct options *options, const struct config *running,
        struct policy_feed *feed, char ret_version[POLICY_VERSION_HEX + 1])
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    struct config *config = NULL;
    enum err e = options_read_config(options, &config, &findings);
    if (e == ERR_NONE && !config_differs_in_policy_only(running, config, &findings)) {
        e = ERR_CONFIG;
    }
    char version[POLICY_VERSION_HEX + 1];
    if (e == ERR_NONE) {
        memcpy(version, config->policy.version, sizeof version);
        e = policy_feed_give(feed, config);
    }
    if (e == ERR_NONE) {
        log_info("run", "SIGHUP: policy %s is in force, in the place of %s", version, ret_version);
        memcpy(ret_version, version, sizeof version);
    } else {
        tell(strbuf_view(&findings));
        log_error(
                "run", "SIGHUP: refused (%s): policy %s stays in force", err_text(e), ret_version);
        config_destroy(config);
    }
    strbuf_fini(&findings);
    return e == ERR_NONE;
}
