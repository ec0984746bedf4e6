#!/bin/bash
# A day of two people with Debian's pidgin-sipe: they find each other, see each other
# come, go and be busy, exchange messages, from two places at once, and block each other.
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${LAB_DIR-}" ] || exec "$here/../lab.sh" --tap "$0" "$@"

. "$here/../tap.sh"
. "$here/../site.sh"
. "$here/client.sh"

alice=alice@$site_domain
bob=bob@$site_domain

sign_on() {
  client_start "$1" "$2" "$3" && client_await "$1" signed-on
}

sign_off() {
  client_tell "$1" quit && client_wait "$1"
}

# sees NAME ADDRESS STATUS
sees() {
  client_await "$1" presence "\"address\":\"$2\"" "\"status\":\"$3\""
}

# Each change was told (BENOTIFY, Event: presence) within a second of its publication, by
# the server's trace: SIPE itself waits one or two before it publishes.
prompt_presence() {
  awk -F '"' '
    function seconds(at) { return substr(at, 12, 2) * 3600 + substr(at, 15, 2) * 60 + substr(at, 18, 6) }
    /"text":"SERVICE [^"]*msrtc-category-publish/ || /"text":"(REGISTER|SUBSCRIBE) / { last = seconds($4) }
    /"text":"BENOTIFY [^"]*Event: presence/ {
      told++
      if (seconds($4) - last > 1) late++
    }
    END { exit !(told >= 5 && !late) }
  ' "$site_trace"
}

show_on_failure "$LAB_DIR/init.out" "$LAB_DIR/user.out" "$site_log"
site_init && site_trust "$LAB_DIR/trust" && site_user "$alice" 'Wonderland-7' &&
  site_user "$bob" 'Builder-8' || tap_bail 'no site'
site_start || tap_bail 'lychgated does not get ready'

check 'alice is signed on' sign_on home "$alice" 'Wonderland-7'
check 'bob is signed on' sign_on bob "$bob" 'Builder-8'

client_tell home "add $bob Friends"
check 'alice adds bob and sees him there' sees home "$bob" available
client_tell bob "add $alice Friends"
check 'bob adds alice and sees her there' sees bob "$alice" available
client_tell bob 'status busy In a meeting'
check 'alice sees bob become busy' sees home "$bob" busy
client_tell bob 'status available'
check 'alice sees bob come back' sees home "$bob" available

client_tell home "im $bob Hello Bob, are you there?"
check 'bob gets a message of alice' client_await bob im 'Hello Bob, are you there?'
client_tell bob "im $alice Yes <b>& you?"
check 'alice gets his answer' client_await home im 'Yes'

check 'alice signs on from a second place' sign_on office "$alice" 'Wonderland-7'
check 'there she sees bob in her list' sees office "$bob" available
client_tell home "remove $bob"
check 'what she removes here goes there' client_await office buddy-removed "$bob"
client_tell office "add $bob Team"
check 'what she adds there comes here' client_await home buddy-added "$bob" '"group":"Team"'
client_tell bob "im $alice Where are you?"
check 'the talk goes on where it began' client_await home im 'Where are you?'
check 'alice signs out there' sign_off home
client_tell bob "im $alice And now?"
check 'then she gets his messages here' client_await office im 'And now?'

check 'bob signs out' sign_off bob
check 'alice sees him go' sees office "$bob" offline
client_tell office "im $bob Too late"
check 'a message to him is not taken for delivered' client_await office conversation-notice
check 'alice signs out here' sign_off office

check 'the server stops' site_stop
site_start || tap_bail 'lychgated does not start again'
check 'alice signs on after that' sign_on home "$alice" 'Wonderland-7'
check 'her list still has bob' client_await home buddy-added "$bob" '"group":"Team"'
check 'bob signs on after that' sign_on bob "$bob" 'Builder-8'
check 'alice sees him come' sees home "$bob" available

client_tell home "block $bob"
check 'bob, blocked, sees alice go' sees bob "$alice" offline
client_tell bob "im $alice Hello?"
check 'and cannot write to her' client_await bob conversation-notice
client_tell home "unblock $bob"
check 'unblocked he sees her again' sees bob "$alice" available
check 'alice signs out' sign_off home
check 'bob signs out' sign_off bob
check 'the server ends cleanly' site_stop
check 'all presence went out within a second' prompt_presence
tap_done
