/* `lychgate user card` and `lychgate user photo`: what the directory knows of a person. */
#ifndef LYCHGATE_TOOLS_USER_CARD_H
#define LYCHGATE_TOOLS_USER_CARD_H

#include "tools/verb.h"

extern const struct verb_option user_photo_options[];

enum tool_exit user_card(struct invocation *invocation);
enum tool_exit user_photo(struct invocation *invocation);

#endif
