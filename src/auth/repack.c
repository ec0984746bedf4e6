/* The records of a flight, put together anew. OpenSSL sends a record for each
 * handshake message, which is legal; SIPE however finds no success in a record
 * that holds only a message without a body, such as ServerHelloDone, and ends
 * the sign-in. Several messages in one record are as legal (RFC 2246 section
 * 6.2.1), and the handshake's hash leaves record headers out, so that nothing
 * else changes. */
#include "auth/tlsdsk.h"

enum {
    RECORD_HEADER = 5,
    RECORD_MAX = 16384,
    RECORD_ENCRYPTED_MAX = RECORD_MAX + 2048, /* RFC 5246 section 6.2.3 */
    CONTENT_CHANGE_CIPHER = 20,
    CONTENT_HANDSHAKE = 22,
    MESSAGE_HEADER = 4
};

static size_t byte_at(struct slice s, size_t at)
{
    return (uint8_t)s.at[at];
}

static void add_record(struct buf *out, const char version[2], struct slice payload)
{
    char header[RECORD_HEADER] = {CONTENT_HANDSHAKE, version[0], version[1],
                                  (char)(payload.len >> 8), (char)(payload.len & 0xff)};
    buf_add(out, slice_make(header, sizeof header));
    buf_add(out, payload);
}

/* Length of the handshake message that s begins with; all of s if it is cut off. */
static size_t message_len(struct slice s)
{
    if (s.len < MESSAGE_HEADER)
        return s.len;
    size_t len = MESSAGE_HEADER + (byte_at(s, 1) << 16 | byte_at(s, 2) << 8 | byte_at(s, 3));
    return len < s.len ? len : s.len;
}

/* Messages one after the other, in as few records as they fit; a record ends
 * between two messages, unless one is larger than a record can be. */
static void add_messages(struct buf *out, const char version[2], struct slice messages)
{
    while (messages.len > 0) {
        size_t len = message_len(messages);
        while (len < messages.len) {
            size_t next = message_len(slice_from(messages, len));
            if (len + next > RECORD_MAX)
                break;
            len += next;
        }
        if (len > RECORD_MAX)
            len = RECORD_MAX;
        add_record(out, version, slice_head(messages, len));
        messages = slice_from(messages, len);
    }
}

int tlsdsk_repack(struct slice flight, struct buf *out)
{
    scoped(buf) struct buf messages = BUF_INIT; /* those of adjacent records */
    char version[2] = {3, 1};
    bool plain = true; /* until ChangeCipherSpec; what follows is opaque to us */
    while (flight.len > 0) {
        if (flight.len < RECORD_HEADER)
            return -ERR_MALFORMED;
        size_t len = byte_at(flight, 3) << 8 | byte_at(flight, 4);
        if (len > RECORD_ENCRYPTED_MAX || flight.len - RECORD_HEADER < len)
            return -ERR_MALFORMED;
        bool handshake = plain && flight.at[0] == CONTENT_HANDSHAKE;
        if (messages.len > 0 && (!handshake || version[1] != flight.at[2])) {
            add_messages(out, version, buf_slice(&messages));
            buf_clear(&messages);
        }
        version[0] = flight.at[1];
        version[1] = flight.at[2];
        plain = plain && flight.at[0] != CONTENT_CHANGE_CIPHER;
        buf_add(handshake ? &messages : out, handshake ? slice_make(flight.at + RECORD_HEADER, len)
                                                       : slice_head(flight, RECORD_HEADER + len));
        flight = slice_from(flight, RECORD_HEADER + len);
    }
    add_messages(out, version, buf_slice(&messages));
    return buf_failed(out) ? -ERR_LIMIT : 0;
}
