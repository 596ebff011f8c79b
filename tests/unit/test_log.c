// What is logged when stderr cannot take it: nothing waits, and the lines that are lost are counted.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "unit.h"

enum { TEXT_BYTES = 128 * 1024, LINES = 200, PIPE_BYTES = 16384 };

// A pipe in the place of stderr.
struct stage {
    int stderr_before;
    int reader;
};

static void stage_set(struct stage *stage)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    CU_ASSERT_NOT_EQUAL_FATAL(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES), -1);
    stage->stderr_before = dup(STDERR_FILENO);
    stage->reader = ends[0];
    CU_ASSERT_EQUAL_FATAL(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
}

static void stage_clear(struct stage *stage)
{
    CU_ASSERT_EQUAL(dup2(stage->stderr_before, STDERR_FILENO), STDERR_FILENO);
    close(stage->stderr_before);
    close(stage->reader);
}

// What the pipe holds now.
static void read_pipe(const struct stage *stage, char ret_text[TEXT_BYTES])
{
    ssize_t n = read(stage->reader, ret_text, TEXT_BYTES - 1);
    ret_text[n > 0 ? n : 0] = '\0';
}

static void read_pipe_nothing(const struct stage *stage)
{
    struct pollfd waits = {.fd = stage->reader, .events = POLLIN};
    CU_ASSERT_EQUAL(poll(&waits, 1, 0), 0);
}

static unsigned long told_as_lost(const char *text)
{
    const char *told = strstr(text, " log lines could not be written");
    unsigned long lost = 0;
    while (told != NULL && told > text && told[-1] >= '0' && told[-1] <= '9') {
        told--;
    }
    return told != NULL && sscanf(told, "%lu", &lost) == 1 ? lost : 0;
}

static int lines_in(const char *text)
{
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines;
}

// Each from a site of its own, so that none is left out for its rate.
static void log_lines(void)
{
    struct log_site sites[LINES] = {{0}};
    for (int i = 0; i < LINES; i++) {
        log_write(&sites[i], LOG_WARN, "test", "line %d %0200d", i, 0);
    }
}

static void does_not_wait_for_a_reader(void)
{
    static char text[TEXT_BYTES];
    struct stage stage;
    stage_set(&stage);
    log_lines();
    read_pipe(&stage, text);
    int whole = lines_in(text);
    CU_ASSERT_TRUE(whole > 0 && whole < LINES);
    struct log_site site = {0};
    log_write(&site, LOG_WARN, "test", "the reader is back");
    read_pipe(&stage, text);
    CU_ASSERT_EQUAL(told_as_lost(text), (unsigned long)(LINES - whole));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "the reader is back\n"));
    log_write(&site, LOG_WARN, "test", "once");
    read_pipe(&stage, text);
    CU_ASSERT_EQUAL(told_as_lost(text), 0);
    CU_ASSERT_EQUAL(lines_in(text), 1);
    stage_clear(&stage);
}

static void survives_a_closed_stderr(void)
{
    static char text[TEXT_BYTES];
    struct stage stage;
    stage_set(&stage);
    int writer = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    log_lines();
    CU_ASSERT_EQUAL(dup2(writer, STDERR_FILENO), STDERR_FILENO);
    close(writer);
    struct log_site site = {0};
    log_write(&site, LOG_WARN, "test", "open again");
    read_pipe(&stage, text);
    CU_ASSERT_EQUAL(told_as_lost(text), LINES);
    stage_clear(&stage);
}

static void counts_what_a_site_leaves_out(void)
{
    static char text[TEXT_BYTES];
    static struct log_site site;
    struct stage stage;
    stage_set(&stage);
    for (int i = 0; i < LINES; i++) {
        log_write(&site, LOG_WARN, "test", "again %d", i);
    }
    read_pipe(&stage, text);
    CU_ASSERT_EQUAL(lines_in(text), 5);
    site.window_start_ms -= 10000;
    log_write(&site, LOG_WARN, "test", "and once more");
    read_pipe(&stage, text);
    CU_ASSERT_EQUAL(lines_in(text), 2);
    const char *told = strstr(text, "warn  test: 195 more like this in the last 1");
    CU_ASSERT_PTR_NOT_NULL_FATAL(told);
    CU_ASSERT_PTR_NOT_NULL(strstr(told, " s, the last: again 199\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(told, "and once more\n"));
    stage_clear(&stage);
}

// What is left out is told though nothing of the kind comes again: once its time is over, and at the end.
static void tells_what_was_left_out_at_the_end(void)
{
    static char text[TEXT_BYTES];
    static struct log_site sites[2];
    struct stage stage;
    stage_set(&stage);
    for (int i = 0; i < 8; i++) {
        log_write(&sites[i % 2], LOG_WARN, "test", "site %d", i % 2);
        log_write(&sites[0], LOG_INFO, "test", "%0400d \xe4\xb8\xad", 7);
    }
    read_pipe(&stage, text);
    log_tell_suppressed(false);
    sites[0].window_start_ms -= 10000;
    read_pipe_nothing(&stage);
    log_tell_suppressed(false);
    read_pipe(&stage, text);
    CU_ASSERT_EQUAL(lines_in(text), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "info  test: 7 more like this"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "0000...\n"));
    log_write(&sites[1], LOG_WARN, "test", "site 1");
    log_write(&sites[1], LOG_WARN, "test", "site 1");
    read_pipe(&stage, text);
    log_setup(LOG_JSON, LOG_INFO);
    log_tell_suppressed(true);
    log_tell_suppressed(true);
    log_setup(LOG_TEXT, LOG_INFO);
    read_pipe(&stage, text);
    CU_ASSERT_EQUAL(lines_in(text), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"msg\":\"1 more like this in the last "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "the last: site 1\",\"suppressed\":1}"));
    stage_clear(&stage);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"does_not_wait_for_a_reader", does_not_wait_for_a_reader},
            {"survives_a_closed_stderr", survives_a_closed_stderr},
            {"counts_what_a_site_leaves_out", counts_what_a_site_leaves_out},
            {"tells_what_was_left_out_at_the_end", tells_what_was_left_out_at_the_end},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "log", tests);
}
