#!/bin/bash
# nginx and HAProxy in front of lychgated, in the place of the field articles' TMG:
# with the example configurations that are shipped, only their folders changed, on
# the real ports, in a lab of its own.
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${LAB_DIR-}" ] || exec "$here/../lab.sh" --tap "$0" "$@"

. "$here/../tap.sh"
. "$here/../site.sh"
ucwa_dir=$LAB_DIR
. "$here/../ucwa.sh"
. "$here/../web/browser.sh"
packaging=$here/../../../packaging

for program in nginx haproxy curl jq; do
  PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || tap_skip_all "$program is not installed"
done
PATH=$PATH:/usr/sbin
proxy_pid=

# The shipped file with this lab's certificates in it.
adapt() {
  sed "s#/etc/lychgate/#$site/#g; s#/dev/log#stdout format raw#" "$1"
}

nginx_start() {
  {
    echo "daemon off; pid $LAB_DIR/nginx.pid; error_log $LAB_DIR/nginx-error.log; user root;"
    echo "events {} http { access_log $LAB_DIR/nginx.log;"
    for kind in client_body proxy fastcgi uwsgi scgi; do
      echo "${kind}_temp_path $LAB_DIR/nginx-$kind;"
    done
    adapt "$packaging/nginx/lychgate.conf"
    echo "}"
  } >"$LAB_DIR/nginx.conf"
  nginx -c "$LAB_DIR/nginx.conf" -e "$LAB_DIR/nginx-error.log" &
  proxy_pid=$!
}

haproxy_start() {
  adapt "$packaging/haproxy/lychgate.cfg" >"$LAB_DIR/haproxy.cfg"
  cat "$site/tls/server-rsa.pem" "$site/tls/server-rsa.key" >"$site/tls/haproxy.pem"
  haproxy -db -f "$LAB_DIR/haproxy.cfg" >"$LAB_DIR/haproxy.log" 2>&1 &
  proxy_pid=$!
}

proxy_stop() {
  kill -TERM "$proxy_pid"
  wait "$proxy_pid"
  proxy_pid=
}

# The proxy is there when something accepts on its port.
proxy_ready() {
  local tries=0
  until (exec 3<>/dev/tcp/127.0.0.1/443) 2>/dev/null; do
    kill -0 "$proxy_pid" 2>/dev/null || return 1
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || return 1
    sleep 0.05
  done
}

get() { # URL CURL-OPTION...
  curl -sS --max-time 20 --cacert "$site/ca.pem" "$@"
}

redirects() {
  get "http://lyncdiscover.$site_domain/?sipuri=alice@$site_domain" \
    -H 'Accept: application/vnd.microsoft.rtc.autodiscover+xml;v=1' | grep -q 'token="Redirect"'
}

switches_to_https() {
  [ "$(get -o "$LAB_DIR/page" -w '%{http_code} %{redirect_url}' \
    "http://webdir.$site_domain/WebTicket/WebTicketService.svc/mex")" = \
    "301 https://webdir.$site_domain/WebTicket/WebTicketService.svc/mex" ]
}

asks_for_a_ticket() {
  get -D - -o "$LAB_DIR/page" \
    "https://webdir.$site_domain/Autodiscover/AutodiscoverService.svc/root/user" |
    tr -d '\r' | grep -qix \
    "X-MS-WebTicketURL: https://webdir.$site_domain/WebTicket/WebTicketService.svc"
}

signin() { # METHOD
  "$LYCHGATE" signin "alice@$site_domain" --password-file "$LAB_DIR/password" --ca "$site/ca.pem" \
    --auth "$1" --no-cache >"$LAB_DIR/signin.out" 2>&1
}

# The proxy says it speaks for 127.0.0.9; only because it is trusted is it believed.
believed_address() {
  get -u 'alice:wrong password' -d '<x/>' --interface 127.0.0.9 -o "$LAB_DIR/page" \
    "https://webdir.$site_domain/WebTicket/WebTicketService.svc"
  grep -q 'from=127.0.0.9' "$site_log"
}

# ---- phones ---------------------------------------------------------------------------------
# What the article saw of the phone in TMG's log, by its access log here.
log_line() {
  grep -qE 'GET /\?sipuri=alice@contoso.test HTTP' "$LAB_DIR/$1"
}

# The links that a phone gets are of the outer name, without a port.
outer_links() {
  get "https://lyncdiscover.$site_domain/?sipuri=alice@$site_domain" >"$LAB_DIR/root.json"
  jq -r '.. | .href? // empty' "$LAB_DIR/root.json" >"$LAB_DIR/links" && [ -s "$LAB_DIR/links" ] &&
    ! grep -v "^https://webdir.$site_domain/[A-Za-z]" "$LAB_DIR/links"
}

token() {
  ucwa_web=https://webdir.$site_domain
  ucwa_token "alice@$site_domain" Wonderland-7 "https://lyncdiscover.$site_domain/"
}
from_outside() { [[ $applications == "https://webdir.$site_domain/ucwa/"* ]]; }
available() {
  listen
  as POST "$(link ._embedded.me._links.makeMeAvailable.href)" '{"signInAs":"Online"}' && answers 204
}
# Bob writes while her poll is held, and reads her answer.
bob_pid=
bob_writes() {
  "$LYCHGATE" im "alice@$site_domain" "$1" --as "bob@$site_domain" --password-file "$LAB_DIR/password" \
    --ca "$site/ca.pem" --no-cache --wait 300 >"$LAB_DIR/bob.out" 2>"$LAB_DIR/bob.err" &
  bob_pid=$!
}
hears_bob() { # WORD
  local accept
  hears '.link.rel == "messagingInvitation" and .type == "started"' || return
  accept=$(event '.link.rel == "messagingInvitation"' '._embedded.messagingInvitation._links.accept.href')
  as POST "$accept"
  answers 204 && hears ".link.rel == \"message\" and (._embedded.message._links.plainMessage.href | contains(\"$1\"))"
}
answers_bob() { # WORD
  local say tries
  hears '.link.rel == "messaging" and ._embedded.messaging.state == "Connected"' || return
  say=$(event '.link.rel == "messaging" and ._embedded.messaging.state == "Connected"' \
    '._embedded.messaging._links.sendMessage.href')
  as POST "$say" "$1" text/plain
  answers 201 || return
  kill -INT "$bob_pid"
  wait "$bob_pid"
  grep -q "alice@contoso.test: $1" "$LAB_DIR/bob.out"
}
ends() { as DELETE "$application" && answers 204; }

# The article's own sign-in, by the contract that is ours: all fourteen steps, then a poll that is
# held while bob writes.
mobile() { # OPTION...
  "$LYCHGATE" signin "alice@$site_domain" --mobile --jsonl --no-cache --password-file "$LAB_DIR/password" \
    --ca "$site/ca.pem" "$@" >"$LAB_DIR/mobile.jsonl" 2>"$LAB_DIR/mobile.err"
}
mobile_step() { # NUMBER WORDS
  grep "\"number\":\"$1\"" "$LAB_DIR/mobile.jsonl" | grep -q -- "$2"
}
mobile_hears() { # WORD
  local phone tries
  "$LYCHGATE" signin "alice@$site_domain" --mobile --jsonl --no-cache --password-file "$LAB_DIR/password" \
    --ca "$site/ca.pem" --keep 60 >"$LAB_DIR/mobile.jsonl" 2>"$LAB_DIR/mobile.err" &
  phone=$!
  for ((tries = 0; tries < 200; tries++)); do
    mobile_step 14 ' contacts in ' && break
    sleep 0.1
  done
  "$LYCHGATE" im "alice@$site_domain" "$1" --as "bob@$site_domain" --password-file "$LAB_DIR/password" \
    --ca "$site/ca.pem" --no-cache >"$LAB_DIR/bob.out" 2>"$LAB_DIR/bob.err" || return
  for ((tries = 0; tries < 200; tries++)); do
    grep -q "\"text\":\"$1\"" "$LAB_DIR/mobile.jsonl" && break
    sleep 0.1
  done
  kill -INT "$phone"
  wait "$phone" || return
  grep -q "\"text\":\"$1\"" "$LAB_DIR/mobile.jsonl"
}

# ---- a browser ------------------------------------------------------------------------------
at_the_page() {
  browser open "http://webdir.$site_domain/web" && sign_in "alice@$site_domain" Wonderland-7 &&
    sees '#own-name' alice
}
reads_bob() { # WORD
  browser click button 'bob.*1' && browser click button Accept && sees '.said.theirs .text' "$1"
}
writes_to_bob() { # WORD
  local tries
  browser fill 'Message' "$1" && browser press Enter || return
  for ((tries = 0; tries < 200; tries++)); do
    grep -q "alice@contoso.test: $1" "$LAB_DIR/bob.out" && break
    sleep 0.1
  done
  kill -INT "$bob_pid"
  wait "$bob_pid"
  grep -q "alice@contoso.test: $1" "$LAB_DIR/bob.out"
}

browse() {
  check "$1: a browser comes by http, and signs in at the page" at_the_page
  bob_writes "Greetings-$1"
  check "$1: it shows what bob writes" reads_bob "Greetings-$1"
  check "$1: and brings him the answer" writes_to_bob "Likewise-$1"
  check "$1: and signs out" browser click button 'Sign out'
}

show_on_failure "$LAB_DIR/browser.log" "$LAB_DIR/browser.err" "$LAB_DIR/mobile.jsonl" "$LAB_DIR/mobile.err" "$LAB_DIR/answer.body" "$LAB_DIR/events" "$LAB_DIR/root.json" "$LAB_DIR/bob.err" "$LAB_DIR/signin.out" "$LAB_DIR/nginx-error.log" "$LAB_DIR/haproxy.log" "$site_log"
printf 'Wonderland-7\n' >"$LAB_DIR/password"
check 'a site behind a proxy is made' site_init
site_set listen http 127.0.0.1:8080
site_set listen https 127.0.0.1:4443
site_set listen sip-on-https off
site_set site https-port 443
site_set web trusted-proxies 127.0.0.1
check 'alice gets an account' site_user "alice@$site_domain" 'Wonderland-7'
check 'bob, too' site_user "bob@$site_domain" 'Wonderland-7'
site_start || tap_bail 'lychgated does not get ready'

if missing=$(browser_missing); then
  tap_skip 'a browser through the proxies' "$missing"
else
  browser_start || tap_bail 'no browser'
fi
for proxy in nginx haproxy; do
  "${proxy}_start"
  proxy_ready || tap_bail "$proxy does not start"
  check "$proxy: lyncdiscover answers http with a Redirect document" redirects
  check "$proxy: everything else switches to https" switches_to_https
  check "$proxy: the user resource asks for a ticket, on the outer name and port" asks_for_a_ticket
  for method in basic auth orgid; do
    check "$proxy: lychgate signin by $method" signin "$method"
  done
  check "$proxy: its log shows the phone's question" log_line "$proxy.log"
  check "$proxy: the links are those of outside" outer_links
  check "$proxy: a browser gets its token" token
  check "$proxy: and the way to its applications" from_outside
  check "$proxy: makes one" ucwa_application "$proxy"
  check "$proxy: is seen" available
  bob_writes "Hello-$proxy"
  check "$proxy: is woken by bob's message" hears_bob "Hello-$proxy"
  check "$proxy: and answers him" answers_bob "Thanks-$proxy"
  check "$proxy: signs out" ends
  check "$proxy: a phone signs in, too" mobile
  check "$proxy: 6 it is switched to https" mobile_step 6 "switched to https://webdir.$site_domain/"
  check "$proxy: 8 its mobility service has the outer name" \
    mobile_step 8 "https://webdir.$site_domain/Mcx/McxService.svc"
  check "$proxy: 9 its certificate gets a web ticket" mobile_step 9 'WebTicketService.svc/Cert'
  check "$proxy: 14 it has contacts" mobile_step 14 ' contacts in '
  check "$proxy: its poll is held until bob writes" mobile_hears "Ahoy-$proxy"
  [ -n "$missing" ] || browse "$proxy"
  check "$proxy: the client's address is the one the trusted proxy names" believed_address
  proxy_stop
done

[ -n "$missing" ] || check 'the browser ends' browser_stop
check 'the server stops in good order' site_stop
tap_done
