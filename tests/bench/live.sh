#!/bin/bash
# That each measurement runs, counts everybody and cleans up behind itself. What the
# figures say is nobody's test.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
command -v jq >/dev/null || tap_skip_all 'no jq here (Debian: jq)'
work=$(mktemp -d /tmp/lychgate-live-XXXX) && trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/s
mkdir "$TMPDIR"

holds() { jq -e "$1" "$work/out" >/dev/null; }

# bench FILTER COMMAND...: status 0, one JSON document for which the filter holds
bench() {
  local filter=$1
  shift
  "$LYCHGATE" bench "$@" --lychgated "$LYCHGATED" --json >"$work/out" 2>"$work/err" || {
    sed 's/^/# /' "$work/err" "$work/out"
    return 1
  }
  holds "$filter" || {
    sed 's/^/# /' "$work/out"
    return 1
  }
}
steps='([.steps[].step] | join(" "))'

check 'idle holds 200 endpoints, each still known at the end' \
  bench '.endpoints == 200 and .still_registered == 200 and .pss_per_endpoint > 0 and .descriptors > 200' \
  idle --endpoints 200 --seconds 0
check 'register refreshes' bench '.count > 0 and .per_core > 0 and .steps[0].count >= .count' \
  register --connections 4 --seconds 1
check 'signin with a kept certificate' \
  bench ".count == 4 and .floor_cpu_each > 0 and $steps == \"connect_tls challenge tlsdsk_hello tlsdsk_finish register\"" \
  signin --kept --users 4 --concurrency 2
check 'signin from nothing' \
  bench ".count == 4 and ([.steps[] | select(.count != 4)] | length) == 0" \
  signin --users 4 --concurrency 2
check 'idle with contacts: everybody sees the others' \
  bench '.contacts == 10 and .watched == 10 and .still_registered == 30 and ([.steps[] | select(.step == "watch_contacts")][0].count) == 30' \
  idle --endpoints 30 --contacts 10 --seconds 0
check 'presence: all watchers know of each change' \
  bench '.count == 60 and .news_per_second > 0 and ([.steps[] | select(.step == "last_news")][0].count) == 3' \
  presence --watchers 20 --rounds 3
check 'contacts: first with nobody there, then with all' \
  bench ".contacts == 40 and .watched == 40 and .count == 3 and $steps == \"contact_list watch_contacts first_contact_list first_watch_contacts\"" \
  contacts --contacts 40 --rounds 3
check 'messages: two in each conversation' \
  bench '.conversations > 3 and .messages > 3 and .count >= 2 * .conversations + .messages' \
  messages --pairs 3 --messages 2 --seconds 1
check 'mobile: each step once for each' \
  bench ".count == 4 and .floor_cpu_each > 0 and .share_of_floor > 0 and $steps == \"connect_tls autodiscover_401 oauthtoken application make_me_available\" and ([.steps[] | select(.count != 4)] | length) == 0" \
  mobile --users 4 --concurrency 2
check 'polls: all are held, one and many are woken' \
  bench '.polls == 20 and .pss_per_application != null and .watchers == 5 and .count == 10 and ([.steps[] | select(.step == "wake_one" or .step == "wake_behind_first")] | map(.count) == [40, 8])' \
  polls --polls 20 --watchers 5 --rounds 2 --seconds 0
"$LYCHGATE" bench growth --users 2000 --rounds 50 --json >"$work/out" 2>"$work/err"
check 'growth needs no server' [ $? -eq 0 ]
check 'growth asks each operation so often' \
  holds '([.steps[] | select(.count != 50)] | length) == 0 and (.steps | length) == 8 and .relay_growth != null'
check 'one loop is enough' bench '.count == 4' signin --kept --users 4 --loops 1
check 'nothing is left behind' rmdir "$TMPDIR"

TMPDIR=$work "$LYCHGATE" bench idle --endpoints 2 --lychgated /bin/false >"$work/out" 2>"$work/err"
check 'a server that does not start is told' [ $? -eq 1 ]
check 'the cause is told' grep -q 'did not start' "$work/err"
"$LYCHGATE" bench idle --endpoints 10000000 --lychgated "$LYCHGATED" >/dev/null 2>&1
check 'impossible numbers are a mistake' [ $? -eq 2 ]
tap_done
