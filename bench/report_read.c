// Reads what replay wrote but for the verdicts, and the truth about made-up traffic.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/report_records.h"
#include "common/line_reader.h"

enum { LINE_BYTES = 16 * 1024 * 1024, PATH_BYTES = 4096, READ_BYTES = 65536 };

static enum err each_line(struct report *report, int fd, const char *path,
        enum err (*take)(struct report *report, struct view line))
{
    struct line_reader *lines;
    enum err e = line_reader_create(&lines, fd, LINE_BYTES);
    if (e != ERR_NONE) {
        return e;
    }
    struct line line;
    bool has_line = true;
    uint64_t bad_before = report->bad_lines;
    for (;;) {
        e = line_reader_next(lines, &line, &has_line);
        if (e != ERR_NONE || !has_line) {
            break;
        }
        if (json_skip_space(line.text).n == 0) {
            continue;
        }
        uint64_t bad = report->bad_lines;
        e = take(report, line.text);
        if (e != ERR_NONE) {
            break;
        }
        if (report->bad_lines > bad && bad == bad_before) {
            fprintf(stderr, "wrongnumber-bench report: %s:%llu: is no such record; left out\n",
                    path, (unsigned long long)line.number + 1);
        }
    }
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench report: %s: %s\n", path, err_text(e));
    }
    line_reader_destroy(lines);
    return e;
}

// *ret_fd is -1 where a file that is not needed is missing.
static enum err open_path(
        const char *directory, const char *name, bool needed, char *ret_path, int *ret_fd)
{
    int n = directory != NULL ? snprintf(ret_path, PATH_BYTES, "%s/%s", directory, name)
                              : snprintf(ret_path, PATH_BYTES, "%s", name);
    *ret_fd = -1;
    if (n < 0 || n >= PATH_BYTES) {
        fprintf(stderr, "wrongnumber-bench report: %s: the path is too long\n", name);
        return ERR_NO_INPUT;
    }
    *ret_fd = open(ret_path, O_RDONLY | O_CLOEXEC);
    if (*ret_fd < 0 && (needed || errno != ENOENT)) {
        fprintf(stderr, "wrongnumber-bench report: %s: %s\n", ret_path, strerror(errno));
        return ERR_NO_INPUT;
    }
    return ERR_NONE;
}

enum err report_each_line(struct report *report, const char *directory, const char *name,
        bool needed, enum err (*take)(struct report *report, struct view line))
{
    char path[PATH_BYTES];
    int fd;
    enum err e = open_path(directory, name, needed, path, &fd);
    if (e == ERR_NONE && fd >= 0) {
        e = each_line(report, fd, path, take);
        close(fd);
    }
    return e;
}

// A whole file as one record; one that is missing is an error only when it is `needed`.
static enum err whole_file(struct report *report, const char *directory, const char *name,
        bool needed, enum err (*take)(struct report *report, struct view line))
{
    char path[PATH_BYTES];
    int fd;
    enum err e = open_path(directory, name, needed, path, &fd);
    if (e != ERR_NONE || fd < 0) {
        return e;
    }
    struct strbuf text;
    strbuf_init(&text, LINE_BYTES);
    ssize_t n = 1;
    while (n > 0) {
        char *room = strbuf_room(&text, READ_BYTES);
        n = room != NULL ? read(fd, room, READ_BYTES) : -1;
        strbuf_grown(&text, n > 0 ? (size_t)n : 0);
    }
    close(fd);
    uint64_t bad = report->bad_lines;
    e = n < 0 ? ERR_IO : take(report, strbuf_view(&text));
    if (e != ERR_NONE || report->bad_lines > bad) {
        fprintf(stderr, "wrongnumber-bench report: %s: %s\n", path,
                e != ERR_NONE ? err_text(e) : "is no JSON; left out");
    }
    strbuf_fini(&text);
    return e;
}

enum err report_read(struct report *report)
{
    const struct report_options *options = report->options;
    enum err e = whole_file(report, options->run, "summary.json", false, report_take_summary);
    if (e == ERR_NONE) {
        e = report_each_line(report, options->run, "alerts.ndjson", true, report_take_alert);
    }
    if (e == ERR_NONE) {
        e = report_each_line(
                report, options->run, "quarantine-commands.ndjson", true, report_take_command);
    }
    if (e == ERR_NONE) {
        e = report_each_line(
                report, options->run, "dead-letter.ndjson", false, report_take_dead_letter);
    }
    if (e == ERR_NONE && options->scenario != NULL) {
        e = whole_file(report, NULL, options->scenario, true, report_take_scenario);
    }
    if (e == ERR_NONE && options->labels != NULL) {
        e = report_each_line(report, NULL, options->labels, true, report_take_label);
    }
    return e;
}
