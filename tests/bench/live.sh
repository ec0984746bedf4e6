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

# bench FILTER COMMAND...: status 0, one JSON document for which the filter holds
bench() {
  local filter=$1
  shift
  "$LYCHGATE" bench "$@" --lychgated "$LYCHGATED" --json >"$work/out" 2>"$work/err" || {
    sed 's/^/# /' "$work/err" "$work/out"
    return 1
  }
  jq -e "$filter" "$work/out" >/dev/null || {
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
check 'one loop is enough' bench '.count == 4' signin --kept --users 4 --loops 1
check 'nothing is left behind' rmdir "$TMPDIR"

TMPDIR=$work "$LYCHGATE" bench idle --endpoints 2 --lychgated /bin/false >"$work/out" 2>"$work/err"
check 'a server that does not start is told' [ $? -eq 1 ]
check 'the cause is told' grep -q 'did not start' "$work/err"
"$LYCHGATE" bench idle --endpoints 10000000 --lychgated "$LYCHGATED" >/dev/null 2>&1
check 'impossible numbers are a mistake' [ $? -eq 2 ]
tap_done
