/* The contact cards that the server publishes for a user, of what the directory says:
 * name and address for everybody who is not blocked, the rest as docs/presence.md says. */
#include "presence/presence_priv.h"

#include "xml/writer.h"

enum {
    INSTANCE_DIRECTORY = 0,    /* no client may change it */
    INSTANCE_ADDRESS_BOOK = 3, /* these two a client may take over */
    INSTANCE_TITLE_PHOTO = 6
};

static struct slice field(const struct presence_identity *identity, enum card_field which)
{
    return identity->card ? identity->card->field[which] : (struct slice){0};
}

static void put_field(struct xml_writer *w, const char *name, struct slice text)
{
    if (!slice_empty(text))
        xml_element(w, name, text);
}

static void put_directory(struct xml_writer *w, const struct presence_identity *identity,
                          struct slice account)
{
    struct slice name = identity->display_name, mail = field(identity, CARD_MAIL);
    xml_open(w, "identity");
    xml_open(w, "name");
    xml_element(w, "displayName", slice_empty(name) ? account : name);
    put_field(w, "givenName", field(identity, CARD_GIVEN_NAME));
    put_field(w, "familyName", field(identity, CARD_SURNAME));
    xml_close(w);
    xml_element(w, "email", slice_empty(mail) ? account : mail);
    xml_close(w);
}

/* Which numbers are for whom: colleagues see the one at work, the work group the mobile
 * too, friends and family all. */
static const struct {
    enum card_field field;
    const char *type;
    uint32_t from; /* the first container */
} phones[] = {{CARD_PHONE_WORK, "work", 200},
              {CARD_PHONE_MOBILE, "mobile", 300},
              {CARD_PHONE_HOME, "home", 400},
              {CARD_PHONE_OTHER, "other", 400}};

/* A tel: URI has no blanks or brackets; what is shown is the number as it was written. */
static struct slice tel_of(struct arena *arena, struct slice number)
{
    scoped(buf) struct buf uri = BUF_INIT;
    buf_add_string(&uri, "tel:");
    for (size_t i = 0; i < number.len; i++) {
        char c = number.at[i];
        if ((c >= '0' && c <= '9') || (c == '+' && uri.len == 4) || c == '*' || c == '#')
            buf_add_byte(&uri, c);
    }
    return arena_copy(arena, buf_slice(&uri));
}

static void put_phones(struct xml_writer *w, struct arena *arena,
                       const struct presence_identity *identity, uint32_t container)
{
    for (size_t i = 0; i < sizeof phones / sizeof *phones; i++) {
        struct slice number = field(identity, phones[i].field);
        if (container < phones[i].from || slice_empty(number))
            continue;
        xml_open(w, "phone");
        xml_put_attr_string(w, "type", phones[i].type);
        xml_element(w, "uri", tel_of(arena, number));
        xml_element(w, "displayString", number);
        xml_close(w);
    }
}

static void put_address(struct xml_writer *w, const struct presence_identity *identity)
{
    static const struct {
        enum card_field field;
        const char *name;
    } lines[] = {{CARD_STREET, "street"},
                 {CARD_CITY, "city"},
                 {CARD_STATE, "state"},
                 {CARD_ZIP, "zipcode"},
                 {CARD_COUNTRY, "countryCode"}};
    const size_t count = sizeof lines / sizeof *lines;
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= !slice_empty(field(identity, lines[i].field));
    if (!any)
        return;
    xml_open(w, "address");
    xml_put_attr_string(w, "type", "work");
    for (size_t i = 0; i < count; i++)
        put_field(w, lines[i].name, field(identity, lines[i].field));
    xml_close(w);
}

static void put_address_book(struct xml_writer *w, struct arena *arena,
                             const struct presence_identity *identity, uint32_t container)
{
    put_field(w, "company", field(identity, CARD_COMPANY));
    if (container >= 200)
        put_field(w, "department", field(identity, CARD_DEPARTMENT));
    put_field(w, "url", field(identity, CARD_URL));
    put_phones(w, arena, identity, container);
    if (container >= 200)
        put_address(w, identity);
}

/* SIPE wants both the photo's uri and its hash. */
static void put_title_photo(struct xml_writer *w, const struct presence_identity *identity,
                            uint32_t container)
{
    struct slice hash = identity->card ? identity->card->photo_hash : (struct slice){0};
    put_field(w, "title", field(identity, CARD_TITLE));
    if (container >= 200)
        put_field(w, "office", field(identity, CARD_OFFICE));
    if (slice_empty(hash) || slice_empty(identity->photo_url))
        return;
    xml_open(w, "photo");
    xml_put_attr_string(w, "type", "enterprise");
    xml_element(w, "uri", identity->photo_url);
    xml_element(w, "hash", hash);
    xml_close(w);
}

static void put_card(struct turn *turn, const struct presence_identity *identity,
                     uint32_t container, uint32_t instance)
{
    static const char empty[] = "<contactCard xmlns=\"" NS_CONTACT_CARD "\"></contactCard>";
    scoped(buf) struct buf text = BUF_INIT;
    struct xml_writer w = XML_WRITER(&text);
    xml_open(&w, "contactCard");
    xml_put_ns(&w, "", NS_CONTACT_CARD);
    if (instance == INSTANCE_DIRECTORY)
        put_directory(&w, identity, turn->person->account);
    else if (instance == INSTANCE_ADDRESS_BOOK)
        put_address_book(&w, turn->arena, identity, container);
    else
        put_title_photo(&w, identity, container);
    xml_close(&w);
    xml_end(&w);
    bool any = !slice_eq(buf_slice(&text), slice_of(empty));
    turn_put_ours(turn, SLICE("contactCard"), container, instance, EXPIRE_STATIC,
                  any ? buf_slice(&text) : (struct slice){0});
}

void put_cards(struct turn *turn, const struct presence_identity *identity)
{
    static const uint32_t containers[] = {0, 100, 200, 300, 400};
    struct slice name = identity->display_name;
    struct atom *old = turn->person->name;
    turn->person->name =
        atom_take(turn->presence, slice_empty(name) ? turn->person->account : name);
    if (old)
        atom_release(turn->presence, old);
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        put_card(turn, identity, containers[i], INSTANCE_DIRECTORY);
        if (containers[i] == 0) /* people of no kind see no more than the name */
            continue;
        put_card(turn, identity, containers[i], INSTANCE_ADDRESS_BOOK);
        put_card(turn, identity, containers[i], INSTANCE_TITLE_PHOTO);
    }
}

/* Clients have their own address book part and title; the name is the directory's. */
bool card_is_ours_alone(const struct publication *publication)
{
    return !slice_eq(publication->category->text, SLICE("contactCard")) ||
           publication->instance == INSTANCE_DIRECTORY;
}

void presence_card_changed(struct presence *presence, struct slice account,
                           const struct presence_identity *identity, int64_t now,
                           struct outgoing_list *out, struct presence_posts *posts)
{
    struct person *person = person_find(presence, account);
    struct turn turn = {.presence = presence,
                        .person = person,
                        .arena = posts->arena,
                        .now = now,
                        .out = out,
                        .posts = posts};
    if (!person)
        return;
    put_cards(&turn, identity);
    turn_tell(&turn);
}
