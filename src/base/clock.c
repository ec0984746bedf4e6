#include "base/clock.h"

#include "base/fault.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t offset_ms;

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now(void)
{
    return read_us(CLOCK_REALTIME) / 1000 + offset_ms;
}

int64_t clock_monotonic(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void clock_set_offset(int64_t ms)
{
    offset_ms = ms;
}

static int split_ms(int64_t ms, struct tm *tm_out)
{
    int64_t seconds = ms / 1000;
    int rest = (int)(ms % 1000);
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    time_t t = (time_t)seconds;
    gmtime_r(&t, tm_out);
    return rest;
}

struct slice clock_print_iso(struct arena *arena, int64_t ms)
{
    struct tm tm;
    split_ms(ms, &tm);
    return arena_print(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

struct slice clock_print_iso_ms(struct arena *arena, int64_t ms)
{
    struct tm tm;
    int rest = split_ms(ms, &tm);
    return arena_print(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, rest);
}

/* Read exactly `digits` digits at *s and move on; -1 if there are not so many. */
static int take_digits(struct slice *s, size_t digits)
{
    uint64_t number;
    if (s->len < digits || slice_number(slice_head(*s, digits), 9999, &number) < 0)
        return -1;
    *s = slice_from(*s, digits);
    return (int)number;
}

static bool take_byte(struct slice *s, char byte)
{
    if (s->len == 0 || s->at[0] != byte)
        return false;
    *s = slice_from(*s, 1);
    return true;
}

static bool plausible(const struct tm *tm)
{
    return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31 &&
           tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 &&
           tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

/* The fraction and zone after the seconds; milliseconds to add, or INT64_MIN. */
static int64_t iso_tail(struct slice s)
{
    int64_t ms = 0;
    if (take_byte(&s, '.')) {
        int64_t weight = 100;
        size_t digits = 0;
        while (s.len > 0 && s.at[0] >= '0' && s.at[0] <= '9') {
            ms += (s.at[0] - '0') * weight;
            weight /= 10;
            s = slice_from(s, 1);
            digits++;
        }
        if (digits == 0)
            return INT64_MIN;
    }
    if (s.len == 0 || (take_byte(&s, 'Z') && s.len == 0))
        return ms;
    int sign = s.at[0] == '+' ? -1 : s.at[0] == '-' ? 1 : 0;
    s = slice_from(s, 1);
    int hours = take_digits(&s, 2);
    bool colon = take_byte(&s, ':');
    int minutes = take_digits(&s, 2);
    if (sign == 0 || hours < 0 || !colon || minutes < 0 || s.len != 0)
        return INT64_MIN;
    return ms + sign * (hours * 60 + minutes) * INT64_C(60000);
}

int clock_parse_iso(struct slice text, int64_t *ms_out)
{
    struct slice s = slice_trim(text);
    struct tm tm = {0};
    tm.tm_year = take_digits(&s, 4) - 1900;
    bool ok = take_byte(&s, '-');
    tm.tm_mon = take_digits(&s, 2) - 1;
    ok = ok && take_byte(&s, '-');
    tm.tm_mday = take_digits(&s, 2);
    ok = ok && take_byte(&s, 'T');
    tm.tm_hour = take_digits(&s, 2);
    ok = ok && take_byte(&s, ':');
    tm.tm_min = take_digits(&s, 2);
    ok = ok && take_byte(&s, ':');
    tm.tm_sec = take_digits(&s, 2);
    if (!ok || tm.tm_year < 0 || !plausible(&tm))
        return -ERR_MALFORMED;
    int64_t tail = iso_tail(s);
    if (tail == INT64_MIN)
        return -ERR_MALFORMED;
    *ms_out = (int64_t)timegm(&tm) * 1000 + tail;
    return 0;
}

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct slice clock_print_http(struct arena *arena, int64_t ms)
{
    struct tm tm;
    split_ms(ms, &tm);
    return arena_print(arena, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
                       months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static int month_of(struct slice s)
{
    for (int i = 0; i < 12; i++)
        if (slice_eq_nocase(s, slice_of(months[i])))
            return i;
    return -1;
}

int clock_parse_http(struct slice text, int64_t *ms_out)
{
    struct slice s = slice_trim(text);
    if (s.len != sizeof "Sat, 21 Nov 2026 22:05:00 GMT" - 1 || !slice_ends(s, SLICE(" GMT")))
        return -ERR_MALFORMED;
    s = slice_from(s, 5);
    struct tm tm = {0};
    tm.tm_mday = take_digits(&s, 2);
    bool ok = take_byte(&s, ' ');
    tm.tm_mon = month_of(slice_head(s, 3));
    s = slice_from(s, 3);
    ok = ok && take_byte(&s, ' ');
    tm.tm_year = take_digits(&s, 4) - 1900;
    ok = ok && take_byte(&s, ' ');
    tm.tm_hour = take_digits(&s, 2);
    ok = ok && take_byte(&s, ':');
    tm.tm_min = take_digits(&s, 2);
    ok = ok && take_byte(&s, ':');
    tm.tm_sec = take_digits(&s, 2);
    if (!ok || tm.tm_year < 0 || !plausible(&tm))
        return -ERR_MALFORMED;
    *ms_out = (int64_t)timegm(&tm) * 1000;
    return 0;
}
