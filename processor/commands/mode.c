// mode: a person switches holds on or off.
#include "commands/commands.h"
#include "commands/control_verb.h"

int command_mode(int argc, char **argv)
{
    static const struct control_verb verb = {
            .name = "mode",
            .summary = "Sets whether holds of a scope are enforced, or only told.\n",
            .action = CONTROL_MODE,
            .takes = CONTROL_TAKES_SCOPE,
            .argument = "enforce|monitor",
    };
    return control_verb_run(&verb, argc, argv);
}
