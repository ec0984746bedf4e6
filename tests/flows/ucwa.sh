#!/bin/bash
# UCWA as its clients do it, with curl and jq: from the root of autodiscover by links alone to
# a message both ways with somebody at a computer. Meson sets LYCHGATED and LYCHGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"
ucwa_dir=$flow
. "$here/../interop/ucwa.sh"
PATH=$PATH:/usr/bin
for program in curl jq; do
  command -v "$program" >/dev/null || tap_skip_all "$program is not installed"
done

as_bob() {
  exec "$LYCHGATE" "$@" --as bob@contoso.test --password-file "$flow/password" --cache "$flow/cache.bob" \
    --ca "$site/ca.pem" --timeout 10 --dns "127.0.0.1:$dns" --connect-to ":80::$http" \
    --connect-to ":443::$https"
}
challenged() { grep -qi "^www-authenticate: MsRtcOAuth href=\"https://webdir.contoso.test:$https/WebTicket/oauthtoken\",grant_type=" "$flow/$1.head"; }
policy() { "$LYCHGATE" --config "$site/lychgated.conf" cs "$@" >>"$flow/cs.out" 2>&1; }
show_on_failure "$flow/held" "$flow/held.head" "$flow/answer.head" "$flow/answer.body" "$flow/curl.err" "$flow/events" "$flow/bob.out" "$flow/bob.err" "$flow/log"

flow_site ucwa || tap_bail 'no site'
"$LYCHGATE" --config "$site/lychgated.conf" user add bob@contoso.test --display-name 'Bob Builder' \
  --password-file "$flow/password" >"$flow/user.out" 2>&1 || tap_bail 'no bob'
flow_set log trace trace.jsonl
flow_start || tap_bail 'no server'
ucwa_web=https://webdir.contoso.test:$https ucwa_curl=(--connect-to '::127.0.0.1:')

# ---- from the root to an application
ask root GET "https://lyncdiscover.contoso.test:$https/?sipuri=alice@contoso.test"
user=$(field ._links.user.href root)
check 'the root leads to the user' test -n "$user"
ask user GET "$user"
check 'who gets a challenge' test "$code" = 401
check 'that names the token service' challenged user
oauth=$(sed -n 's/.*MsRtcOAuth href="\([^"]*\)".*/\1/p' "$flow/user.head")
ask token POST "$oauth" -d grant_type=password -d username=alice@contoso.test -d password=wrong
check 'a wrong password gets no token' test "$code:$(field .error token)" = 400:invalid_grant
ask token POST "$oauth" -d grant_type=password -d username=alice@contoso.test -d "password=$password"
token=$(field .access_token token)
check 'the right one does' test "$code:${token:0:4}" = 200:cwt=
as GET "$user"
applications=$(link ._links.applications.href)
check 'the user leads to applications' test "${applications##*/}" = applications
ask answer POST "$applications" -H 'Content-Type: application/json' -d '{}'
check 'which are for nobody without a token' answers 401
check 'who is told where to get one' challenged answer
wish='{"UserAgent":"flow","EndpointId":"a1","Culture":"en-US"}'
as POST "$applications" "$wish"
check 'an application is made' answers 201
application=$(link ._links.self.href)
events=$(link ._links.events.href)
available=$(link ._embedded.me._links.makeMeAvailable.href)
as POST "$applications" "$wish"
check 'the same endpoint is the same application' test "$code:$(field ._links.self.href)" = "200:$application"

# ---- being seen, and seeing
listen
as POST "$available" '{"signInAs":"Online","supportedModalities":["Messaging"]}'
check 'alice makes herself available' answers 204
check 'her presence is a resource now' hears '.link.rel == "presence" and .type == "added"'
as GET "$application"
search=$(link ._embedded.people._links.search.href)
watch=$(link ._embedded.people._links.presenceSubscriptions.href)
start=$(link ._embedded.communication._links.startMessaging.href)
as GET "$search?query=Bob"
check 'bob is found' test "$(field '._embedded.contact[0].name')" = 'Bob Builder'
as POST "$watch" '{"duration":11,"uris":["sip:bob@contoso.test"]}'
check 'and watched' answers 201

# ---- messages
mkfifo "$flow/bob.pipe"
as_bob im alice@contoso.test 'Hello browser' --wait 300 >"$flow/bob.out" 2>"$flow/bob.err" &
bob=$!
check 'bob invites her' hears '.link.rel == "messagingInvitation" and .type == "started"'
accept=$(event '.link.rel == "messagingInvitation"' '._embedded.messagingInvitation._links.accept.href')
as POST "$accept"
check 'she accepts' answers 204
check 'his message comes' hears '.link.rel == "message" and ((._embedded.message._links.plainMessage.href // "") | contains("Hello%20browser") or contains("Hello+browser"))'
check 'the conversation has words' hears '.link.rel == "messaging" and ._embedded.messaging.state == "Connected"'
say=$(event '.link.rel == "messaging" and ._embedded.messaging.state == "Connected"' '._embedded.messaging._links.sendMessage.href')
as POST "$say" 'Hello computer' 'text/plain; charset=utf-8'
check 'she answers' answers 201
check 'bob was seen online' hears '.link.rel == "contactPresence"'
kill -INT "$bob"
wait "$bob" || true
check 'bob has read it' grep -q 'alice@contoso.test: Hello computer' "$flow/bob.out"
check 'the conversation ends' hears '.link.rel == "conversation" and .type == "deleted"'
listen
as POST "$start" '{"to":"sip:bob@contoso.test","operationId":"op7"}'
check 'an invitation to somebody who is not there' answers 201
check 'fails' hears '.link.rel == "messagingInvitation" and .type == "completed" and .status == "Failure"'

# ---- what is not allowed
ask token POST "$oauth" -d grant_type=password -d username=bob@contoso.test -d "password=$password"
alices=$token
token=$(field .access_token token)
as GET "$application"
check "another's application is not there" test "$code:$(field .subcode)" = 404:ApplicationNotFound
token=$alices
as GET "${events%ack=*}ack=999"
check 'a wrong number is set right' test -n "$(field '._links.resync.href // empty')"
policy 'Set-CsMobilityPolicy -EnableMobility $false'
as POST "$applications" '{"UserAgent":"flow","EndpointId":"a2","Culture":"en-US"}'
check 'who may not use phones may not make one' answers 403
as DELETE "$application"
check 'she signs out' answers 204
as GET "$application"
check 'and is gone' answers 404

# ---- the server ends while a poll is held
policy 'Set-CsMobilityPolicy -EnableMobility $true'
as POST "$applications" "$wish"
events=$(link ._links.events.href)
hold() { # until it is not answered by events
  while ask held GET "$events" -H "Authorization: Bearer $token" && [ "$code" = 200 ]; do
    events=$(field ._links.next.href held)
  done
  echo "$code" >"$flow/held"
}
hold &
held=$! tries=0
until grep -qF "GET ${events%ack=*}ack=2" "$site/trace.jsonl" || [ $((tries++)) -gt 400 ]; do sleep 0.05; done
check 'the server ends cleanly' flow_stop
wait "$held"
check 'and the held poll was answered' grep -qx 503 "$flow/held"
tap_done
