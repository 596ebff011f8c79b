// What page.c (the document) and page_style.c (its looks) share.
#pragma once

#include "ops/page.h"

extern const char page_style[];
