#!/bin/bash
# Debian's pidgin-sipe, knowing an address and a password only, signs in to our
# server: real DNS, HTTP on 80, HTTPS on 443 and SIP on 5061 in a lab of its own.
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${LAB_DIR-}" ] || exec "$here/../lab.sh" --tap "$0" "$@"

. "$here/../tap.sh"
. "$here/../site.sh"
. "$here/client.sh"

# The REGISTER of one Call-ID that SIPE sent and we answered with 200.
registered() {
  local id
  id=$(sed -n "/\"text\":\"REGISTER /{
    /User-Agent: Purple[^\\\\]* Sipe\//!d
    /From: <sip:$1>/!d
    s/.*\\\\r\\\\nCall-ID: \([^\\\\]*\)\\\\r.*/\1/p
  }" "$site_trace" | head -n 1)
  [ -n "$id" ] && grep -F "Call-ID: $id" "$site_trace" |
    grep -q '"text":"SIP/2.0 200 .*CSeq: [0-9]* REGISTER'
}

# To be refused is to end with 1 without having been signed on.
refused() {
  local status=0
  if client_await "$1" signed-on; then
    client_tell "$1" quit
    client_wait "$1"
    return 1
  fi
  client_wait "$1" || status=$?
  [ "$status" -eq 1 ]
}

show_on_failure "$LAB_DIR/init.out" "$LAB_DIR/user.out" "$site_log"
check 'lychgate init makes a site' site_init
check 'the CA can be handed to clients' site_trust "$LAB_DIR/trust"
check 'alice gets an account' site_user "alice@$site_domain" 'Wonderland-7'
check 'bob gets an account' site_user "bob@$site_domain" 'Builder-8 with blanks'
site_start || tap_bail 'lychgated does not get ready'

client_start alice "alice@$site_domain" 'Wonderland-7'
check 'alice is signed on' client_await alice signed-on
client_start bob "bob@$site_domain" 'Builder-8 with blanks'
check 'bob signs on while alice is there' client_await bob signed-on
client_start again "alice@$site_domain" 'Wonderland-7'
check 'alice signs on from a second place' client_await again signed-on
for name in bob again alice; do
  client_tell "$name" quit
  check "$name signs out" client_wait "$name"
done

client_start wrong "alice@$site_domain" 'Looking-Glass-7'
check 'a wrong password is refused' refused wrong
check 'SIPE names it as the reason' \
  grep -q '"reason":"authentication-failed"' "$LAB_DIR/wrong.jsonl"
client_start nobody "nobody@$site_domain" 'Wonderland-7'
check 'an unknown user is refused' refused nobody

mv "$LAB_DIR/trust/ca.pem" "$LAB_DIR/ca.pem"
client_start distrust "alice@$site_domain" 'Wonderland-7'
check 'without our CA nobody signs on' refused distrust
check 'the certificate is the reason' \
  grep -q '"event":"certificate-refused"' "$LAB_DIR/distrust.jsonl"

check 'the server ends cleanly' site_stop
check "the server's trace has alice's REGISTER and our 200" registered "alice@$site_domain"
check "the server's trace has bob's REGISTER and our 200" registered "bob@$site_domain"
tap_done
