#include "state/texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"

// A text's number: its page, and the unit in it at which it begins; or LONG_BIT and its number among
// the long ones. Unit 0 of page 0 is nobody's, so that no text is TEXT_NONE.
enum { UNIT_BITS = 11, PAGE_UNITS = 1 << UNIT_BITS, PAGE_BYTES = PAGE_UNITS * TEXT_UNIT };
#define LONG_BIT (UINT32_C(1) << 31)
#define PAGES_MAX (LONG_BIT >> UNIT_BITS)
#define NO_UNIT UINT16_MAX

struct text_page {
    char *bytes;
    uint32_t next; // in the list of the empty ones, or of those of its class with room
    uint32_t before;
    uint16_t units; // of each of its texts; 0 = the page is empty
    uint16_t used;
    uint16_t first_free; // a unit, the next free one stands there; NO_UNIT = none
    uint16_t end;        // units from here on were never used
};

// A pool's free list goes through the first bytes of what is free.
struct long_text {
    uint32_t reserved;
    char *bytes; // NULL = free
};

void texts_init(struct texts *texts)
{
    *texts = (struct texts){.page_count = 0};
    pages_init(&texts->pages, sizeof(struct text_page));
    pool_init(&texts->longs, sizeof(struct long_text));
}

static struct text_page *page_at(const struct texts *texts, uint32_t page)
{
    return pages_at(&texts->pages, page);
}

static struct long_text *long_at(const struct texts *texts, uint32_t number)
{
    return pool_at(&texts->longs, number);
}

void texts_fini(struct texts *texts)
{
    for (uint32_t page = 0; page < texts->page_count; page++) {
        free(page_at(texts, page)->bytes);
    }
    for (uint32_t number = 1; number <= texts->longs.end; number++) {
        free(long_at(texts, number)->bytes);
    }
    pages_fini(&texts->pages);
    pool_fini(&texts->longs);
}

static uint16_t units_of(size_t bytes)
{
    return bytes == 0 ? 1 : (uint16_t)((bytes + TEXT_UNIT - 1) / TEXT_UNIT);
}

// A page that is full is in no list.
static bool page_has_room(const struct text_page *page)
{
    return page->first_free != NO_UNIT || page->end + page->units <= PAGE_UNITS;
}

static void list_put(struct texts *texts, uint32_t *first, uint32_t page)
{
    struct text_page *at = page_at(texts, page);
    at->next = *first;
    at->before = 0;
    if (*first != 0) {
        page_at(texts, *first - 1)->before = page + 1;
    }
    *first = page + 1;
}

static void list_leave(struct texts *texts, uint32_t *first, uint32_t page)
{
    struct text_page *at = page_at(texts, page);
    if (at->next != 0) {
        page_at(texts, at->next - 1)->before = at->before;
    }
    if (at->before != 0) {
        page_at(texts, at->before - 1)->next = at->next;
    } else {
        *first = at->next;
    }
}

static uint32_t *open_of(struct texts *texts, uint16_t units)
{
    return &texts->first_open[units - 1];
}

// Opens an empty page, a new one if need be, for texts of a class.
static enum err page_open(struct texts *texts, uint16_t units)
{
    uint32_t page = texts->first_empty - 1;
    if (texts->first_empty == 0) {
        page = texts->page_count;
        enum err e = page < PAGES_MAX ? pages_reach(&texts->pages, page) : ERR_CEILING;
        if (e != ERR_NONE) {
            return e;
        }
        page_at(texts, page)->bytes = malloc(PAGE_BYTES);
        if (page_at(texts, page)->bytes == NULL) {
            return ERR_NO_MEMORY;
        }
        texts->page_count++;
    } else {
        list_leave(texts, &texts->first_empty, page);
    }
    struct text_page *at = page_at(texts, page);
    at->units = units;
    at->used = 0;
    at->first_free = NO_UNIT;
    at->end = page == 0;
    list_put(texts, open_of(texts, units), page);
    return ERR_NONE;
}

static enum err long_take(struct texts *texts, size_t bytes, uint32_t *ret_text)
{
    uint32_t number;
    char *room = malloc(bytes);
    enum err e = room == NULL ? ERR_NO_MEMORY : pool_take(&texts->longs, &number);
    if (e != ERR_NONE) {
        free(room);
        return e;
    }
    long_at(texts, number)->bytes = room;
    *ret_text = LONG_BIT | number;
    return ERR_NONE;
}

enum err texts_take(struct texts *texts, size_t bytes, uint32_t *ret_text)
{
    if (bytes > TEXT_SHORT_MAX) {
        return long_take(texts, bytes, ret_text);
    }
    uint16_t units = units_of(bytes);
    uint32_t *first = open_of(texts, units);
    enum err e = *first == 0 ? page_open(texts, units) : ERR_NONE;
    if (e != ERR_NONE) {
        return e;
    }
    uint32_t page = *first - 1;
    struct text_page *at = page_at(texts, page);
    uint16_t unit = at->first_free;
    if (unit != NO_UNIT) {
        memcpy(&at->first_free, at->bytes + unit * TEXT_UNIT, sizeof at->first_free);
    } else {
        unit = at->end;
        at->end = (uint16_t)(at->end + units);
    }
    at->used++;
    if (!page_has_room(at)) {
        list_leave(texts, first, page);
    }
    *ret_text = page << UNIT_BITS | unit;
    return ERR_NONE;
}

char *texts_at(const struct texts *texts, uint32_t text)
{
    ASSURE(text != TEXT_NONE);
    if ((text & LONG_BIT) != 0) {
        return long_at(texts, text & ~LONG_BIT)->bytes;
    }
    return page_at(texts, text >> UNIT_BITS)->bytes + (text & (PAGE_UNITS - 1)) * TEXT_UNIT;
}

void texts_give(struct texts *texts, uint32_t text)
{
    if (text == TEXT_NONE) {
        return;
    }
    if ((text & LONG_BIT) != 0) {
        struct long_text *at = long_at(texts, text & ~LONG_BIT);
        free(at->bytes);
        at->bytes = NULL;
        pool_give(&texts->longs, text & ~LONG_BIT);
        return;
    }
    uint32_t page = text >> UNIT_BITS;
    struct text_page *at = page_at(texts, page);
    ASSURE(at->used > 0);
    bool had_room = page_has_room(at);
    memcpy(texts_at(texts, text), &at->first_free, sizeof at->first_free);
    at->first_free = (uint16_t)(text & (PAGE_UNITS - 1));
    at->used--;
    if (!had_room) {
        list_put(texts, open_of(texts, at->units), page);
    }
    if (at->used == 0) {
        list_leave(texts, open_of(texts, at->units), page);
        at->units = 0;
        list_put(texts, &texts->first_empty, page);
    }
}
