#!/bin/bash
# A phone at a real server: it signs in as the article says, sees a person on a computer, and
# they talk; another policy, and it is refused. Meson sets LYCHGATED and LYCHGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"

. "$here/handset.sh"

drawn() { "$LYCHGATE" trace "$site/trace.jsonl" --width 200 | grep -q -- "$1"; }
admin() { "$LYCHGATE" --config "$site/lychgated.conf" "$@" >>"$flow/cs.out" 2>&1; }
policy() { admin cs "$@"; }
show_on_failure "$PHONE_OUT" "$flow/bob.out" "$flow/bob.err" "$flow/cs.out"

handset_site phones || tap_bail 'no site'
flow_start || tap_bail 'no server'

open_phone
check 'the phone is signed in, for an hour since it polls' has 'signed-in expires=3600'
check 'it gets its settings' has 'settings delegation=1 outside-voice=1 push=0 dial-plan=[^ ]+ book=https'
check 'and contacts' has 'handset contacts'
check 'and its own presence' has 'handset self alice@contoso.test'
check 'the policy was asked' drawn 'MCXService: sip:alice@contoso.test is enabled for mobility: True'
check 'it registered by port 5087' traced 'Contact: <sip:[^>]*:5087;transport=tls'
check 'the trace names its component' drawn 'SIPStack: REGISTER sip:contoso.test'
check 'as a mobility service' traced 'User-Agent: RTCC/4.0.0.0 McxService/4.0.0.0 WPLync'

tell search handset Bob
check 'it finds bob' hears 'found bob@contoso.test'
tell add handset bob@contoso.test
check 'it takes him for a contact' hears 'handset contacts'
tell watch handset bob@contoso.test
check 'who is offline' hears 'person bob@contoso.test availability=18500'
tell appear handset 3500
check 'it appears' hears 'handset done$'

as_bob im alice@contoso.test 'Hello phone' --wait 300 >"$flow/bob.out" 2>"$flow/bob.err" &
bob=$!
check 'bob invites it' hears 'chat bob@contoso.test state=0'
tell accept handset
check 'and says something' hears 'message bob@contoso.test state=2 text=Hello phone'
tell say handset 'Hello computer'
check 'the answer arrives' hears 'handset done$'
kill -INT "$bob"
wait "$bob" || true
check 'bob has read it' grep -q 'alice@contoso.test: Hello computer' "$flow/bob.out"
check 'the talk is over' hears 'chat bob@contoso.test state=3'

tell out handset
check 'it signs out' hears 'signed-out$'

# ---- the configurations, while the server runs ----
policy 'Set-CsMcxConfiguration -SessionShortExpirationInterval 1800'
open_phone
check 'and in again, for as long as McxConfiguration now says' has 'signed-in expires=1800'
tell out handset
check 'and out' hears 'signed-out$'
# The keys are those of RFC 8291, section 5.
echo '{"endpoint":"https://push.example.net/alice","keys":{"auth":"BTBZMqHH6r4Tts7J_aSIgg",' \
  '"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}}' \
  >"$flow/subscription"
check 'it gets a push subscription' admin push add alice@contoso.test "$flow/subscription" --device handset
open_phone
check 'with which it may be silent for three days' has 'signed-in expires=259200'
check 'and is told so' has 'settings .* push=1'
tell out handset
check 'and out' hears 'signed-out$'
policy 'New-CsPushNotificationConfiguration site:Redmond -EnableWebPushNotificationService $false'
open_phone
check 'the configuration of another site is none of its business' has 'signed-in expires=259200'
policy 'Set-CsMcxConfiguration -SessionExpirationInterval 100000'
check 'a phone that is signed in obeys as well' hears 'mode expires=100000'
policy 'Set-CsPushNotificationConfiguration -EnableWebPushNotificationService $false'
check 'and is not woken any more' hears 'mode expires=1800'
tell out handset
check 'so it goes' hears 'signed-out$'
open_phone
check 'without push it polls again' has 'signed-in expires=1800'
check 'and is told so' has 'settings .* push=0'
tell close handset

policy 'Set-CsMobilityPolicy -EnableMobility $false'
open_phone
check 'the policy says no' has 'signed-out mobility-disabled'
check 'and the trace says so' traced 'is enabled for mobility: False'
check 'the server ends cleanly' flow_stop
tap_done
