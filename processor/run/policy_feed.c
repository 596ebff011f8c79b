#include "run/policy_feed.h"

#include <pthread.h>
#include <stdlib.h>

struct policy_issue {
    const struct config *config;
    struct config *owned; // NULL of the first, which is borrowed
    unsigned users;       // slots, and one while it is in force
};

struct policy_feed {
    pthread_mutex_t lock; // of everything below, and of all `users`
    struct policy_issue *current;
};

static void drop(struct policy_issue *issue)
{
    if (issue != NULL && --issue->users == 0) {
        config_destroy(issue->owned);
        free(issue);
    }
}

enum err policy_feed_create(struct policy_feed **ret_feed, const struct config *config)
{
    struct policy_feed *feed = calloc(1, sizeof *feed);
    struct policy_issue *issue = calloc(1, sizeof *issue);
    if (feed == NULL || issue == NULL || pthread_mutex_init(&feed->lock, NULL) != 0) {
        free(feed);
        free(issue);
        return ERR_NO_MEMORY;
    }
    *issue = (struct policy_issue){config, NULL, 1};
    feed->current = issue;
    *ret_feed = feed;
    return ERR_NONE;
}

void policy_feed_destroy(struct policy_feed *feed)
{
    if (feed != NULL) {
        drop(feed->current);
        pthread_mutex_destroy(&feed->lock);
        free(feed);
    }
}

enum err policy_feed_give(struct policy_feed *feed, struct config *config)
{
    struct policy_issue *issue = calloc(1, sizeof *issue);
    if (issue == NULL) {
        return ERR_NO_MEMORY;
    }
    *issue = (struct policy_issue){config, config, 1};
    pthread_mutex_lock(&feed->lock);
    struct policy_issue *before = feed->current;
    feed->current = issue;
    drop(before);
    pthread_mutex_unlock(&feed->lock);
    return ERR_NONE;
}

const struct policy *policy_feed_take(struct policy_feed *feed, struct policy_slot *slot)
{
    pthread_mutex_lock(&feed->lock);
    if (slot->issue != feed->current) {
        drop(slot->issue);
        slot->issue = feed->current;
        slot->issue->users++;
    }
    pthread_mutex_unlock(&feed->lock);
    return &slot->issue->config->policy;
}

void policy_feed_return(struct policy_feed *feed, struct policy_slot *slot)
{
    pthread_mutex_lock(&feed->lock);
    drop(slot->issue);
    slot->issue = NULL;
    pthread_mutex_unlock(&feed->lock);
}
