// A verb that needs some sections of the configuration only is not stopped by what is wrong in the others.
#include "policy/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/unit.h"

enum { TEXT_BYTES = 64 * 1024 };

#define GOOD "kafka:\n  bootstrap: \"broker:1\"\n"
#define BAD_LISTS "policy:\n  lists:\n    - {list: block}\n"

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(fputs(text, file) >= 0);
    fclose(file);
}

static void test_sections(void)
{
    static const char *const needed[] = {"kafka", "topics", "control", NULL};
    static const struct {
        const char *text;
        bool is_read;
        bool is_warned;
        const char *told; // a part of what is found
    } rows[] = {
            {GOOD, true, false, ""},
            {GOOD BAD_LISTS, true, true, "warning: policy.lists"},
            {GOOD "policy:\n  lists_file: /nowhere\n", true, true,
                    ":1:1: warning: policy.lists_file: "},
            {GOOD "policy:\n  mood: monitor\n", true, true, ":4:3: warning: policy.mood: "},
            {GOOD "redis: 7\n", true, true, "warning: redis: "},
            {GOOD "pseudonym:\n  key_file: /nowhere\n", true, true,
                    "warning: pseudonym.key_file: "},
            {GOOD "control:\n  key_file: /nowhere\n", false, false, ":4:13: control.key_file: "},
            {GOOD "topics:\n  alert: x\n", false, false, ": topics.alert: "},
            {"kafak:\n  bootstrap: \"broker:1\"\n", false, false, ": kafak: expected a known key"},
            {GOOD BAD_LISTS "topics: 7\n", false, false, ": topics: "},
            {"kafka: [\n", false, false, ": YAML: "},
    };
    char path[] = "/tmp/wn-sections-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put(path, rows[i].text);
        struct strbuf findings;
        strbuf_init(&findings, TEXT_BYTES);
        struct config *config = NULL;
        bool is_warned = false;
        enum err e = config_load_sections(&config, path, &findings, NULL, needed, &is_warned);
        CU_ASSERT_EQUAL(e, rows[i].is_read ? ERR_NONE : ERR_CONFIG);
        CU_ASSERT_EQUAL(is_warned, rows[i].is_warned);
        CU_ASSERT_PTR_NOT_NULL(strstr(findings.n > 0 ? findings.p : "", rows[i].told));
        if (e != (rows[i].is_read ? ERR_NONE : ERR_CONFIG) ||
                strstr(findings.n > 0 ? findings.p : "", rows[i].told) == NULL) {
            fprintf(stderr, "%s: %s\n", rows[i].text, findings.n > 0 ? findings.p : "nothing");
        }
        if (e == ERR_NONE) {
            unit_check_text("bootstrap", config->kafka.bootstrap, "broker:1");
        }
        config_destroy(config);
        config = NULL;
        // Whoever needs all of it is told the same, without the word.
        strbuf_reset(&findings);
        CU_ASSERT_EQUAL(config_load(&config, path, &findings) == ERR_NONE,
                rows[i].is_read && !rows[i].is_warned);
        CU_ASSERT_PTR_NULL(strstr(findings.n > 0 ? findings.p : "", "warning"));
        config_destroy(config);
        strbuf_fini(&findings);
    }
    unlink(path);
}

// What is wrong inside the lists' file is as grave as the file is.
static void test_lists_file(void)
{
    static const char *const needed[] = {"kafka", NULL};
    char lists[] = "/tmp/wn-lists-XXXXXX";
    char path[] = "/tmp/wn-sections-XXXXXX";
    int fds[2] = {mkstemp(lists), mkstemp(path)};
    CU_ASSERT_FATAL(fds[0] >= 0 && fds[1] >= 0);
    close(fds[0]);
    close(fds[1]);
    put(lists, "no JSON\n");
    char text[200];
    snprintf(text, sizeof text, GOOD "policy:\n  lists_file: %s\n", lists);
    put(path, text);
    struct strbuf findings;
    strbuf_init(&findings, TEXT_BYTES);
    struct config *config = NULL;
    bool is_warned = false;
    CU_ASSERT_EQUAL(
            config_load_sections(&config, path, &findings, NULL, needed, &is_warned), ERR_NONE);
    CU_ASSERT_TRUE(is_warned);
    CU_ASSERT_PTR_NOT_NULL(strstr(findings.n > 0 ? findings.p : "", "warning: "));
    config_destroy(config);
    strbuf_fini(&findings);
    unlink(lists);
    unlink(path);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"sections", test_sections},
            {"lists_file", test_lists_file},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "config_sections", tests);
}
