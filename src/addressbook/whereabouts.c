/* The location information service ([MS-E911WS] sections 3.1.4.1 and 4). */
#include "addressbook/addressbook_priv.h"
#include "addressbook/location.h"
#include "base/encode.h"
#include "xml/names.h"
#include "xml/writer.h"

enum {
    FOUND = 200,
    NOT_FOUND = 404, /* the specification's text on other numbers could not be read */
    MAC_LEN = 6,
    LLDP_MAC = 4 /* subtype of a chassis id ([IEEE 802.1AB] 8.5.2.2) */
};

static int malformed(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_ADDRESSBOOK_MALFORMED, "%s", what);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Switches tell of themselves in LLDP: a byte that says what the rest is, then that. Those
 * who write text where base64 belongs are understood too. */
static struct slice lldp(struct arena *arena, struct slice text)
{
    struct slice bytes;
    if (slice_empty(text) || slice_index(text, '-') >= 0 || slice_index(text, ':') >= 0 ||
        base64_parse(arena, text, &bytes) < 0)
        return text;
    if (bytes.len == MAC_LEN + 1 && bytes.at[0] == LLDP_MAC)
        return hex_print(arena, slice_from(bytes, 1));
    if (bytes.len == MAC_LEN)
        return hex_print(arena, bytes);
    return bytes.len > 1 && (unsigned char)bytes.at[0] < ' ' ? slice_from(bytes, 1) : bytes;
}

int addressbook_whereabouts_parse(const struct xml_node *payload, struct arena *arena,
                                  struct addressbook_whereabouts *out, struct fault *fault)
{
    *out = (struct addressbook_whereabouts){0};
    struct slice entity = xml_text(xml_child(payload, NULL, "Entity"));
    if (slice_starts_nocase(entity, SLICE("sip:")))
        entity = slice_from(entity, 4);
    out->entity = entity;
    if (slice_empty(entity))
        return malformed(fault, "GetLocations has no Entity");
    struct slice chassis = lldp(arena, xml_text(xml_child(payload, NULL, "ChassisID")));
    struct slice port = lldp(arena, xml_text(xml_child(payload, NULL, "PortID")));
    out->key[LOCATION_BSSID] = xml_text(xml_child(payload, NULL, "WAPBSSID"));
    out->key[LOCATION_CHASSIS] = chassis;
    if (!slice_empty(chassis) && !slice_empty(port))
        out->key[LOCATION_PORT] =
            arena_print(arena, "%.*s/%.*s", SLICE_ARG(slice_head(chassis, LOCATION_VALUE_MAX)),
                        SLICE_ARG(slice_head(port, LOCATION_VALUE_MAX)));
    out->key[LOCATION_SUBNET] = xml_text(xml_child(payload, NULL, "SubnetID"));
    out->key[LOCATION_MAC] = xml_text(xml_child(payload, NULL, "MAC"));
    return 0;
}

/* ---- answering ----------------------------------------------------------------------------------
 */

static void put_civic(struct xml_writer *w, const struct location *location)
{
    xml_open(w, "civicAddress");
    xml_put_ns(w, "", NS_CIVIC);
    for (int i = 0; i < LOCATION_PARTS; i++) {
        struct slice value = location->part[i];
        xml_element(w, location_part_element((enum location_part)i),
                    slice_absent(value) ? SLICE("") : value);
    }
    xml_close(w);
}

static void put_presence(struct xml_writer *w, struct addressbook_job *job,
                         const struct location *locations, size_t count)
{
    xml_open(w, "presence");
    xml_put_ns(w, "", NS_PIDF);
    xml_put_attr(w, "entity", arena_print(job->arena, "sip:%.*s", SLICE_ARG(job->caller.address)));
    for (size_t i = 0; i < count; i++) {
        xml_open(w, "tuple");
        xml_put_attr(w, "id", arena_print(job->arena, "_LIS:%zu", i));
        xml_open(w, "status");
        xml_open(w, "geopriv");
        xml_put_ns(w, "", NS_GEOPRIV);
        xml_open(w, "location-info");
        put_civic(w, &locations[i]);
        for (int k = 0; k < 4; k++)
            xml_close(w);
    }
    xml_close(w);
}

static void print(struct addressbook_job *job, const char *response,
                  const struct location *locations, size_t count, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, response);
    xml_put_ns(&w, "", NS_LIS);
    xml_open(&w, "ReturnCode");
    xml_put_number(&w, count ? FOUND : NOT_FOUND);
    xml_close(&w);
    xml_open(&w, "presenceList");
    if (count)
        put_presence(&w, job, locations, count);
    xml_close(&w);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

/* A key that cannot be one matches nothing: clients send what their network tells them. */
int addressbook_locations_answer(struct addressbook_job *job, struct buf *out, struct fault *fault)
{
    struct addressbook_whereabouts asked;
    struct location location;
    int err = addressbook_whereabouts_parse(job->payload, job->arena, &asked, fault);
    if (err < 0)
        return err;
    if (!slice_eq_nocase(asked.entity, job->caller.address))
        return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH,
                         "the location of \"%.*s\" asked for with the ticket of %.*s",
                         SLICE_ARG(slice_head(asked.entity, 100)),
                         SLICE_ARG(slice_head(job->caller.address, 100)));
    err = -ERR_UNKNOWN;
    for (int i = 0; i < LOCATION_KINDS && (err == -ERR_UNKNOWN || err == -ERR_MALFORMED); i++)
        if (!slice_empty(asked.key[i]))
            err = location_find(accounts_reader(job->accounts), (enum location_kind)i, asked.key[i],
                                job->arena, &location, fault);
    if (err < 0 && err != -ERR_UNKNOWN && err != -ERR_MALFORMED)
        return err;
    print(job, "GetLocationsResponse", &location, err == 0, out);
    return 0;
}

/* Its elements are known only as country, state and city: taken by any of their names. */
static struct slice first_of(const struct xml_node *payload, const char *const names[static 3])
{
    for (int i = 0; i < 3; i++) {
        const struct xml_node *node = xml_child(payload, NULL, names[i]);
        if (node)
            return xml_text(node);
        xml_each (child, payload)
            if ((node = xml_child(child, NULL, names[i])))
                return xml_text(node);
    }
    return (struct slice){0};
}

int addressbook_city_answer(struct addressbook_job *job, struct buf *out, struct fault *fault)
{
    static const char *const country[] = {"Country", "CountryRegion", "country"};
    static const char *const state[] = {"State", "A1", "state"};
    static const char *const city[] = {"City", "A3", "city"};
    struct location *list;
    size_t count;
    struct slice name = first_of(job->payload, city);
    if (slice_empty(name) || name.len > LOCATION_VALUE_MAX)
        return malformed(fault, "GetLocationsInCity names no city");
    int err = location_list(accounts_reader(job->accounts), first_of(job->payload, country),
                            first_of(job->payload, state), name, ADDRESSBOOK_RESULTS_MAX,
                            job->arena, &list, &count, fault);
    if (err == 0)
        print(job, "GetLocationsInCityResponse", list, count, out);
    return err;
}
