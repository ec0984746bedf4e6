#include "server/schemas.h"

#include "accounts/account.h"
#include "accounts/card.h"
#include "addressbook/group.h"
#include "contacts/contacts.h"
#include "policy/policy.h"
#include "presence/presence.h"
#include "provision/setting.h"
#include "push/subscription.h"

const struct store_schema *const server_schemas[] = {
    &accounts_schema, /* first: the others refer to accounts */
    &card_schema,     &policy_schema,      &provision_schema, &contacts_schema,
    &presence_schema, &addressbook_schema, &push_schema,
};
const size_t server_schema_count = sizeof server_schemas / sizeof *server_schemas;
