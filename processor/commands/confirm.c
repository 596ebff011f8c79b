// confirm: a second person says yes.
#include <stdio.h>

#include "commands/commands.h"
#include "commands/control_verb.h"
#include "commands/shown.h"
#include "commands/status_read.h"
#include "common/clock.h"
#include "control/person.h"

enum { READ_MS = 30000, OUTPUT_MAX_BYTES = 16 * 1024 * 1024 };

static enum err read_board(struct status_board **ret_board, const struct config *config)
{
    enum err e = status_board_create(ret_board, VIEW_NONE);
    if (e != ERR_NONE) {
        return e;
    }
    e = status_read(*ret_board, config, "confirm", READ_MS, STATUS_COMMANDS);
    if (e != ERR_NONE) {
        status_board_destroy(*ret_board);
    }
    return e;
}

static enum err list(const struct config *config)
{
    struct status_board *board;
    enum err e = read_board(&board, config);
    if (e != ERR_NONE) {
        return e;
    }
    const struct status_look look = {.now_ms = clock_wall().ms};
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX_BYTES);
    status_add_pending(&out, board, &look);
    e = out.failed;
    if (e == ERR_NONE && (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)) {
        e = ERR_IO;
    }
    strbuf_fini(&out);
    status_board_destroy(board);
    return e;
}

// The processor would say so as well; here it costs nobody a wait. What cannot be read is left to it.
static bool is_somebody_else(const struct config *config, const struct control_words *words)
{
    struct status_board *board;
    if (read_board(&board, config) != ERR_NONE) {
        return true;
    }
    struct view first = status_pending_operator(board, view_of(words->confirms));
    bool is_same = !view_is_none(first) && person_is_same(first, view_of(words->operator_id));
    if (is_same) {
        struct strbuf name;
        strbuf_init(&name, OUTPUT_MAX_BYTES);
        shown_add(&name, first);
        fprintf(stderr,
                "wrongnumber confirm: %s has commanded %s: a second person has to confirm it "
                "(--operator)\n",
                name.p, words->confirms);
        strbuf_fini(&name);
    }
    status_board_destroy(board);
    return !is_same;
}

int command_confirm(int argc, char **argv)
{
    static const struct control_verb verb = {
            .name = "confirm",
            .summary =
                    "Confirms what another person has commanded of a vendor, a tenant or more: "
                    "CONTROL_ID is the control_id of that\n"
                    "record, as its verb has printed it. Nobody confirms a command of their own. "
                    "Without CONTROL_ID it lists\n"
                    "what waits.\n",
            .action = CONTROL_CONFIRM,
            .takes = CONTROL_TAKES_LIST,
            .argument = "CONTROL_ID",
            .list = list,
            .may_be = is_somebody_else,
    };
    return control_verb_run(&verb, argc, argv);
}
