// acknowledge: a person answers for an incident.
#include "commands/commands.h"
#include "commands/control_verb.h"

int command_acknowledge(int argc, char **argv)
{
    static const struct control_verb verb = {
            .name = "acknowledge",
            .summary = "Says that a person has seen an incident and answers for it: nobody is "
                       "called again, and its hold may run out\n"
                       "at its end.\n",
            .action = CONTROL_ACKNOWLEDGE,
            .takes = CONTROL_TAKES_SCOPE | CONTROL_TAKES_INCIDENT,
            .argument = NULL,
    };
    return control_verb_run(&verb, argc, argv);
}
