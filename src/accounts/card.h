/* What the directory knows of a person besides his account: the contact card and the
 * photo. Contact cards in presence, address book answers and provisioning are made of
 * it. Functions that take a store or a reader block: worker threads, command line. */
#ifndef LYCHGATE_ACCOUNTS_CARD_H
#define LYCHGATE_ACCOUNTS_CARD_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "store/store.h"

/* In the order of the table in card.c, which gives each its word for the command line
 * and its LDAP name, by which address book queries ask ([MS-ABS] section 2.2). */
enum card_field {
    CARD_GIVEN_NAME, /* givenName */
    CARD_SURNAME,    /* sn */
    CARD_MAIL,       /* mail; absent: the account's address */
    CARD_TITLE,
    CARD_COMPANY,
    CARD_DEPARTMENT,
    CARD_OFFICE,       /* physicalDeliveryOfficeName */
    CARD_PHONE_WORK,   /* telephoneNumber */
    CARD_PHONE_MOBILE, /* mobile */
    CARD_PHONE_HOME,   /* homePhone */
    CARD_PHONE_OTHER,  /* otherTelephone */
    CARD_STREET,
    CARD_CITY,    /* l */
    CARD_STATE,   /* st */
    CARD_ZIP,     /* postalCode */
    CARD_COUNTRY, /* c */
    CARD_URL,     /* wWWHomePage */
    CARD_FIELDS
};

enum {
    CARD_VALUE_MAX = 256,       /* bytes of a field, UTF-8 */
    CARD_PHOTO_MAX = 100 * 1024 /* bytes of a photo; Lync shows up to 30 KiB by default */
};

struct card {
    struct slice field[CARD_FIELDS]; /* absent: not known */
    struct slice photo_hash;         /* SHA-1 of the photo, 40 hex digits; absent: no photo */
    size_t photo_size;               /* bytes of it */
};

/* The tables of this file, after accounts_schema. */
extern const struct store_schema card_schema;

/* The words of a field: "phone-work" and "telephoneNumber". */
const char *card_field_name(enum card_field field);
const char *card_field_ldap(enum card_field field);

/* By either word, any case; false: there is no such field. */
bool card_field_find(struct slice word, enum card_field *field_out);

/* The card of an account, in the arena; an empty one when nothing is known. -ERR_IO. */
int card_load(struct store_reader *reader, int64_t account, struct arena *arena,
              struct card *card_out, struct fault *fault);

/* Set one field, an absent value takes it away. -ERR_UNKNOWN (UNKNOWN_USER); -ERR_MALFORMED
 * (ACCOUNT_INVALID): too long, no UTF-8, control characters. */
int card_set(struct store *store, int64_t account, enum card_field field, struct slice value,
             struct fault *fault);

/* The photo, JPEG or PNG by its first bytes; absent bytes take it away. -ERR_LIMIT, -ERR_MALFORMED
 * (ACCOUNT_INVALID), -ERR_UNKNOWN (UNKNOWN_USER). */
int card_photo_set(struct store *store, int64_t account, struct slice bytes, struct fault *fault);

/* By account; *type_out is "image/jpeg" or "image/png". -ERR_UNKNOWN when there is none. */
int card_photo_load(struct store_reader *reader, int64_t account, struct arena *arena,
                    struct slice *bytes_out, const char **type_out, struct fault *fault);

/* The same by the photo's hash, in any case, of an account that is enabled. */
int card_photo_find(struct store_reader *reader, struct slice hash, struct arena *arena,
                    struct slice *bytes_out, const char **type_out, struct fault *fault);

#endif
