// A log line stays one line, in every format, whatever is put into it.
#include "common/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/unit.h"

struct caught {
    char text[16384];
};

// What one line of log with this text puts out.
static void catch_line(struct caught *ret_caught, enum log_format format, const char *text)
{
    char path[] = "/tmp/test_log_line.XXXXXX";
    int file = mkstemp(path);
    CU_ASSERT_FATAL(file >= 0);
    unlink(path);
    int saved = dup(STDERR_FILENO);
    struct log_site site = {0};
    log_setup(format, LOG_INFO);
    dup2(file, STDERR_FILENO);
    log_write(&site, LOG_WARN, "room", "it said: %s", text);
    dup2(saved, STDERR_FILENO);
    log_setup(LOG_TEXT, LOG_INFO);
    ssize_t n = pread(file, ret_caught->text, sizeof ret_caught->text - 1, 0);
    ret_caught->text[n > 0 ? n : 0] = '\0';
    close(saved);
    close(file);
}

// Only a standard error that is the journal itself has priorities, in every format.
static void test_journal(void)
{
    static const struct {
        enum log_format format;
        const char *begins;
    } rows[] = {{LOG_TEXT, "<4>20"}, {LOG_JSON, "<4>{\"time\""}, {LOG_LOGFMT, "<4>time="}};
    int file = memfd_create("journal", MFD_CLOEXEC);
    struct stat is;
    CU_ASSERT_EQUAL_FATAL(fstat(file, &is), 0);
    char stream[64];
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)is.st_dev,
            (unsigned long long)is.st_ino);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200] = "";
        struct log_site site = {0};
        int saved = dup(STDERR_FILENO);
        CU_ASSERT_EQUAL(ftruncate(file, 0), 0);
        setenv("JOURNAL_STREAM", stream, 1);
        log_setup(LOG_TEXT, LOG_INFO); // it is not: standard error is another file yet
        dup2(file, STDERR_FILENO);
        lseek(file, 0, SEEK_SET);
        log_write(&site, LOG_WARN, "room", "none");
        log_setup(rows[i].format, LOG_INFO);
        log_write(&site, LOG_WARN, "room", "some");
        dup2(saved, STDERR_FILENO);
        close(saved);
        unsetenv("JOURNAL_STREAM");
        log_setup(LOG_TEXT, LOG_INFO);
        ssize_t n = pread(file, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        CU_ASSERT_NOT_EQUAL(text[0], '<');
        const char *second = strchr(text, '\n');
        CU_ASSERT_PTR_NOT_NULL_FATAL(second);
        CU_ASSERT_EQUAL(strncmp(second + 1, rows[i].begins, strlen(rows[i].begins)), 0);
    }
    close(file);
}

static void test_one_line(void)
{
    static const struct {
        const char *text;
        const char *expected; // its end
    } rows[] = {
            {"nothing odd", "nothing odd\n"},
            {"two\n2026-11-22T00:00:00.000Z error judge: forged",
                    "two 2026-11-22T00:00:00.000Z error judge: forged\n"},
            {"ends with line feeds\n\n", "ends with line feeds\n"},
            {"\x1b[2Jclear", "?[2Jclear\n"},
            {"back\b\b\b\r", "back????\n"},
            {"tab\tdel\x7f", "tab?del?\n"},
            {"C1 \xc2\x9b"
             "31m",
                    "C1 ??31m\n"},
            {"\xe5\x80\xba \xc2\xb1", "\xe5\x80\xba \xc2\xb1\n"},
            {"cut \xc2", "cut \xc2\n"},
            {"", "it said: \n"},
    };
    static const enum log_format formats[] = {LOG_TEXT, LOG_JSON, LOG_LOGFMT};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct caught caught;
        catch_line(&caught, LOG_TEXT, rows[i].text);
        size_t n = strlen(caught.text);
        size_t expected = strlen(rows[i].expected);
        CU_ASSERT_FATAL(n >= expected);
        CU_ASSERT_STRING_EQUAL(caught.text + n - expected, rows[i].expected);
        for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
            catch_line(&caught, formats[f], rows[i].text);
            CU_ASSERT_PTR_EQUAL(strchr(caught.text, '\n'), caught.text + strlen(caught.text) - 1);
            CU_ASSERT_PTR_NULL(strpbrk(caught.text, "\x1b\b\r\t\x7f"));
        }
    }
}

static void test_long_text(void)
{
    static char text[20000];
    memset(text, 'x', sizeof text - 1);
    struct caught caught;
    catch_line(&caught, LOG_TEXT, text);
    CU_ASSERT_TRUE(strlen(caught.text) < 4200);
    CU_ASSERT_EQUAL(caught.text[strlen(caught.text) - 1], '\n');
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"one_line", test_one_line},
            {"journal", test_journal},
            {"long_text", test_long_text},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "log_line", tests);
}
