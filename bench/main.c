// wrongnumber-bench: tools to try out, replay and measure. Every verb is a file beside this one.
#include "bench/commands.h"
#include "commands/program.h"

static const struct verb verbs[] = {
        {"sandbox", bench_sandbox, "a small Kafka in one process, for trying out and for tests"},
        {"generate", bench_generate,
                "make up a day of traffic, with the truth about every message"},
        {"replay", bench_replay, "run recorded messages through the processor, offline"},
        {"score", bench_score, "measure a run against what was planted"},
        {"sweep", bench_sweep, "what would have fired under other settings"},
        {"report", bench_report, "one page that says what came of a replay"},
        {"calibrate", bench_calibrate, "measure how many messages the detector needs"},
        {"live", bench_live, "drive a running processor and measure it"},
        {"decode", bench_decode, "print tally frames and snapshots"},
        {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct program program = {
            .name = "wrongnumber-bench",
            .text = "Tries out, replays and measures wrongnumber.",
            .verbs = verbs,
    };
    return program_run(&program, argc, argv);
}
