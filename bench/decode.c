// decode: shows tally frames for people and scripts, from a topic or from a recording of it.
#include <getopt.h>
#include <stdio.h>

#include "bench/commands.h"
#include "bench/decode.h"
#include "bench/tally_log.h"
#include "state/frame_codec.h"

enum { LINE_BYTES = 16 * 1024 * 1024 };

static const char *const help =
        "Usage: wrongnumber-bench decode FILE|-\n"
        "       wrongnumber-bench decode [-c CONFIG] [-X name=value]... [--record]\n"
        "\n"
        "Prints tally frames as JSON, one a line: {\"partition\", \"offset\", \"frame\"}. Given a "
        "file, it is a\n"
        "recording: lines in the envelope of `kcat -J`, the frame in payload_base64. Without one, "
        "the tally\n"
        "topic of the configuration is read from its beginning to its present end.\n"
        "\n"
        "      --record          do not decode: print the envelope lines themselves, for a file "
        "that this\n"
        "                        verb and `replay --tallies` read\n"
        "  -c, --config FILE     the configuration; without it, its defaults\n"
        "  -X, --property N=V    a property for librdkafka, also bootstrap.servers=HOST:PORT\n"
        "  -h, --help\n"
        "\n"
        "Exit status 65 when something in the log was no tally frame.\n";

enum { OPTION_RECORD = 256 };

enum err decode_print(
        struct strbuf *text, int32_t partition, int64_t offset, const struct frame *frame)
{
    strbuf_reset(text);
    strbuf_printf(text, "{\"partition\":%d,\"offset\":%lld,\"frame\":", (int)partition,
            (long long)offset);
    frame_add_json(text, frame);
    strbuf_add_text(text, "}\n");
    if (text->failed != ERR_NONE) {
        return text->failed;
    }
    return fwrite(text->p, 1, text->n, stdout) == text->n ? ERR_NONE : ERR_IO;
}

static enum err decode_log(struct tally_log *log, struct strbuf *text)
{
    bool refused = false;
    for (;;) {
        struct tally_log_row row;
        bool has_row;
        enum err e = tally_log_next(log, &row, &has_row);
        if (e == ERR_NONE && !has_row) {
            return refused ? ERR_DATA : ERR_NONE;
        }
        if (e == ERR_NONE && row.wrong != NULL) {
            fprintf(stderr, "line %llu: %s\n", (unsigned long long)row.line, row.wrong);
            refused = true;
        } else if (e == ERR_NONE) {
            e = decode_print(text, row.partition, row.offset, &row.frame);
        }
        if (e != ERR_NONE) {
            return e;
        }
    }
}

static enum err decode_file(const char *path)
{
    struct tally_log *log;
    enum err e = tally_log_open(&log, path);
    if (e == ERR_NONE) {
        struct strbuf text;
        strbuf_init(&text, LINE_BYTES);
        e = decode_log(log, &text);
        strbuf_fini(&text);
        tally_log_close(log);
    }
    if (e != ERR_NONE) {
        const char *what = ferror(stdout) ? "standard output" : path;
        fprintf(stderr, "wrongnumber-bench decode: %s: %s\n", what, err_text(e));
    }
    return e;
}

int bench_decode(int argc, char **argv)
{
    static const struct option long_options[] = {
            OPTIONS_LONG, {"record", no_argument, NULL, OPTION_RECORD}, {NULL, 0, NULL, 0}};
    struct options options = {0};
    bool records = false;
    int option;
    while ((option = getopt_long(argc, argv, OPTIONS_SHORT, long_options, NULL)) != -1) {
        if (option == OPTION_RECORD) {
            records = true;
        } else if (!options_take(&options, option, optarg)) {
            fputs("Try `wrongnumber-bench decode --help`.\n", stderr);
            return err_exit_status(ERR_USAGE);
        }
    }
    if (options.helps) {
        fputs(help, stdout);
        return 0;
    }
    if (argc - optind > 1 || (argc - optind == 1 && records)) {
        fputs("wrongnumber-bench decode: one file, or --record without one\n", stderr);
        return err_exit_status(ERR_USAGE);
    }
    enum err e = argc - optind == 1 ? decode_file(argv[optind]) : decode_topic(&options, records);
    if (fflush(stdout) != 0 && e == ERR_NONE) {
        perror("wrongnumber-bench decode: standard output");
        e = ERR_IO;
    }
    return err_exit_status(e);
}
