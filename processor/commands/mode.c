// mode: a person switches holds on or off.
#include "commands/commands.h"
#include "commands/control_verb.h"

int command_mode(int argc, char **argv)
{
    static const struct control_verb verb = {
            .name = "mode",
            .summary =
                    "Sets whether holds of a campaign, template, sender, vendor or tenant, and of "
                    "its messages, are enforced, or\n"
                    "only told: goes before policy.rules until it ends, as long as a hold "
                    "unless --for says otherwise. Holds that\n"
                    "stand stay what they are. Of a vendor or tenant a second person has to "
                    "confirm it.\n",
            .action = CONTROL_MODE,
            .takes = CONTROL_TAKES_SCOPE | CONTROL_TAKES_FOR,
            .argument = "enforce|monitor",
    };
    return control_verb_run(&verb, argc, argv);
}
