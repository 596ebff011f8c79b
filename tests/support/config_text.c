#include "config_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

enum { FINDINGS_MAX = 64 * 1024 };

void config_text_write(char ret_path[32], const char *text)
{
    snprintf(ret_path, 32, "/tmp/wn-config-text-XXXXXX");
    int fd = mkstemp(ret_path);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

struct config *config_text_load(const char *yaml, struct strbuf *findings)
{
    char path[32];
    config_text_write(path, yaml);
    struct config *config = NULL;
    strbuf_reset(findings);
    enum err e = config_load(&config, path, findings);
    CU_ASSERT_EQUAL(e == ERR_NONE, findings->n == 0);
    unlink(path);
    return config;
}

void config_text_refused(const char *yaml, const char *finding)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX);
    CU_ASSERT_PTR_NULL(config_text_load(yaml, &findings));
    const char *got = findings.p != NULL ? strchr(findings.p, ':') : NULL;
    unit_check_text("finding", got != NULL ? got : "", finding);
    strbuf_fini(&findings);
}

struct config *config_text_good(const char *yaml)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX);
    struct config *config = config_text_load(yaml, &findings);
    unit_check_text("findings", strbuf_view(&findings).p, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    strbuf_fini(&findings);
    return config;
}
