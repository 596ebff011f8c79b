// Structured logs on stderr: one event a line, rate-limited per site. Library code does not log;
// lines, commands and the Kafka and Redis rooms' outermost callers do. Never with a recipient in
// it. A stderr that is closed, full or not read stops nothing: how many lines that has cost is told by
// the next one that can be written.
#pragma once

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON, LOG_LOGFMT };

// Once at start, before threads. Where stderr is the journal (JOURNAL_STREAM) each line begins with its
// priority, <3> for an error to <7>.
void log_setup(enum log_format format, enum log_level level);

// At most a burst of 5 lines a site in 10 s. What is left out is counted, and told by a line of its own with the
// last of it: before the site's next line, or by log_tell_suppressed. A site lives as long as the process.
struct log_site {
    long long window_start_ms;
    int in_window;
    int suppressed;
    // of the last line that was left out
    enum log_level level;
    const char *component;
    char last[128];
    struct log_site *next; // that has left out lines
};

// `component` is the room. The text names what happened and what happens next. Any thread.
void log_write(struct log_site *site, enum log_level level, const char *component,
        const char *format, ...) __attribute__((format(printf, 4, 5)));

// Tells what sites have left out, of those whose 10 s are over; at the end of a process of all. To be called once in
// a while, so that nothing is left untold when a site has nothing more to say. Any thread.
void log_tell_suppressed(bool is_end);

// Lines that were left out so far because there were too many of their site, and those that could not be
// written. Any thread.
struct log_counts {
    unsigned long long suppressed;
    unsigned long long lost;
};
struct log_counts log_counts(void);

#define LOG_AT(level, component, ...)                                                              \
    do {                                                                                           \
        static struct log_site log_site_here;                                                      \
        log_write(&log_site_here, level, component, __VA_ARGS__);                                  \
    } while (0)
#define log_error(component, ...) LOG_AT(LOG_ERROR, component, __VA_ARGS__)
#define log_warn(component, ...) LOG_AT(LOG_WARN, component, __VA_ARGS__)
#define log_info(component, ...) LOG_AT(LOG_INFO, component, __VA_ARGS__)
#define log_debug(component, ...) LOG_AT(LOG_DEBUG, component, __VA_ARGS__)
