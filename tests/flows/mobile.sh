#!/bin/bash
# The mobile sign-in, all fourteen steps, and everything that may stop it at one of them. Meson
# sets LYCHGATED and LYCHGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"

first=() # options that must come before the others
phone() { # ADDRESS OPTION...: a phone's sign-in as a command line, in $command
  local address=$1
  shift
  command=("$LYCHGATE" signin "$address" --mobile --jsonl "${first[@]}" --password-file "$flow/password"
    --cache "$flow/cache" --ca "$site/ca.pem" --dns "127.0.0.1:$dns" --connect-to ":80::$http"
    --connect-to ":443::$https" --timeout 10 --trace "$flow/client.jsonl" "$@")
}
mobile() { # OPTION...: alice signs in; sets $left_with, $finding, $number (of the step that failed)
  left_with=0
  phone alice@contoso.test "$@"
  "${command[@]}" >"$flow/steps.jsonl" 2>"$flow/signin.err" </dev/null || left_with=$?
  tail -n 1 "$flow/steps.jsonl" >"$flow/result"
  finding=$(sed -n 's/.*"error":{"finding":"\([^"]*\)".*/\1/p' "$flow/result")
  number=$(sed -n 's/.*"outcome":"failed".*"number":"\([0-9.]*\)".*/\1/p' "$flow/steps.jsonl")
}
signed_in() { mobile "$@" && [ "$left_with" = 0 ] && grep -q '"result":"signed-in"' "$flow/result"; }
fails() { # NUMBER FINDING OPTION...
  local step=$1 why=$2
  shift 2
  mobile "$@"
  [ "$left_with" = 1 ] && [ "$number" = "$step" ] && [ "$finding" = "$why" ] && return 0
  echo "# left with $left_with at step '$number': '$finding'"
  return 1
}
step() { # NUMBER WORDS: a step of that number says that
  grep -- "\"number\":\"$1\"" "$flow/steps.jsonl" | grep -q -- "$2"
}
numbers() { # each once, as they came
  sed -n 's/.*"number":"\([0-9.]*\)".*"event":"step".*/\1/p' "$flow/steps.jsonl" | uniq | tr '\n' ' '
}
traced() { # the server writes its trace behind its answers
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    grep -q -- "$1" "$site/trace.jsonl" && return 0
    sleep 0.1
  done
  return 1
}
result_has() { grep -q -- "$1" "$flow/result"; }
no_secrets() {
  ! grep -q -e "$password" -e '[^-]opaque=[A-Za-z0-9+/]\{40\}' "$flow/client.jsonl" "$site/trace.jsonl"
}
admin() { "$LYCHGATE" --config "$site/lychgated.conf" "$@" >>"$flow/admin.out" 2>&1; }
show_on_failure "$flow/steps.jsonl" "$flow/signin.err" "$flow/admin.out" "$flow/alice.out" "$flow/im.out"

flow_site mobile || tap_bail 'no site'
admin user add bob@contoso.test --display-name 'Bob Builder' --password-file "$flow/password" ||
  tap_bail 'no bob'
admin user add carol@contoso.test --password-file "$flow/password" || tap_bail 'no carol'
flow_set log trace trace.jsonl
flow_set lab dns-omit lyncdiscoverinternal
flow_start || tap_bail 'no server'

# ---- the fourteen steps ----
check 'a phone signs in' signed_in
check 'by fourteen steps, in their order' \
  [ "$(numbers)" = '1 2 3 4 5 6 7 8 9 10 11 12 12.1 12.2 12.3 12.4 12.5 12.6 13 14 ' ]
check ' 1 with a password' step 1 'password given'
check ' 2 outside there is no lyncdiscoverinternal' step 2 '"outcome":"passed".*dns-not-found'
check ' 3 lyncdiscover is a CNAME' step 3 'CNAME webdir.contoso.test'
check ' 4 of the web services' step 4 'A webdir.contoso.test.*127.0.0.1'
check ' 5 which answer by http' step 5 'connected by http"'
check '   and by https' step 5 'connected by https"'
check ' 6 http is switched to https' step 6 'switched to https://'
check ' 7 Root is asked for with sipuri' step 7 'https://lyncdiscover.contoso.test/?sipuri=alice%40contoso.test'
check ' 8 User names the web services' step 8 'web services at https://webdir.contoso.test.*/Mcx/McxService.svc'
check ' 9 a certificate' step 9 'a certificate for alice@contoso.test'
check '   and a web ticket by it' step 9 'WebTicketService.svc/Cert.*a ticket until'
check '10 registered by port 5087' step 10 'Contact <sip:sip.contoso.test:5087'
check '11 the policy says yes' step 11 'enabled for mobility: True'
check '12 settings, 12.1 to 12.6' step 12.6 'dial-plan '
check '   URLs among them' step 12.3 'address-book https://'
check '13 pull, for an hour' step 13 'must poll within 3600 s'
check '14 contacts' step 14 ' contacts in '
check '   that begin with none' step 14 ' 0 contacts'
check 'the result tells service and mode' result_has '"service":"https://webdir.contoso.test.*"mode":"pull"'
check 'the server has traced the policy' \
  traced '"component":"MCXService".*sip:alice@contoso.test is enabled for mobility: True'
check 'and the REGISTER' traced '"component":"SIPStack".*REGISTER sip:.*Contact: <sip:[^>]*:5087;transport=tls'
check 'no secret is in the traces' no_secrets
check 'text shows the numbers, too' sh -c "'$LYCHGATE' signin alice@contoso.test --mobile --cache '$flow/cache' --ca '$site/ca.pem' \
  --dns 127.0.0.1:$dns --connect-to :80::$http --connect-to :443::$https </dev/null | grep -q '^12.6  ok'"

# ---- the certificate ----
check 'again: no password is needed' signed_in --password-file /nonexistent
check 'since the certificate is kept' step 1 'no password needed'
check 'and is not asked for again' sh -c "! grep -q GetAndPublishCert '$flow/steps.jsonl' && ! grep -q '\"step\":\"certificate\"' '$flow/steps.jsonl'"
check 'certificates are revoked' admin cert revoke alice@contoso.test
check 'without a password that is the end, at step 8' fails 8 password-needed --password-file /dev/null
check 'and it is told why' step 8 '"outcome":"passed".*certificate-unknown'
check 'with it, a new one is issued' signed_in
check 'of step 9' step 9 'a certificate for alice@contoso.test'
echo wrong >"$flow/wrong"
check 'a wrong password is one, at step 8' fails 8 wrong-password --no-cache --password-file "$flow/wrong"
check 'a disabled user' admin user disable carol@contoso.test
phone carol@contoso.test --no-cache
check 'does not get in either' sh -c '! "$@" >"$0"' "$flow/steps.jsonl" "${command[@]}"
check 'and is told so' grep -q '"finding":"user-disabled"' "$flow/steps.jsonl"

# ---- contacts ----
check 'alice adds a contact at her desk' "$LYCHGATE" contacts add bob@contoso.test --as alice@contoso.test \
  --password-file "$flow/password" --cache "$flow/cache" --ca "$site/ca.pem" --timeout 10 \
  --dns "127.0.0.1:$dns" --connect-to ":80::$http" --connect-to ":443::$https"
check 'her phone reads it' signed_in
check 'with his card' step 14 '1 contacts in 1 groups, 1 contact cards'
check 'as the result says' result_has '"contacts":\[{"address":"bob@contoso.test".*"name":"Bob Builder"'

# ---- inside ----
flow_stop
flow_set lab dns-omit _nothing
flow_start || tap_bail 'no server'
check 'inside, lyncdiscoverinternal leads on' signed_in
check 'so lyncdiscover is not asked for' step 3 'not asked'

first=(--connect-to lyncdiscoverinternal.contoso.test:443:127.0.0.1:9)
check 'where https does not answer, http leads on' signed_in
check 'as step 5 tells' step 5 'https://.*"outcome":"passed".*connection-refused'
check 'and step 7 shows' step 7 'GET http://lyncdiscoverinternal.contoso.test/'
first+=(--connect-to lyncdiscoverinternal.contoso.test:80:127.0.0.1:9)
check 'where neither does, lyncdiscover is tried' signed_in
check 'from step 3 again' [ "$(numbers | cut -c 1-20)" = '1 2 3 4 5 3 4 5 6 7 ' ]
first+=(--connect-to lyncdiscover.contoso.test:443:127.0.0.1:9 --connect-to lyncdiscover.contoso.test:80:127.0.0.1:9)
check 'and where that does not either, it ends at step 5' fails 5 connection-refused
first=()

# ---- people ----
phone alice@contoso.test --keep 60
"${command[@]}" >"$flow/alice.out" 2>"$flow/signin.err" </dev/null &
alice=$!
hears() { # PATTERN: alice's phone hears that in time
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    grep -q -- "$1" "$flow/alice.out" && return 0
    sleep 0.1
  done
  return 1
}
check 'a phone stays signed in' hears '"number":"14"'
check 'somebody talks to it' "$LYCHGATE" im alice@contoso.test 'Hello phone' --as bob@contoso.test \
  --password-file "$flow/password" --cache "$flow/cache.bob" --ca "$site/ca.pem" --timeout 10 \
  --dns "127.0.0.1:$dns" --connect-to ":80::$http" --connect-to ":443::$https"
check 'and is heard' hears '"from":"bob@contoso.test".*"text":"Hello phone".*"event":"message"'
phone bob@contoso.test --cache "$flow/cache.bob"
check 'another user signs in beside it' sh -c '"$@" >"$0"' "$flow/steps.jsonl" "${command[@]}"
kill -INT "$alice"
check 'Ctrl-C ends it well' wait "$alice"
check 'with the phone signed out' grep -q '"step":"terminate".*"outcome":"good"' "$flow/alice.out"

# ---- push ----
# The keys are those of RFC 8291, section 5.
echo '{"endpoint":"https://push.example.net/alice","keys":{"auth":"BTBZMqHH6r4Tts7J_aSIgg",' \
  '"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}}' \
  >"$flow/subscription"
check 'with a push subscription' signed_in --push-subscription "$flow/subscription"
check 'it may sleep for three days' step 13 'push, may be silent for 259200 s'
echo '{"endpoint":"ftp://no"}' >"$flow/subscription"
check 'a bad one is refused at step 13' fails 13 push-subscription-invalid --push-subscription "$flow/subscription"

# ---- refused ----
admin cs 'Set-CsMobilityPolicy -EnableMobility $false'
check 'the policy says no, at step 11' fails 11 mobility-disabled
check 'with a remedy' grep -q '"remedy":"[^"]*[Mm]obility' "$flow/result"
check 'and the trace says so' traced 'is enabled for mobility: False'
phone alice@contoso.test --register-only
check 'options that do not go together' sh -c '"$@" 2>/dev/null; [ $? = 2 ]' sh "${command[@]}"
check 'the server ends cleanly' flow_stop
tap_done
