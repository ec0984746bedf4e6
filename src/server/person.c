#include "server/person.h"

#include "addressbook/addressbook.h"

int person_read(struct server *server, struct arena *arena, struct person_record *record,
                struct fault *fault)
{
    const struct desk *desk = server_desk(server);
    struct account *account = &record->account;
    int err = accounts_find(desk->accounts, record->address, arena, account, fault);
    record->exists = err == 0 && account->enabled;
    if (!record->exists)
        return err == -ERR_UNKNOWN ? 0 : err;
    err = card_load(desk->reader, account->id, arena, &record->card, fault);
    if (err == 0 && server->config->roles.web)
        record->photo_url = addressbook_photo_url(arena, &server->site, record->card.photo_hash);
    if (err == 0)
        err = presence_load(desk->reader, account->address, arena, &record->presence, fault);
    record->exists = err == 0;
    return err;
}

static struct presence_identity identity_of(const struct person_record *record)
{
    return (struct presence_identity){
        .display_name = record->account.display_name,
        .card = &record->card,
        .photo_url = record->photo_url,
    };
}

void person_adopt(struct wing *home, const struct person_record *record)
{
    struct presence_identity identity = identity_of(record);
    if (record->exists)
        presence_adopt(home->presence, record->address, &identity, record->presence,
                       loop_now(home->loop));
}

void person_changed(struct wing *home, const struct person_record *record)
{
    struct presence_identity identity = identity_of(record);
    struct turn *turn = home->turn;
    presence_card_changed(home->presence, record->address, &identity, turn->now, &turn->out,
                          &turn->posts);
}
