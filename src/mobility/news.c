#include "mobility/news.h"

enum phone_priority phone_news_priority(enum phone_news_kind kind)
{
    switch (kind) {
    case PHONE_SETTINGS:
    case PHONE_PERSON:
    case PHONE_SELF:
    case PHONE_FOUND:
        return PHONE_MEDIUM;
    default:
        return PHONE_HIGH;
    }
}
