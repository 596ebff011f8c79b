// Any bytes, as a configuration. What must hold: one that is let through is printed as a text that is
// let through and printed the same; what is refused has a finding, with a place in the file.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/assure.h"
#include "input.h"
#include "policy/config.h"

enum { TEXT_BYTES = 1 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    // Configurations may name variables.
    ASSURE(setenv("WN_TEXT", "a 'b' \"c\" # ${d}", 1) == 0);
    return 0;
}

// Loads a text through the very call that loads a file.
static enum err load(struct config **ret_config, struct view text, struct strbuf *findings)
{
    char path[64];
    int fd = memfd_create("config", MFD_CLOEXEC);
    ASSURE(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
    int n = snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ASSURE(n > 0);
    enum err e = config_load(ret_config, path, findings);
    close(fd);
    return e;
}

static void check_printed(const struct config *config)
{
    struct strbuf printed;
    struct strbuf again;
    struct strbuf findings;
    strbuf_init(&printed, TEXT_BYTES);
    strbuf_init(&again, TEXT_BYTES);
    strbuf_init(&findings, TEXT_BYTES);
    config_print(&printed, config);
    ASSURE(printed.failed == ERR_NONE);
    struct config *back;
    enum err e = load(&back, strbuf_view(&printed), &findings);
    if (e != ERR_NONE) {
        fprintf(stderr, "%.*s\n%.*s\n", VIEW_ARGS(strbuf_view(&printed)),
                VIEW_ARGS(strbuf_view(&findings)));
    }
    ASSURE(e == ERR_NONE);
    config_print(&again, back);
    ASSURE(view_equal(strbuf_view(&printed), strbuf_view(&again)));
    ASSURE(strcmp(config->policy.version, back->policy.version) == 0);
    config_destroy(back);
    strbuf_fini(&printed);
    strbuf_fini(&again);
    strbuf_fini(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf findings;
    strbuf_init(&findings, TEXT_BYTES);
    struct config *config;
    struct view text = view_bytes(size > 0 ? (const char *)data : "", size);
    enum err e = load(&config, text, &findings);
    if (e == ERR_NONE) {
        check_printed(config);
        config_destroy(config);
    } else {
        ASSURE(e == ERR_CONFIG && findings.n > 0 && findings.p[findings.n - 1] == '\n');
        ASSURE(view_starts_with(strbuf_view(&findings), VIEW("/proc/self/fd/")));
    }
    strbuf_fini(&findings);
    return 0;
}
