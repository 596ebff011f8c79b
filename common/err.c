#include "common/err.h"

static const struct {
    const char *text;
    enum fate fate;
    int status;
} err_rows[] = {
#define ERR_ROW(name, fate, status, text) [name] = {text, fate, status},
        ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

const char *err_text(enum err e)
{
    return err_rows[e].text;
}

enum fate err_fate(enum err e)
{
    return err_rows[e].fate;
}

int err_exit_status(enum err e)
{
    return err_rows[e].status;
}
