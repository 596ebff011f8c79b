// The verbs of the bench tool, one file each. `argv[0]` is the verb; the result is the exit status
// (sysexits).
#pragma once

int bench_sandbox(int argc, char **argv);
int bench_generate(int argc, char **argv);
int bench_replay(int argc, char **argv);
int bench_score(int argc, char **argv);
int bench_sweep(int argc, char **argv);
int bench_calibrate(int argc, char **argv);
int bench_report(int argc, char **argv);
int bench_decode(int argc, char **argv);
int bench_live(int argc, char **argv);
