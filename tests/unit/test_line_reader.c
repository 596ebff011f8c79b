#include "tests/support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/line_reader.h"
#include "common/strbuf.h"

// Writes into a pipe, in pieces, as some producer would.
struct producer {
    int fd;
    struct view text;
    size_t piece_bytes;
};

static void *produce(void *argument)
{
    const struct producer *producer = argument;
    struct view rest = producer->text;
    while (rest.n > 0) {
        size_t n = rest.n < producer->piece_bytes ? rest.n : producer->piece_bytes;
        ssize_t written = write(producer->fd, rest.p, n);
        if (written <= 0) {
            break;
        }
        rest = view_skip(rest, (size_t)written);
    }
    close(producer->fd);
    return NULL;
}

struct expected_line {
    const char *text;
    uint64_t whole_bytes;
};

static void check_lines(struct view text, size_t piece_bytes, size_t ceiling_bytes,
        const struct expected_line *expected, size_t count)
{
    int fds[2];
    CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
    struct producer producer = {fds[1], text, piece_bytes};
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, produce, &producer), 0);
    struct line_reader *reader;
    CU_ASSERT_EQUAL_FATAL(line_reader_create(&reader, fds[0], ceiling_bytes), ERR_NONE);
    struct line line;
    bool has_line;
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(line_reader_next(reader, &line, &has_line), ERR_NONE);
        CU_ASSERT_TRUE_FATAL(has_line);
        CU_ASSERT_TRUE(view_is(line.text, expected[i].text));
        CU_ASSERT_EQUAL(line.number, i);
        CU_ASSERT_EQUAL(line.whole_bytes, expected[i].whole_bytes);
    }
    for (int again = 0; again < 2; again++) {
        CU_ASSERT_EQUAL(line_reader_next(reader, &line, &has_line), ERR_NONE);
        CU_ASSERT_FALSE(has_line);
    }
    line_reader_destroy(reader);
    pthread_join(thread, NULL);
    close(fds[0]);
}

static void test_lines(void)
{
    static const struct expected_line lines[] = {
            {"one", 3}, {"", 0}, {"two", 3}, {"", 0}, {"\rthree\r", 7}, {"four", 4}};
    const struct view text = VIEW("one\n\ntwo\r\n\r\n\rthree\r\r\nfour\n");
    for (size_t piece = 1; piece <= text.n; piece++) {
        check_lines(text, piece, 100, lines, 6);
        check_lines(view_bytes(text.p, text.n - 1), piece, 100, lines, 6);
    }
    check_lines(VIEW(""), 1, 100, NULL, 0);
    check_lines(VIEW("\n"), 1, 100, &(struct expected_line){"", 0}, 1);
    check_lines(VIEW("\r\n"), 1, 100, &(struct expected_line){"", 0}, 1);
    check_lines(VIEW("no end\r"), 1, 100, &(struct expected_line){"no end\r", 7}, 1);
}

static void test_cut(void)
{
    static const struct expected_line lines[] = {{"1234", 4}, {"1234", 5}, {"ab", 2}, {"1234", 12},
            {"c", 1}, {"123", 3}, {"1234", 5}, {"1234", 9}};
    const struct view text = VIEW("1234\n12345\nab\n123456789012\nc\n123\r\n1234\r\n123456789");
    for (size_t piece = 1; piece <= text.n; piece++) {
        check_lines(text, piece, 4, lines, 8);
    }
}

// A line of 40 MB through a reader with room for 1,000 bytes of it.
static void test_huge(void)
{
    enum { HUGE_BYTES = 40 * 1000 * 1000 };
    char *text = malloc(HUGE_BYTES + 16);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, 'x', HUGE_BYTES);
    memcpy(text + HUGE_BYTES, "\nafter\n", 7);
    char cut[1001];
    memset(cut, 'x', 1000);
    cut[1000] = '\0';
    const struct expected_line lines[] = {{cut, HUGE_BYTES}, {"after", 5}};
    check_lines(view_bytes(text, HUGE_BYTES + 7), 1 << 20, 1000, lines, 2);
    free(text);
}

// Many lines, so that the buffer wraps over and over.
static void test_many(void)
{
    enum { LINES = 200000 };
    struct strbuf sb;
    strbuf_init(&sb, 64 << 20);
    for (unsigned i = 0; i < LINES; i++) {
        strbuf_printf(&sb, "%u:%.*s\n", i, (int)(i % 50),
                "..................................................");
    }
    int fds[2];
    CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
    struct producer producer = {fds[1], strbuf_view(&sb), 100003};
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, produce, &producer), 0);
    struct line_reader *reader;
    CU_ASSERT_EQUAL_FATAL(line_reader_create(&reader, fds[0], 64), ERR_NONE);
    struct line line;
    bool has_line = true;
    unsigned good = 0;
    for (unsigned i = 0; i < LINES && has_line; i++) {
        char expected[80];
        snprintf(expected, sizeof expected, "%u:%.*s", i, (int)(i % 50),
                "..................................................");
        CU_ASSERT_EQUAL_FATAL(line_reader_next(reader, &line, &has_line), ERR_NONE);
        good += has_line && view_is(line.text, expected) && line.number == i;
    }
    CU_ASSERT_EQUAL(good, LINES);
    line_reader_destroy(reader);
    pthread_join(thread, NULL);
    close(fds[0]);
    strbuf_fini(&sb);
}

static void test_unreadable(void)
{
    struct line_reader *reader;
    CU_ASSERT_EQUAL_FATAL(line_reader_create(&reader, -1, 100), ERR_NONE);
    struct line line;
    bool has_line;
    CU_ASSERT_EQUAL(line_reader_next(reader, &line, &has_line), ERR_IO);
    line_reader_destroy(reader);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"lines", test_lines}, {"cut", test_cut},
            {"huge", test_huge}, {"many", test_many}, {"unreadable", test_unreadable},
            {NULL, NULL}};
    return unit_main(argc, argv, "line_reader", tests);
}
