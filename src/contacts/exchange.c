#include "contacts/exchange_priv.h"
#include "xml/reader.h"

int exchange_wrong(struct fault *fault, enum err err, long line, const char *what)
{
    if (line == 0)
        return fault_set(fault, err, FINDING_CONTACTS_FILE, "%s", what);
    return fault_set(fault, err, FINDING_CONTACTS_FILE, "line %ld: %s", line, what);
}

int exchange_begin(struct exchange *exchange, struct slice text, size_t contacts_max,
                   struct arena *arena, struct fault *fault)
{
    *exchange = (struct exchange){arena, contacts_list_new(arena), contacts_max};
    if (text.len > CONTACTS_FILE_MAX)
        return exchange_wrong(fault, ERR_LIMIT, 0, "the file is too large");
    return 0;
}

/* The detail of a check, with the line in front of it. */
static int with_line(int err, long line, const struct fault *inner, struct fault *fault)
{
    if (err < 0 && line)
        fault_set(fault, (enum err) - err, inner->finding, "line %ld: %s", line, inner->detail);
    else if (err < 0)
        fault_set(fault, (enum err) - err, inner->finding, "%s", inner->detail);
    return err;
}

int exchange_group(struct exchange *exchange, const struct contacts_group *group, long line,
                   uint64_t *groups_out, struct fault *fault)
{
    struct fault inner = {0};
    const struct contacts_group *known = contacts_list_group_named(exchange->list, group->name);
    struct contacts_group made = *group;
    made.id = known ? known->id : contacts_list_free_id(exchange->list);
    int err = known ? 0 : contacts_check_group(group, &inner);
    if (err == 0 && made.id == 0)
        err = fault_set(&inner, ERR_LIMIT, FINDING_CONTACTS_GROUPS_FULL, "more than %d groups",
                        CONTACTS_GROUPS_MAX);
    if (err < 0)
        return with_line(err, line, &inner, fault);
    if (!known)
        contacts_list_put_group(exchange->list, exchange->arena, &made);
    *groups_out |= contacts_bit(made.id);
    return 0;
}

/* It will stand in contactList/contact/contactExtension, as deep as here. */
static int check_extension(struct slice extension, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(buf) struct buf text = BUF_INIT;
    if (slice_empty(extension))
        return 0;
    buf_add_string(&text, "<a><b><contactExtension>");
    buf_add(&text, extension); /* whole, a NUL in it too */
    buf_add_string(&text, "</contactExtension></b></a>");
    return xml_read(buf_slice(&text), NULL, &doc, fault);
}

int exchange_contact(struct exchange *exchange, const struct contacts_contact *contact, long line,
                     struct fault *fault)
{
    struct fault inner = {0};
    struct contacts_contact *made = arena_new_of(exchange->arena, struct contacts_contact);
    *made = *contact;
    if (!made->groups)
        made->groups = contacts_bit(CONTACTS_EVERYBODY);
    int err = contacts_uri(exchange->arena, contact->uri, &made->uri, &inner);
    if (err == 0)
        err = contacts_check_contact(made, &inner);
    if (err == 0)
        err = check_extension(made->extension, &inner);
    if (err == 0 && contacts_list_find(exchange->list, made->uri))
        err = fault_set(&inner, ERR_MALFORMED, FINDING_CONTACTS_FILE, "%.*s is there twice",
                        SLICE_ARG(slice_head(made->uri, 100)));
    if (err == 0 && exchange->list->contact_count >= exchange->contacts_max)
        err = fault_set(&inner, ERR_LIMIT, FINDING_CONTACTS_FULL, "more than %zu contacts",
                        exchange->contacts_max);
    if (err < 0)
        return with_line(err, line, &inner, fault);
    contacts_list_put(exchange->list, exchange->arena, made);
    return 0;
}
