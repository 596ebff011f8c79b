#include "common/log.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json_out.h"

enum { WINDOW_MS = 10000, BURST = 5, LINE_BYTES = 4096 };

static enum log_format log_format_now = LOG_TEXT;
static enum log_level log_level_now = LOG_INFO;
static bool log_is_journal; // lines begin with their priority (sd-daemon(3))
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
// Of what could not be written; told by the next line that can be. Both with the lock held.
static unsigned long log_lost_lines;
static bool log_is_mid_line; // a line's end is missing
static struct log_counts log_counts_now;
static struct log_site *log_waiting; // sites that have left out lines, in no order

// Whether standard error goes into the journal, which says so by its device and inode.
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat is;
    char text[64];
    if (stream == NULL || fstat(STDERR_FILENO, &is) != 0) {
        return false;
    }
    snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)is.st_dev,
            (unsigned long long)is.st_ino);
    return strcmp(stream, text) == 0;
}

void log_setup(enum log_format format, enum log_level level)
{
    log_format_now = format;
    log_level_now = level;
    log_is_journal = stderr_is_journal();
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    return names[level];
}

static bool window_is_over(const struct log_site *site, long long now_ms)
{
    return site->window_start_ms == 0 || now_ms - site->window_start_ms >= WINDOW_MS;
}

// Called with the lock held, as all that follows. The message has no line feeds any more.
static void leave_out(
        struct log_site *site, enum log_level level, const char *component, const char *message)
{
    if (site->suppressed++ == 0) {
        site->next = log_waiting;
        log_waiting = site;
    }
    log_counts_now.suppressed++;
    site->level = level;
    site->component = component;
    snprintf(site->last, sizeof site->last, "%s", message);
}

// A message is one line and moves no terminal's cursor, whatever others put into a name or an error
// text: control bytes, C1 as UTF-8 has them too, become `?`, a line feed a blank.
static void keep_to_a_line(char *message)
{
    size_t n = strlen(message);
    while (n > 0 && message[n - 1] == '\n') {
        message[--n] = '\0';
    }
    for (unsigned char *p = (unsigned char *)message; *p != '\0'; p++) {
        bool is_c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] <= 0x9F;
        if (is_c1) {
            *p++ = '?';
            *p = '?';
        } else if (*p < ' ' || *p == 0x7F) {
            *p = *p == '\n' ? ' ' : '?';
        }
    }
}

static void format_line(struct strbuf *line, enum log_level level, const char *component,
        const char *message, int suppressed)
{
    static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};
    strbuf_add_text(line, log_is_journal ? priorities[level] : "");
    if (log_format_now == LOG_JSON) {
        struct json_out out;
        json_begin(&out, line);
        json_object(&out, NULL);
        json_time(&out, "time", clock_wall().ms);
        json_text(&out, "level", level_name(level));
        json_text(&out, "component", component);
        json_text(&out, "msg", message);
        if (suppressed > 0) {
            json_int(&out, "suppressed", suppressed);
        }
        json_object_end(&out);
    } else {
        bool logfmt = log_format_now == LOG_LOGFMT;
        strbuf_add_text(line, logfmt ? "time=" : "");
        clock_format(line, clock_wall().ms);
        strbuf_printf(line,
                logfmt ? " level=%s component=%s msg=" : " %-5s %s: ", level_name(level),
                component);
        if (logfmt) {
            json_quote(line, view_of(message));
        } else {
            strbuf_add_text(line, message);
        }
        if (logfmt && suppressed > 0) {
            strbuf_printf(line, " suppressed=%d", suppressed);
        }
    }
    strbuf_add_byte(line, '\n');
}

// How much of it stderr has taken. Nobody waits for a reader that stands still: a pipe that is ready
// takes PIPE_BUF bytes at once, and what it does not take is lost.
static size_t write_ready(struct view text)
{
    size_t written = 0;
    while (written < text.n) {
        struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
        if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
            break;
        }
        size_t left = text.n - written;
        ssize_t n = write(STDERR_FILENO, text.p + written, left < PIPE_BUF ? left : PIPE_BUF);
        if (n <= 0) {
            break;
        }
        written += (size_t)n;
    }
    return written;
}

// False when it is lost: no memory, or a stderr that is closed, full or not read.
static bool write_line(
        enum log_level level, const char *component, const char *message, int suppressed)
{
    struct strbuf line;
    strbuf_init(&line, 4 * LINE_BYTES);
    strbuf_add_text(&line, log_is_mid_line ? "\n" : "");
    format_line(&line, level, component, message, suppressed);
    size_t written = line.failed == ERR_NONE ? write_ready(strbuf_view(&line)) : 0;
    bool is_whole = line.failed == ERR_NONE && written == line.n;
    log_is_mid_line = written > 0 ? !is_whole : log_is_mid_line;
    strbuf_fini(&line);
    return is_whole;
}

static void tell_lost(void)
{
    char text[64];
    snprintf(text, sizeof text, "%lu log lines could not be written", log_lost_lines);
    if (write_line(LOG_WARN, "log", text, 0)) {
        log_lost_lines = 0;
    }
}

static void write_counted(
        enum log_level level, const char *component, const char *message, int suppressed)
{
    if (log_lost_lines > 0) {
        tell_lost();
    }
    bool is_lost = !write_line(level, component, message, suppressed);
    log_lost_lines += is_lost;
    log_counts_now.lost += is_lost;
}

static void forget_waiting(const struct log_site *site)
{
    struct log_site **at = &log_waiting;
    while (*at != NULL && *at != site) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = site->next;
    }
}

// "195 more like this in the last 12 s, the last: ..."
static void tell_left_out(struct log_site *site, long long now_ms)
{
    char text[sizeof site->last + 80];
    size_t whole = strlen(site->last);
    while (whole > 0 && ((unsigned char)site->last[whole - 1] & 0xC0) == 0x80) {
        whole--; // a character may have been cut
    }
    bool is_cut = strlen(site->last) == sizeof site->last - 1;
    snprintf(text, sizeof text, "%d more like this in the last %lld s, the last: %.*s%s",
            site->suppressed, (now_ms - site->window_start_ms + 999) / 1000,
            (int)(is_cut && whole > 0 ? whole - 1 : strlen(site->last)), site->last,
            is_cut ? "..." : "");
    int suppressed = site->suppressed;
    forget_waiting(site);
    site->suppressed = 0;
    write_counted(site->level, site->component, text, suppressed);
}

void log_tell_suppressed(bool is_end)
{
    pthread_mutex_lock(&log_lock);
    long long now_ms = clock_mono().ns / 1000000;
    for (struct log_site *site = log_waiting; site != NULL;) {
        struct log_site *next = site->next;
        if (is_end || window_is_over(site, now_ms)) {
            tell_left_out(site, now_ms);
        }
        site = next;
    }
    pthread_mutex_unlock(&log_lock);
}

void log_write(
        struct log_site *site, enum log_level level, const char *component, const char *format, ...)
{
    if (level > log_level_now) {
        return;
    }
    char message[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    keep_to_a_line(message);

    pthread_mutex_lock(&log_lock);
    long long now_ms = clock_mono().ns / 1000000;
    if (window_is_over(site, now_ms)) {
        if (site->suppressed > 0) {
            tell_left_out(site, now_ms);
        }
        site->window_start_ms = now_ms;
        site->in_window = 0;
    }
    if (site->in_window < BURST) {
        site->in_window++;
        write_counted(level, component, message, 0);
    } else {
        leave_out(site, level, component, message);
    }
    pthread_mutex_unlock(&log_lock);
}

struct log_counts log_counts(void)
{
    pthread_mutex_lock(&log_lock);
    struct log_counts counts = log_counts_now;
    pthread_mutex_unlock(&log_lock);
    return counts;
}
