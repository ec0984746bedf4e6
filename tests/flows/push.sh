#!/bin/bash
# A phone that sleeps at a real server: invited, it is woken by a push message, comes, and
# talks; without a subscription, and without a way to the push service, the inviter hears so.
# Meson sets LYCHGATED (phone_server), LYCHGATE and PUSH_SERVICE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"
. "$here/handset.sh"

export PUSH_STATUS=$flow/push.status PUSH_OUT=$flow/push.out
lychgate() { "$LYCHGATE" --config "$site/lychgated.conf" "$@" >"$flow/lychgate.out" 2>&1; }
pushed() { # PATTERN: in time, in a line of the push service's that was not read before
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    tail -n +$((pushes + 1)) "$PUSH_OUT" | grep -q -E -- "$1" && pushes=$(wc -l <"$PUSH_OUT") && return
    sleep 0.1
  done
  return 1
}
bob_writes() {
  : >"$flow/bob.out"
  as_bob im alice@contoso.test "$@" >"$flow/bob.out" 2>"$flow/bob.err" &
  bob=$!
}
bob_fails() { # WORDS of the finding
  local status=0
  wait "$bob" || status=$?
  [ "$status" -ne 0 ] && grep -q "$1" "$flow/bob.err"
}
show_on_failure "$PHONE_OUT" "$PUSH_OUT" "$flow/bob.out" "$flow/bob.err" "$flow/lychgate.out" "$flow/log"
pushes=0 patience=60 service=
echo 201 >"$PUSH_STATUS"
: >"$PUSH_OUT"

handset_site push || tap_bail 'no site'
flow_set lab private-push on
flow_set push subject mailto:admin@contoso.test
lychgate push key || tap_bail 'no push key'
key=$(cat "$flow/lychgate.out")
mkfifo "$flow/service"
"$PUSH_SERVICE" "$key" >"$flow/service" &
service=$!
trap 'kill "$service"; flow_cleanup' EXIT
read -r subscription <"$flow/service" || tap_bail 'no push service'
echo "$subscription" >"$flow/subscription"
echo '{"endpoint":"http://127.0.0.1:1/"}' >"$flow/subscription.bad"
flow_start || tap_bail 'no server'

open_phone
check 'a phone signs in, and polls' has 'signed-in expires=3600'
tell subscribe handset "$flow/subscription.bad"
check 'what it hands over is no subscription' hears 'subscribed push-subscription-invalid'
tell subscribe handset "$flow/subscription"
check 'with one it may sleep, for three days' hears 'mode expires=259200'
check 'and hears that it was taken' hears 'subscribed$'
tell poll handset
tell rest handset

bob_writes 'Wake up' --wait 300
check 'it is invited while it sleeps' hears 'chat bob@contoso.test state=0'
check 'and woken, by whom it was said, not by what' pushed \
  '^201 vapid=1 urgency=high \{"v":1,"kind":"message","from":"sip:bob@contoso.test","conversation":"[^"]+"\}$'
check 'bob hears it ring' traced 'Server: RTCC/4.0.0.0 McxService/4.0.0.0 WPLync/4.1 (a test)'
tell poll handset
tell accept handset
check 'it comes, and is told' hears 'message bob@contoso.test state=2 text=Wake up'
tell say handset 'I am up'
check 'they talk' hears 'handset done$'
tell rest handset
kill -INT "$bob"
wait "$bob" || true
check 'bob has read it' grep -q 'alice@contoso.test: I am up' "$flow/bob.out"
check 'the talk is over' hears 'chat bob@contoso.test state=3'

echo 410 >"$PUSH_STATUS"
bob_writes 'Once more'
check 'its push service has forgotten it' pushed '^410 vapid=1'
check 'bob hears why it did not ring' bob_fails 'A sleeping device should be woken'
check 'in the words that are known' traced 'info=\\"No push subscription for target device\\"'
check 'by 408' traced 'SIP/2.0 408'
check 'the phone polls from now on' hears 'mode expires=3600'
check 'the subscription is gone' eval 'lychgate push list alice@contoso.test &&
  ! grep -q handset "$flow/lychgate.out"'
bob_writes 'Do you poll?'
check 'so it rings without a push message' hears 'chat bob@contoso.test state=0'
tell decline handset
check 'and it may decline' hears 'chat bob@contoso.test state=3'
wait "$bob"

tell subscribe handset "$flow/subscription"
check 'it subscribes again' hears 'subscribed$'
check 'an administrator takes that away' lychgate push remove alice@contoso.test --device handset
bob_writes 'Hello?'
check 'which is as if it were forgotten' bob_fails 'A sleeping device should be woken'
check 'also for the phone' hears 'mode expires=3600'

echo none >"$PUSH_STATUS"
tell subscribe handset "$flow/subscription"
check 'and once more' hears 'subscribed$'
bob_writes 'And now?'
check 'the push service does not answer' pushed '^0 vapid=1'
check 'bob hears that the way is blocked' bob_fails push-route-down
check 'by 504' traced 'SIP/2.0 504'
tell unsubscribe handset
check 'it gives its subscription up' hears 'mode expires=3600'

check 'the server ends cleanly' flow_stop
check 'and has told the phone' hears 'signed-out server-stopping'
tap_done
