// The verbs of the program, one file each. `argv[0]` is the verb; the result is the exit status (sysexits).
#pragma once

int command_check(int argc, char **argv);
