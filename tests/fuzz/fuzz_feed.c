// Any bytes, as a file of loader lines; first byte: whether bad lines are skipped. What must hold: the
// report adds up to the lines that the file has, and nothing behind a bad line is applied that ought
// not to be.
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/assure.h"
#include "input.h"
#include "relationship/feed.h"

struct taken {
    uint64_t count;
};

static enum err apply(void *self, const struct relationship *rel)
{
    struct taken *taken = self;
    taken->count++;
    ASSURE(rel->recipient.canonical.n > 0 && rel->party_count <= PARTY_MAX);
    return ERR_NONE;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static uint64_t count_lines(struct view text)
{
    uint64_t count = 0;
    while (text.n > 0) {
        (void)fuzz_take_line(&text);
        count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_bytes(size > 0 ? (const char *)data : "", size);
    bool skip_bad = (fuzz_take_byte(&text) & 1) != 0;
    char path[64];
    int fd = memfd_create("feed", MFD_CLOEXEC);
    ASSURE(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
    int n = snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ASSURE(n > 0);
    struct taken taken = {0};
    const struct feed feed = {.path = path,
            .default_region = "CN",
            .skip_bad = skip_bad,
            .apply = apply,
            .self = &taken};
    struct feed_report report;
    enum err e = feed_run(&feed, &report);
    close(fd);
    ASSURE(e == ERR_NONE || e == ERR_DATA);
    ASSURE((e == ERR_DATA) == (report.refused > 0 && !skip_bad));
    ASSURE(report.lines == count_lines(text));
    ASSURE(report.applied == taken.count && report.applied + report.refused <= report.lines);
    ASSURE(report.first_count ==
            (report.refused < FEED_REFUSAL_MAX ? report.refused : FEED_REFUSAL_MAX));
    for (uint32_t i = 0; i < report.first_count; i++) {
        const struct feed_refusal *refusal = &report.first[i];
        ASSURE(refusal->line >= 1 && refusal->line <= report.lines);
        ASSURE(memchr(refusal->reason, '\0', FEED_REASON_BYTES) != NULL);
        ASSURE(i == 0 || refusal->line > report.first[i - 1].line);
        ASSURE(skip_bad || report.applied < report.first[0].line);
    }
    return 0;
}
