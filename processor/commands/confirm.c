// confirm: a second person says yes.
#include "commands/commands.h"
#include "commands/control_verb.h"

int command_confirm(int argc, char **argv)
{
    static const struct control_verb verb = {
            .name = "confirm",
            .summary =
                    "Confirms what another person has commanded of a vendor, a tenant or more: "
                    "CONTROL_ID is the control_id of that\n"
                    "record, as its verb has printed it. Nobody confirms a command of their own.\n",
            .action = CONTROL_CONFIRM,
            .takes = 0,
            .argument = "CONTROL_ID",
    };
    return control_verb_run(&verb, argc, argv);
}
