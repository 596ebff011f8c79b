// hold: a person holds a scope.
#include "commands/commands.h"
#include "commands/control_verb.h"

int command_hold(int argc, char **argv)
{
    static const struct control_verb verb = {
            .name = "hold",
            .summary = "Holds a campaign, template, sender, vendor or tenant by name, what an "
                       "incident is about, one message, or all\n"
                       "messages to a recipient: none is to be sent until the hold is released or "
                       "runs out. A vendor or tenant is\n"
                       "held once a second person has confirmed it.\n",
            .action = CONTROL_HOLD,
            .takes = CONTROL_TAKES_SCOPE | CONTROL_TAKES_INCIDENT | CONTROL_TAKES_FOR,
            .argument = NULL,
    };
    return control_verb_run(&verb, argc, argv);
}
