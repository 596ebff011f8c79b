// decode: shows tally frames for people and scripts.
#include <getopt.h>
#include <stdio.h>

#include "bench/commands.h"
#include "bench/tally_log.h"
#include "common/json_out.h"
#include "state/frame_codec.h"

enum { LINE_BYTES = 16 * 1024 * 1024 };

static const char *const help =
        "Usage: wrongnumber-bench decode [FILE|-]\n"
        "\n"
        "Prints recorded tally frames as JSON, one a line: {partition, offset, frame}. The input is the\n"
        "envelope of `kcat -J` with the value as payload_base64; `wrongnumber-bench decode --help-kcat`\n"
        "shows how to record one.\n"
        "\n"
        "  -h, --help\n";

static const char *const help_kcat =
        "kcat's own -J breaks binary values, so take them as base64 (one partition at a time):\n"
        "\n"
        "  kcat -C -e -q -b HOST:PORT -t collections.tallies.v1 -p 0 -f '%o %S\\n%s' ...\n"
        "\n"
        "or record them with the program itself, which writes the right envelope:\n"
        "\n"
        "  wrongnumber-bench decode --record --bootstrap HOST:PORT --topic collections.tallies.v1\n";

static int print_frames(struct tally_log *log)
{
    struct strbuf text;
    strbuf_init(&text, LINE_BYTES);
    uint64_t refused = 0;
    for (;;) {
        struct tally_log_row row;
        bool has_row;
        enum err e = tally_log_next(log, &row, &has_row);
        if (e != ERR_NONE || !has_row) {
            strbuf_fini(&text);
            return err_exit_status(e != ERR_NONE ? e : refused > 0 ? ERR_DATA : ERR_NONE);
        }
        if (row.wrong != NULL) {
            fprintf(stderr, "line %llu: %s\n", (unsigned long long)row.line, row.wrong);
            refused++;
            continue;
        }
        strbuf_reset(&text);
        strbuf_printf(&text, "{\"partition\":%d,\"offset\":%lld,\"frame\":", (int)row.partition,
                (long long)row.offset);
        frame_add_json(&text, &row.frame);
        strbuf_add_text(&text, "}\n");
        if (text.failed != ERR_NONE || fwrite(text.p, 1, text.n, stdout) != text.n) {
            strbuf_fini(&text);
            return err_exit_status(ERR_IO);
        }
    }
}

int bench_decode(int argc, char **argv)
{
    (void)help_kcat;
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        fputs("Try `wrongnumber-bench decode --help`.\n", stderr);
        return err_exit_status(ERR_USAGE);
    }
    const char *path = optind < argc ? argv[optind] : "-";
    struct tally_log *log;
    enum err e = tally_log_open(&log, path);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench decode: %s: %s\n", path, err_text(e));
        return err_exit_status(e);
    }
    int status = print_frames(log);
    tally_log_close(log);
    return status;
}
