#include "commands/program.h"

#include <protobuf-c/protobuf-c.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/conf_version.h"
#include "common/digest_version.h"
#include "common/err.h"
#include "decode/json_version.h"
#include "kafka/kafka.h"
#include "redis/version.h"

static void print_usage(const struct program *program, FILE *out)
{
    fprintf(out, "usage: %s VERB [OPTIONS]\n\n%s\n\n", program->name, program->text);
    for (const struct verb *verb = program->verbs; verb->name != NULL; verb++) {
        fprintf(out, "  %-10s %s\n", verb->name, verb->text);
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

static int close_output(void)
{
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : err_exit_status(ERR_IO);
}

int program_run(const struct program *program, int argc, char **argv)
{
    // A reader of our output that has gone away, or a broken connection, is an error code and no
    // death.
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_usage(program, stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (is_one_of(argv[1], "--help", "-h", "help")) {
        print_usage(program, stdout);
        return close_output();
    }
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        print_version(program);
        return close_output();
    }
    for (const struct verb *verb = program->verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, argv[1]) == 0) {
            return verb->run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "%s: no verb %s; %s --help names them\n", program->name, argv[1],
            program->name);
    return err_exit_status(ERR_USAGE);
}
