#include "table_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { TEXT_BYTES = 64 * 1024, COMMAND_BYTES = 128 };

// Everything that a stream holds, to be freed; closes nothing.
static char *read_all(FILE *stream)
{
    char *text = malloc(TEXT_BYTES);
    CU_ASSERT_FATAL(stream != NULL && text != NULL);
    size_t n = fread(text, 1, TEXT_BYTES - 1, stream);
    CU_ASSERT_TRUE(n > 200 && n < TEXT_BYTES - 1);
    text[n] = '\0';
    return text;
}

void table_file_check(const char *path, const char *argument)
{
    char command[COMMAND_BYTES];
    snprintf(command, sizeof command, "python3 processor/detect/generate_tables.py %s", argument);
    FILE *kept = fopen(path, "r");
    FILE *fresh = popen(command, "r");
    char *kept_text = read_all(kept);
    char *fresh_text = read_all(fresh);
    CU_ASSERT_EQUAL(strcmp(kept_text, fresh_text), 0);
    fclose(kept);
    CU_ASSERT_EQUAL(pclose(fresh), 0);
    free(kept_text);
    free(fresh_text);
}
