/* Group expansion. [MS-DLX] names the operation QueryDLMembers; its elements could not be
 * read, so what is in the answer has a namespace of our own (docs/addressbook.md). */
#include "addressbook/addressbook_priv.h"
#include "addressbook/group.h"
#include "xml/names.h"
#include "xml/writer.h"

#include <string.h>

#define NS_LYCHGATE_GROUP "urn:lychgate:groupexpansion"

enum {
    SEARCH_DEPTH = 8
};

/* The first text with an @ in it, wherever it stands. */
static struct slice find_address(const struct xml_node *node, unsigned depth)
{
    struct slice text = xml_text(node);
    if (slice_index(text, '@') >= 0)
        return text;
    text = (struct slice){0};
    if (depth < SEARCH_DEPTH)
        for (const struct xml_node *child = xml_first(node); child && slice_absent(text);
             child = xml_next(child))
            text = find_address(child, depth + 1);
    return text;
}

int addressbook_expand_parse(const struct xml_node *payload, struct slice *address_out,
                             struct fault *fault)
{
    *address_out = find_address(payload, 0);
    return slice_absent(*address_out)
               ? fault_set(fault, ERR_MALFORMED, FINDING_ADDRESSBOOK_MALFORMED,
                           "QueryDLMembers has no address in it")
               : 0;
}

/* Who a member is; what cannot be told of him is left out. */
static int put_member(struct xml_writer *w, struct addressbook_job *job, struct slice address,
                      struct fault *fault)
{
    struct account account;
    struct group group;
    struct slice name = {0};
    const char *kind = "contact";
    int err = accounts_find(job->accounts, address, job->arena, &account, fault);
    if (err == 0 && account.enabled) {
        kind = "user";
        name = account.display_name;
    } else if (err == -ERR_UNKNOWN) {
        err = group_find(accounts_reader(job->accounts), address, job->arena, &group, fault);
        if (err == 0) {
            kind = "group";
            name = group.name;
        }
    }
    if (err < 0 && err != -ERR_UNKNOWN)
        return err;
    xml_open(w, "l:Member");
    xml_put_attr_string(w, "kind", kind);
    xml_element(w, "l:Address", address);
    if (strcmp(kind, "user") == 0)
        xml_element(w, "l:Uri", arena_print(job->arena, "sip:%.*s", SLICE_ARG(address)));
    if (!slice_empty(name))
        xml_element(w, "l:Name", name);
    xml_close(w);
    return 0;
}

int addressbook_expand_answer(struct addressbook_job *job, struct buf *out, struct fault *fault)
{
    scoped(buf) struct buf members = BUF_INIT;
    struct xml_writer inner = XML_WRITER(&members);
    struct slice address;
    struct group group;
    int err = addressbook_expand_parse(job->payload, &address, fault);
    if (err == 0)
        err = group_find(accounts_reader(job->accounts), address, job->arena, &group, fault);
    for (size_t i = 0; err == 0 && i < group.member_count; i++)
        err = put_member(&inner, job, group.members[i], fault);
    if (err < 0)
        return err;
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, "QueryDLMembersResponse");
    xml_put_ns(&w, "", NS_DLX);
    xml_open(&w, "QueryDLMembersResult");
    xml_open(&w, "l:Group");
    xml_put_ns(&w, "l", NS_LYCHGATE_GROUP);
    xml_element(&w, "l:Address", group.address);
    xml_element(&w, "l:Name", group.name);
    xml_put_raw(&w, buf_slice(&members));
    for (int i = 0; i < 3; i++)
        xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
    return 0;
}
