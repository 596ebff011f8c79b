// release: a person releases what is held.
#include "commands/commands.h"
#include "commands/control_verb.h"

int command_release(int argc, char **argv)
{
    static const struct control_verb verb = {
            .name = "release",
            .summary = "Releases what is held, by whomever: a scope by name, all of an incident, "
                       "all that was held for a reason,\n"
                       "one message, or one recipient. A scope is released by a canary of 20, 200 "
                       "and 2,000 messages unless\n"
                       "--at-once; messages that have a hold of their own stay held. One message "
                       "or recipient passes from now on, as\n"
                       "long as the hold of a message unless --for says otherwise, and so does "
                       "what is held of his already; what is on a\n"
                       "block list does not, nor what a held scope keeps unless --at-once.\n",
            .action = CONTROL_RELEASE,
            .takes = CONTROL_TAKES_SCOPE | CONTROL_TAKES_INCIDENT | CONTROL_TAKES_RULE |
                     CONTROL_TAKES_AT_ONCE | CONTROL_TAKES_FOR,
            .argument = NULL,
    };
    return control_verb_run(&verb, argc, argv);
}
