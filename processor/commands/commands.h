// The verbs of the program, one file each. `argv[0]` is the verb; the result is the exit status
// (sysexits).
#pragma once

int command_check(int argc, char **argv);
int command_run(int argc, char **argv);
int command_load(int argc, char **argv);
int command_sync(int argc, char **argv);
int command_topics(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_status(int argc, char **argv);
int command_hold(int argc, char **argv);
int command_release(int argc, char **argv);
int command_confirm(int argc, char **argv);
int command_acknowledge(int argc, char **argv);
int command_mode(int argc, char **argv);
int command_drill(int argc, char **argv);
int command_audit(int argc, char **argv);
