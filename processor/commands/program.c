#include "commands/program.h"

#include <errno.h>
#include <fcntl.h>
#include <protobuf-c/protobuf-c.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/conf_version.h"
#include "common/digest_version.h"
#include "common/err.h"
#include "common/log.h"
#include "decode/json_version.h"
#include "kafka/kafka.h"
#include "redis/version.h"

static void print_usage(const struct program *program, FILE *out)
{
    fprintf(out, "usage: %s VERB [OPTIONS]\n\n%s\n\n", program->name, program->text);
    for (const struct verb *verb = program->verbs; verb->name != NULL; verb++) {
        fprintf(out, "  %-11s %s\n", verb->name, verb->text);
    }
    fprintf(out,
            "\n  %s VERB --help  all about one of them\n"
            "  %s --version    versions, also of the libraries\n",
            program->name, program->name);
}

static void print_version(const struct program *program)
{
    printf("%s %s\n", program->name, WN_VERSION);
    printf("librdkafka %s\n", kafka_library_version());
    printf("hiredis %s\n", redis_library_version());
    printf("cJSON %s\n", json_library_version());
    printf("OpenSSL %s\n", digest_library_version());
    printf("libfyaml %s\n", conf_library_version());
    printf("protobuf-c %s\n", protobuf_c_version());
}

static bool is_one_of(const char *argument, const char *a, const char *b, const char *c)
{
    return strcmp(argument, a) == 0 || strcmp(argument, b) == 0 || strcmp(argument, c) == 0;
}

// A standard stream that came closed is opened the wrong way round, so that its use is an error and
// no file or connection of ours takes its number and gets what was meant for it.
static void keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

// What is in memory, numbers, keys and passwords, goes into no core file. The limit does not hold for
// dumps that the kernel pipes into a program; the flag holds for all of them, and keeps other processes
// of the same user from reading our memory.
static void keep_memory_private(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// The exit status, once everything that was printed has arrived. A verb that failed keeps its own.
static int close_output(const struct program *program, int status)
{
    bool had_failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !had_failed) {
        return status;
    }
    // EPIPE: the reader has seen enough and gone; nothing needs saying to it.
    if (errno != EPIPE) {
        fprintf(stderr, "%s: cannot write to standard output%s%s\n", program->name,
                errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    }
    return status != 0 ? status : err_exit_status(ERR_IO);
}

int program_run(const struct program *program, int argc, char **argv)
{
    // A reader of our output that has gone away, or a broken connection, is an error code and no
    // death.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error code as well
    keep_memory_private();
    keep_standard_streams();
    if (argc < 2) {
        print_usage(program, stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (is_one_of(argv[1], "--help", "-h", "help")) {
        print_usage(program, stdout);
        return close_output(program, 0);
    }
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        print_version(program);
        return close_output(program, 0);
    }
    for (const struct verb *verb = program->verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, argv[1]) == 0) {
            int status = verb->run(argc - 1, argv + 1);
            log_tell_suppressed(true);
            return close_output(program, status);
        }
    }
    fprintf(stderr, "%s: no verb %s; %s --help names them\n", program->name, argv[1],
            program->name);
    return err_exit_status(ERR_USAGE);
}
