#!/bin/bash
# A person in front of a browser, without any client: Debian's Chromium, driven by
# Playwright, opens the page at /web. On the other side is Debian's pidgin-sipe.
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${LAB_DIR-}" ] || exec "$here/../lab.sh" --tap "$0" "$@"

. "$here/../tap.sh"
. "$here/../site.sh"
. "$here/../sipe/client.sh"
. "$here/browser.sh"

if missing=$(browser_missing); then
  tap_skip_all "$missing"
fi

alice=alice@$site_domain
bob=bob@$site_domain
page=https://webdir.$site_domain/web

# cs COMMAND: as an administrator types it
cs() {
  "$LYCHGATE" --config "$site/lychgated.conf" cs "$1" >>"$LAB_DIR/user.out" 2>&1
}

# sipe_start NAME PASSWORD
sipe_start() {
  client_start "$1" "$1@$site_domain" "$2" && client_await "$1" signed-on
}

# is NAME STATUS [TEXT]: so NAME's client shows alice
is() {
  client_await "$1" presence "\"address\":\"$alice\"" "\"status\":\"$2\"" "${@:3}"
}

# As another client of alice's would do it: contacts VERB ARGUMENT...
contacts() {
  "$LYCHGATE" contacts "$@" --as "$alice" --password-file "$LAB_DIR/alice.password" --ca "$site/ca.pem" --no-cache \
    >>"$LAB_DIR/user.out" 2>&1
}

show_on_failure "$LAB_DIR/init.out" "$LAB_DIR/user.out" "$LAB_DIR/browser.log" "$LAB_DIR/browser.err" "$site_log"
site_init && site_trust "$LAB_DIR/trust" &&
  site_user "$alice" 'Wonderland-7' --display-name 'Alice Liddell' &&
  site_user "$bob" 'Builder-8' --display-name 'Bob Builder' &&
  site_user "carol@$site_domain" 'Carpenter-9' --display-name 'Carol Carpenter' || tap_bail 'no site'
site_start || tap_bail 'lychgated does not get ready'

printf 'Wonderland-7\n' >"$LAB_DIR/alice.password"
check 'alice has a group of contacts' contacts add-group Friends
check 'with bob in it' contacts add "$bob" --group Friends
sipe_start bob 'Builder-8' && sipe_start carol 'Carpenter-9' || tap_bail 'bob and carol cannot sign in by SIPE'
client_tell bob "add $alice Friends"

check 'the browser starts' browser_start || tap_bail 'no browser'
check 'the page comes by its bare name, over http' browser open "http://webdir.$site_domain/web"
check 'everything in it has a name' browser named
check 'the address has the focus' browser focused '^address'
check 'a wrong password' sign_in "$alice" 'Wonderland-8'
check 'is refused in plain words' sees '#message' 'password is not right'
check 'and the focus is where it has to be typed again' browser focused '^password'
shot door
cs 'Set-CsMobilityPolicy -EnableMobility $false'
check 'the right one, while the policy says no' sign_in "$alice" 'Wonderland-7'
check 'is refused by another word' sees '#message' 'may not sign in from a browser'
cs 'Set-CsMobilityPolicy -EnableMobility $true'
check 'the browser complains of nothing else' browser clean 'status of 40[013]'

check 'alice signs in with the keyboard alone' browser press Shift+Tab Control+A
browser type "$alice"
browser press Tab
browser type 'Wonderland-7'
browser press Enter
check 'she sees her name' sees '#own-name' 'Alice Liddell' || tap_bail 'no sign-in'
check 'bob in his group' sees '#groups section' 'Friends\s+Bob Builder'
check 'and that he is there' sees '#groups .state' '^Available'
check 'bob sees her come' is bob available
check 'the focus is on him' browser focused 'Bob Builder'
check 'everything has a name' browser named

client_tell bob 'status busy Building'
check 'she sees him become busy, and his note' sees '#groups .state' '^Busy – Building'
client_tell bob 'status available'
check 'and come back' sees '#groups .state' '^Available'
check 'she becomes busy' browser select 'Your presence' Busy
check 'bob sees it' is bob busy
browser fill 'Your note' 'Down the rabbit hole'
browser press Enter
check 'bob sees her note' is bob busy 'Down the rabbit hole'
check 'her state is automatic again' browser select 'Your presence' Automatic
check 'bob sees that too' is bob available

browser click searchbox 'Search people'
check 'by the arrow keys she gets to bob' browser press ArrowDown Enter
check 'and is about to write' browser focused '^text'
browser type 'Hello Bob, <b>are</b> you there?'
check 'bob is asked for a talk, and gets what she has typed' browser press Enter
check 'as it was written' client_await bob im 'Hello Bob, <b>are</b> you there?'
check 'it was delivered' sees '.said.mine .when' '[0-9]:[0-9]'
client_tell bob "typing $alice"
check 'she sees him type' sees '#typing' 'Bob Builder is typing'
client_tell bob "im $alice Yes <i>& you?"
check 'his answer is text, whatever is in it' sees '.said.theirs .text' 'Yes <i>& you\?'
browser type 'Fine'
check 'he sees her type' client_await bob typing "$alice"
browser press Enter
check 'and gets it' client_await bob im 'Fine'
shot talk
browser size 390 844
check 'on a phone there is one pane' browser hides '#lists'
shot talk-narrow
browser press Escape
check 'Escape leads back to the list' sees '#roster' 'Bob Builder'
check 'with the focus where it was' browser focused 'Bob Builder'
check 'and the conversation is not in sight' browser hides '#talk'
client_tell bob "im $alice Still there?"
check 'a message in the meantime is counted' counts 1
shot list-narrow
browser size 1280 800

check 'she searches' browser fill 'Search people' 'carol'
check 'and finds' sees '#found .person' 'Carol Carpenter\s+Available'
shot search
check 'a second conversation' browser press ArrowDown Enter
browser type 'Do you like oysters?'
browser press Enter
check 'reaches carol' client_await carol im 'Do you like oysters'
client_tell carol "im $alice Yes, dearly"
check 'who answers' sees '.said.theirs .text' 'Yes, dearly'
client_tell bob "im $alice And now?"
check 'meanwhile bob writes again' counts 1
check 'nobody of another name' browser fill 'Search people' 'zebra'
check 'is found, and she is told' sees '#found' 'Nobody was found'
browser press Escape
check 'Escape ends the search' browser hides '#found'

check 'she goes to bob' browser click button 'Bob Builder.*1'
check 'and reads' sees '.said.theirs .text' 'And now'
check 'she closes that conversation' browser click button 'Close'
client_tell bob "im $alice One more thing"
check 'bob begins another' counts 1
browser click button 'Bob Builder.*1'
check 'she is asked whether she likes' sees '#asked' 'would like to talk'
shot asked
check 'she accepts' browser press Enter
check 'and has his message' sees '.said.theirs .text' 'One more thing'
browser scheme dark
shot dark
browser scheme light
check 'the browser complains of nothing' browser clean 'status of 401'

check 'the server goes' site_stop
check 'and she is told' sees '#line' 'cannot be reached'
shot lost
client_wait bob
client_wait carol
site_start || tap_bail 'lychgated does not start again'
check 'it comes back, and she is there again' browser hides '#line'
check 'bob is not' sees '#groups .state' '^Offline'
check 'he signs in again' sipe_start bob 'Builder-8'
check 'she sees it' sees '#groups .state' '^Available'
check 'he sees her' is bob available
browser clean 'Failed to load resource'

check 'she closes the page' browser open about:blank
check 'which is to sign out' is bob offline
check 'she signs in again' browser open "$page/"
sign_in "$alice" 'Wonderland-7'
check 'bob sees her come back' is bob available
check 'she signs out' browser click button 'Sign out'
check 'and is told' sees '#message' 'signed out'
check 'bob sees her go' is bob offline
check 'the browser complains of nothing again' browser clean 'status of 401'

check 'the server stops, to give out tickets for ten seconds, and to let in pages of another host' site_stop
site_set web ticket-lifetime 10s
site_set web origins "https://app.$site_domain"
site_start || tap_bail 'lychgated does not start with short tickets'
check 'she signs in' sign_in "$alice" 'Wonderland-7'
check 'when her ticket has expired she is told' sees '#message' 'sign-in has expired'
check 'and has only the password to type' browser focused '^password'

# Microsoft's library looks for header names as servers used to write them.
web=https://webdir.$site_domain
asks() { # ORIGIN REGEX
  browser asks "$1" "$web/Autodiscover/XFrame/XFrame.html" "$web/Autodiscover/AutodiscoverService.svc/root/oauth/user" "$2"
}
check 'a page of another host asks through the frame' asks "https://app.$site_domain" '"status":401'
check '... and gets the headers by their names' asks "https://app.$site_domain" 'WWW-Authenticate: .*MsRtcOAuth href='
check '... and its own number' asks "https://app.$site_domain" '"messageId":"m1"'
check 'one of a host that is not listed' asks "https://evil.$site_domain" '^no answer$'
check 'the browser ends' browser_stop
client_wait bob
check 'the server ends cleanly' site_stop
tap_done
