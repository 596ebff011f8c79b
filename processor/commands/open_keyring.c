#include "commands/open_keyring.h"

#include <stdio.h>

enum { WHY_MAX_BYTES = 4096 };

enum err open_keyring(struct keyring **ret_ring, const struct config *config, struct strbuf *why)
{
    const size_t before = why->n;
    enum err e = config->identity.key_file == NULL
                         ? keyring_create_demo(ret_ring)
                         : keyring_load(ret_ring, config->identity.key_id,
                                   config->identity.key_file, config->identity.previous_key_id,
                                   config->identity.previous_key_file, why);
    if (e != ERR_NONE && why->n == before) {
        strbuf_printf(why, "the pseudonym key: %s", err_text(e));
    }
    return e;
}

enum err command_open_keyring(struct keyring **ret_ring, const struct config *config)
{
    if (config->identity.key_file == NULL) {
        fputs("warning: pseudonym.key_file is not set: the demo key is known to everybody\n",
                stderr);
    }
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    enum err e = open_keyring(ret_ring, config, &why);
    if (e != ERR_NONE) {
        fprintf(stderr, "%s\n", why.n > 0 ? why.p : err_text(e));
    }
    strbuf_fini(&why);
    return e;
}
