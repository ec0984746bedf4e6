/* Two documents, cut at a NUL byte: a list and what changes it. Each list that is taken
 * has sound contacts in groups that exist. */
#include "contacts/read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct contacts_list *list)
{
    uint64_t groups = 0;
    for (size_t i = 0; i < list->group_count; i++)
        groups |= contacts_bit(list->groups[i].id);
    for (size_t i = 0; i < list->contact_count; i++)
        if (contacts_check_contact(list->contacts[i], NULL) < 0 || !list->contacts[i]->groups ||
            (list->contacts[i]->groups & ~groups))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice first, second;
    struct contacts_list *list = NULL, *next = NULL;
    struct fault fault;
    unsigned id;
    slice_cut(slice_make(data, size), '\0', &first, &second);
    contacts_read_group_id(first, &id, &fault);
    if (contacts_read(first, NULL, arena, &list, &fault) < 0)
        return 0;
    check(list);
    if (contacts_read(second, list, arena, &next, &fault) == 0)
        check(next);
    check(list);
    return 0;
}
