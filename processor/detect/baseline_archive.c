#include "detect/baseline_inside.h"

void baseline_archive(struct archive *archive, struct baseline *baseline, uint32_t scopes_end)
{
    learners_archive(archive, &baseline->learners, scopes_end);
}
