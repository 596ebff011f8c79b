// wrongnumber: the processor and the tools beside it. Every verb is a file in commands/.
#include "commands/commands.h"
#include "commands/program.h"

static const struct verb verbs[] = {
        {"run", command_run, "judge messages and stop batches that have gone wrong"},
        {"check", command_check, "say everything that is wrong with a configuration"},
        {"load", command_load, "put relationship data into Redis"},
        {"sync", command_sync, "keep relationship data in Redis fresh from a topic"},
        {"topics", command_topics, "list the topics, make those that are missing"},
        {"explain", command_explain, "judge one message and show what went into it"},
        {"watch", command_watch, "follow alerts and quarantine commands"},
        {"status", command_status, "what is held, which incidents are open"},
        {"hold", command_hold, "hold a campaign, vendor or the like by name"},
        {"release", command_release, "release what is held: a scope, an incident, a message"},
        {"confirm", command_confirm, "say yes to what another person has commanded"},
        {"acknowledge", command_acknowledge, "answer for an incident"},
        {"mode", command_mode, "switch a scope between enforce and monitor"},
        {"drill", command_drill, "send a wrong batch to nobody, and see how soon it is held"},
        {"audit", command_audit, "prove, show and keep what was commanded"},
        {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct program program = {
            .name = "wrongnumber",
            .text = "Finds collection messages that go to people who owe nothing, and stops them.",
            .verbs = verbs,
    };
    return program_run(&program, argc, argv);
}
