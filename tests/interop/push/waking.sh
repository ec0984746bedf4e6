#!/bin/bash
# The npm package web-push-testing reads what lychgated itself pushes: a phone sleeps, somebody
# invites it, and the invitation's push message is decrypted by http_ece. The phone then comes
# and talks. tests/flows/push.sh has the same with a push service of our own, and what may go
# wrong. scripts/install-deps.sh put the judge into build-judges/push.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tap.sh"
judges=$here/../../../build-judges/push
for program in node curl jq; do
  command -v "$program" >/dev/null || tap_skip_all "no $program here"
done
[ -d "$judges/node_modules/web-push-testing" ] ||
  tap_skip_all "web-push-testing is not installed (scripts/install-deps.sh does, with Node.js 20 and npm)"
. "$here/../../flows/flow.sh"
. "$here/../../flows/handset.sh"

judge=
trap '[ -z "$judge" ] || kill "$judge"; flow_cleanup' EXIT
show_on_failure "$PHONE_OUT" "$flow/judge" "$flow/got" "$flow/bob.out" "$flow/bob.err" "$flow/log"

ask() { # PATH JSON
  curl --silent --noproxy '*' --max-time 20 -H 'Content-Type: application/json' -d "$2" \
    "http://127.0.0.1:$port/$1" >"$flow/got"
}
received() { # FILTER of the messages, in time
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    ask get-notifications "{\"clientHash\":\"$hash\"}" &&
      jq -e ".data.messages | $1" "$flow/got" >/dev/null && return
    sleep 0.1
  done
  return 1
}

handset_site waking || tap_bail 'no site'
flow_set lab private-push on
flow_set push subject mailto:admin@contoso.test
key=$("$LYCHGATE" --config "$site/lychgated.conf" push key) || tap_bail 'no push key'
mkfifo "$flow/ready"
NODE_PATH=$judges/node_modules node "$here/judge.js" >"$flow/ready" 2>"$flow/judge" &
judge=$!
exec {ready}<"$flow/ready"
# A judge that ends closes the pipe, so this does not wait for the dead.
read -r -t 60 -u "$ready" word port && [ "$word" = PORT ] || tap_bail 'web-push-testing does not start'
ask subscribe "{\"userVisibleOnly\":\"true\",\"applicationServerKey\":\"$key\"}" &&
  jq -e '.data | del(.clientHash)' "$flow/got" >"$flow/subscription" || tap_bail 'no subscription'
hash=$(jq -r .data.clientHash "$flow/got")
flow_start || tap_bail 'no server'

open_phone
check 'a phone signs in' has 'signed-in'
tell subscribe handset "$flow/subscription"
check 'and subscribes by its face' hears 'subscribed$'
patience=60
as_bob im alice@contoso.test 'Wake up' --wait 300 >"$flow/bob.out" 2>"$flow/bob.err" &
bob=$!
check 'bob invites it' hears 'chat bob@contoso.test state=0'
check 'the judge has decrypted the push message' received \
  'length == 1 and (.[0] | fromjson | .v == 1 and .kind == "message" and .from == "sip:bob@contoso.test")'
check 'in which there is no text' received '.[0] | fromjson | keys == ["conversation","from","kind","v"]'
tell poll handset
tell accept handset
check 'the phone comes, and is told' hears 'message bob@contoso.test state=2 text=Wake up'
tell say handset 'I am up'
check 'they talk' hears 'handset done$'
kill -INT "$bob"
wait "$bob" || true
check 'bob has read it' grep -q 'alice@contoso.test: I am up' "$flow/bob.out"
check 'the server ends cleanly' flow_stop
tap_done
