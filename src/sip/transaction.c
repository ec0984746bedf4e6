/* RFC 3261 section 17 and RFC 6026, for transports that do not lose messages. */
#include "sip/transaction.h"

#include "base/arena.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum {
    LIMIT_DEFAULT = 256
};

/* The four machines of section 17. */
enum kind {
    CLIENT = 1,
    CLIENT_INVITE = 2,
    SERVER = 4,
    SERVER_INVITE = 8,
};

enum tx_event {
    EVENT_PROVISIONAL,
    EVENT_SUCCESS, /* final, 2xx */
    EVENT_REFUSAL, /* final, above */
    EVENT_ACK,
    EVENT_LATE, /* its time is up */
};

struct sip_transaction {
    struct sip_transaction *next;
    enum kind kind;
    enum sip_transaction_state state;
    enum sip_method method;
    char *method_text; /* owned; client only, as unknown methods are matched by text */
    char *key;         /* owned */
    uint64_t hash;     /* of key */
    int64_t deadline;  /* INT64_MAX: none */
    void *user;
};

struct sip_transactions {
    struct sip_transaction *first;
    size_t count, limit;
};

/* What an event does beside changing the state. */
enum {
    DELIVER = 1,  /* hand the response on */
    REPEAT = 2,   /* it was handed on before */
    SEND_ACK = 4, /* acknowledge the refusal */
    LINGER = 8,   /* wait SIP_TIMEOUT_MS in the new state */
    FOREVER = 16, /* wait without end: somebody is being called, or a worker is at it */
    GIVE_UP = 32, /* tell the owner that no answer came */
};

static const struct row {
    unsigned kinds;
    enum sip_transaction_state state;
    enum tx_event event;
    unsigned action;
    enum sip_transaction_state next;
} rows[] = {
    {CLIENT, SIP_TX_CALLING, EVENT_PROVISIONAL, DELIVER, SIP_TX_PROCEEDING},
    {CLIENT, SIP_TX_CALLING, EVENT_SUCCESS, DELIVER, SIP_TX_ENDED},
    {CLIENT, SIP_TX_CALLING, EVENT_REFUSAL, DELIVER, SIP_TX_ENDED},
    {CLIENT, SIP_TX_CALLING, EVENT_LATE, GIVE_UP, SIP_TX_ENDED},
    {CLIENT, SIP_TX_PROCEEDING, EVENT_PROVISIONAL, DELIVER, SIP_TX_PROCEEDING},
    {CLIENT, SIP_TX_PROCEEDING, EVENT_SUCCESS, DELIVER, SIP_TX_ENDED},
    {CLIENT, SIP_TX_PROCEEDING, EVENT_REFUSAL, DELIVER, SIP_TX_ENDED},
    {CLIENT, SIP_TX_PROCEEDING, EVENT_LATE, GIVE_UP, SIP_TX_ENDED},

    {CLIENT_INVITE, SIP_TX_CALLING, EVENT_PROVISIONAL, DELIVER | FOREVER, SIP_TX_PROCEEDING},
    {CLIENT_INVITE, SIP_TX_CALLING, EVENT_SUCCESS, DELIVER | LINGER, SIP_TX_ACCEPTED},
    {CLIENT_INVITE, SIP_TX_CALLING, EVENT_REFUSAL, DELIVER | SEND_ACK, SIP_TX_ENDED},
    {CLIENT_INVITE, SIP_TX_CALLING, EVENT_LATE, GIVE_UP, SIP_TX_ENDED},
    {CLIENT_INVITE, SIP_TX_PROCEEDING, EVENT_PROVISIONAL, DELIVER, SIP_TX_PROCEEDING},
    {CLIENT_INVITE, SIP_TX_PROCEEDING, EVENT_SUCCESS, DELIVER | LINGER, SIP_TX_ACCEPTED},
    {CLIENT_INVITE, SIP_TX_PROCEEDING, EVENT_REFUSAL, DELIVER | SEND_ACK, SIP_TX_ENDED},
    {CLIENT_INVITE, SIP_TX_PROCEEDING, EVENT_LATE, GIVE_UP, SIP_TX_ENDED}, /* the end of all */
    {CLIENT_INVITE, SIP_TX_ACCEPTED, EVENT_SUCCESS, DELIVER | REPEAT, SIP_TX_ACCEPTED},
    {CLIENT_INVITE, SIP_TX_ACCEPTED, EVENT_LATE, 0, SIP_TX_ENDED},

    {SERVER | SERVER_INVITE, SIP_TX_PROCEEDING, EVENT_PROVISIONAL, 0, SIP_TX_PROCEEDING},
    {SERVER, SIP_TX_PROCEEDING, EVENT_SUCCESS, 0, SIP_TX_ENDED}, /* timer J is zero */
    {SERVER, SIP_TX_PROCEEDING, EVENT_REFUSAL, 0, SIP_TX_ENDED},
    {SERVER_INVITE, SIP_TX_PROCEEDING, EVENT_SUCCESS, LINGER, SIP_TX_ACCEPTED},
    {SERVER_INVITE, SIP_TX_PROCEEDING, EVENT_REFUSAL, LINGER, SIP_TX_COMPLETED},
    {SERVER_INVITE, SIP_TX_ACCEPTED, EVENT_LATE, 0, SIP_TX_ENDED},
    {SERVER_INVITE, SIP_TX_COMPLETED, EVENT_ACK, 0, SIP_TX_ENDED}, /* timer I is zero */
    {SERVER_INVITE, SIP_TX_COMPLETED, EVENT_LATE, 0, SIP_TX_ENDED},
};

static const struct row *find_row(const struct sip_transaction *tx, enum tx_event event)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((rows[i].kinds & (unsigned)tx->kind) && rows[i].state == tx->state &&
            rows[i].event == event)
            return &rows[i];
    return NULL;
}

/* ---- the table ---------------------------------------------------------------- */

struct sip_transactions *sip_transactions_new(size_t limit)
{
    struct sip_transactions *table = must_calloc(1, sizeof *table);
    table->limit = limit ? limit : LIMIT_DEFAULT;
    return table;
}

static void tx_free(struct sip_transaction *tx)
{
    free(tx->key);
    free(tx->method_text);
    free(tx);
}

void sip_transactions_free(struct sip_transactions *table)
{
    if (!table)
        return;
    while (table->first) {
        struct sip_transaction *tx = table->first;
        table->first = tx->next;
        tx_free(tx);
    }
    free(table);
}

size_t sip_transactions_count(const struct sip_transactions *table)
{
    return table->count;
}

enum sip_transaction_state sip_transaction_state(const struct sip_transaction *tx)
{
    return tx->state;
}

void *sip_transaction_user(const struct sip_transaction *tx)
{
    return tx->user;
}

void sip_transaction_set_user(struct sip_transaction *tx, void *user)
{
    tx->user = user;
}

static struct sip_transaction *tx_add(struct sip_transactions *table, enum kind kind,
                                      enum sip_method method, struct slice key)
{
    struct sip_transaction *tx = must_calloc(1, sizeof *tx);
    tx->kind = kind;
    tx->method = method;
    tx->state = kind & (CLIENT | CLIENT_INVITE) ? SIP_TX_CALLING : SIP_TX_PROCEEDING;
    tx->key = must_alloc(key.len + 1);
    memcpy(tx->key, key.at, key.len);
    tx->key[key.len] = '\0';
    tx->hash = slice_hash(key);
    tx->deadline = INT64_MAX;
    tx->next = table->first;
    table->first = tx;
    table->count++;
    return tx;
}

static void tx_end(struct sip_transactions *table, struct sip_transaction *tx)
{
    struct sip_transaction **at = &table->first;
    while (*at != tx)
        at = &(*at)->next;
    *at = tx->next;
    table->count--;
    tx_free(tx);
}

/* One event: the new state, the deadline that goes with it, and what else to do. The
 * transaction is gone afterwards where that state is ENDED. *known is false when the
 * state does not expect the event. */
static unsigned step(struct sip_transactions *table, struct sip_transaction *tx,
                     enum tx_event event, int64_t now, bool *known)
{
    const struct row *row = find_row(tx, event);
    *known = row != NULL;
    if (!row)
        return 0;
    unsigned action = row->action;
    tx->state = row->next;
    if (action & LINGER)
        tx->deadline = now + SIP_TIMEOUT_MS;
    if (action & FOREVER)
        tx->deadline = INT64_MAX;
    if (tx->state == SIP_TX_ENDED)
        tx_end(table, tx);
    return action;
}

static enum tx_event event_of_status(int status)
{
    if (status < 200)
        return EVENT_PROVISIONAL;
    return status < 300 ? EVENT_SUCCESS : EVENT_REFUSAL;
}

/* ---- client --------------------------------------------------------------------- */

static struct sip_transaction *find_client(const struct sip_transactions *table,
                                           struct slice branch, struct slice method)
{
    uint64_t hash = slice_hash(branch);
    for (struct sip_transaction *tx = table->first; tx; tx = tx->next)
        if (tx->hash == hash && (tx->kind & (CLIENT | CLIENT_INVITE)) &&
            slice_eq(slice_of(tx->key), branch) && slice_eq(slice_of(tx->method_text), method))
            return tx;
    return NULL;
}

int sip_client_sent(struct sip_transactions *table, struct slice branch, struct slice method,
                    int64_t now, int64_t timeout_ms, void *user, struct fault *fault)
{
    enum sip_method id = sip_method(method);
    if (table->count >= table->limit)
        return fault_set(fault, ERR_LIMIT, FINDING_INTERNAL, "%zu SIP transactions at once",
                         table->count);
    if (find_client(table, branch, method))
        return fault_set(fault, ERR_CONFLICT, FINDING_INTERNAL, "branch %.*s is in use",
                         SLICE_ARG(branch));
    struct sip_transaction *tx =
        tx_add(table, id == SIP_INVITE ? CLIENT_INVITE : CLIENT, id, branch);
    tx->method_text = must_alloc(method.len + 1);
    memcpy(tx->method_text, method.at, method.len);
    tx->method_text[method.len] = '\0';
    tx->deadline = now + (timeout_ms ? timeout_ms : SIP_TIMEOUT_MS);
    tx->user = user;
    return 0;
}

struct sip_answer sip_client_received(struct sip_transactions *table,
                                      const struct sip_message *response, int64_t now)
{
    struct sip_answer answer = {0};
    struct sip_transaction *tx = find_client(table, response->via.branch, response->method_text);
    if (!tx || response->status < 100)
        return answer;
    void *user = tx->user;
    unsigned action = step(table, tx, event_of_status(response->status), now, &answer.known);
    if (!answer.known)
        return answer;
    answer.final = response->status >= 200;
    answer.repeated = (action & REPEAT) != 0;
    answer.send_ack = (action & SEND_ACK) != 0;
    answer.user = user;
    return answer;
}

/* ---- server --------------------------------------------------------------------- */

/* What a request, its repetition, its CANCEL and the ACK to its refusal have in common
 * (section 17.2.3). Lync clients send no branch: then it is the older rule. */
static void request_key(const struct sip_message *request, struct buf *key)
{
    const struct sip_via *via = &request->via;
    if (slice_starts(via->branch, SLICE("z9hG4bK"))) {
        buf_print(key, "%.*s %.*s:%u", SLICE_ARG(via->branch), SLICE_ARG(via->host), via->port);
        return;
    }
    buf_print(key, "%.*s %u %.*s %.*s", SLICE_ARG(request->call_id), request->cseq,
              SLICE_ARG(request->from.tag), SLICE_ARG(via->text));
}

/* For ACK and CANCEL any method will do that they can speak of. */
static bool speaks_of(const struct sip_message *request, const struct sip_transaction *tx)
{
    if (request->method == SIP_ACK)
        return tx->method == SIP_INVITE;
    return request->method == SIP_CANCEL || request->method == tx->method;
}

static struct sip_transaction *find_server(const struct sip_transactions *table,
                                           const struct sip_message *request, struct slice key)
{
    uint64_t hash = slice_hash(key);
    for (struct sip_transaction *tx = table->first; tx; tx = tx->next)
        if (tx->hash == hash && (tx->kind & (SERVER | SERVER_INVITE)) &&
            slice_eq(slice_of(tx->key), key) && speaks_of(request, tx))
            return tx;
    return NULL;
}

enum sip_arrival sip_server_received(struct sip_transactions *table,
                                     const struct sip_message *request, int64_t now,
                                     struct sip_transaction **tx_out)
{
    scoped(buf) struct buf text = BUF_INIT;
    bool known;
    request_key(request, &text);
    struct slice key = slice_of(buf_string(&text));
    struct sip_transaction *tx = find_server(table, request, key);
    *tx_out = NULL;
    if (request->method == SIP_ACK) {
        if (tx)
            step(table, tx, EVENT_ACK, now, &known);
        return tx && known ? SIP_ARRIVAL_ACK : SIP_ARRIVAL_ACK_2XX;
    }
    *tx_out = tx;
    if (request->method == SIP_CANCEL)
        return tx ? SIP_ARRIVAL_CANCEL : SIP_ARRIVAL_CANCEL_UNKNOWN;
    if (tx)
        return SIP_ARRIVAL_REPEATED;
    if (table->count >= table->limit)
        return SIP_ARRIVAL_FULL;
    *tx_out =
        tx_add(table, request->method == SIP_INVITE ? SERVER_INVITE : SERVER, request->method, key);
    return SIP_ARRIVAL_NEW;
}

void sip_server_replied(struct sip_transactions *table, struct sip_transaction *tx, int status,
                        int64_t now)
{
    bool known;
    step(table, tx, event_of_status(status), now, &known);
}

/* ---- time ------------------------------------------------------------------------ */

int64_t sip_transactions_deadline(const struct sip_transactions *table)
{
    int64_t soonest = INT64_MAX;
    for (const struct sip_transaction *tx = table->first; tx; tx = tx->next)
        if (tx->deadline < soonest)
            soonest = tx->deadline;
    return soonest;
}

void sip_transactions_expire(struct sip_transactions *table, int64_t now, sip_expired_fn *expired,
                             void *arg)
{
    struct sip_transaction *tx = table->first;
    while (tx) {
        bool known;
        if (tx->deadline > now) {
            tx = tx->next;
            continue;
        }
        enum sip_method method = tx->method;
        void *user = tx->user;
        unsigned action = step(table, tx, EVENT_LATE, now, &known);
        if ((action & GIVE_UP) && expired)
            expired(arg, method, user);
        /* What was called may have changed the table. */
        tx = table->first;
    }
}
