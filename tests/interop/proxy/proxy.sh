#!/bin/bash
# nginx and HAProxy in front of lychgated, in the place of the field articles' TMG:
# with the example configurations that are shipped, only their folders changed, on
# the real ports, in a lab of its own.
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${LAB_DIR-}" ] || exec "$here/../lab.sh" --tap "$0" "$@"

. "$here/../tap.sh"
. "$here/../site.sh"
packaging=$here/../../../packaging

for program in nginx haproxy curl; do
  PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || tap_skip_all "$program is not installed"
done
PATH=$PATH:/usr/sbin
proxy_pid=

# The shipped file with this lab's certificates in it.
adapt() {
  sed "s#/etc/lychgate/#$site/#g" "$1"
}

nginx_start() {
  {
    echo "daemon off; pid $LAB_DIR/nginx.pid; error_log $LAB_DIR/nginx.log; user root;"
    echo "events {} http { access_log $LAB_DIR/nginx-access.log;"
    for kind in client_body proxy fastcgi uwsgi scgi; do
      echo "${kind}_temp_path $LAB_DIR/nginx-$kind;"
    done
    adapt "$packaging/nginx/lychgate.conf"
    echo "}"
  } >"$LAB_DIR/nginx.conf"
  nginx -c "$LAB_DIR/nginx.conf" -e "$LAB_DIR/nginx.log" &
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

show_on_failure "$LAB_DIR/signin.out" "$LAB_DIR/nginx.log" "$LAB_DIR/haproxy.log" "$site_log"
printf 'Wonderland-7\n' >"$LAB_DIR/password"
check 'a site behind a proxy is made' site_init
site_set listen http 127.0.0.1:8080
site_set listen https 127.0.0.1:4443
site_set listen sip-on-https off
site_set site https-port 443
site_set web trusted-proxies 127.0.0.1
check 'alice gets an account' site_user "alice@$site_domain" 'Wonderland-7'
site_start || tap_bail 'lychgated does not get ready'

for proxy in nginx haproxy; do
  "${proxy}_start"
  proxy_ready || tap_bail "$proxy does not start"
  check "$proxy: lyncdiscover answers http with a Redirect document" redirects
  check "$proxy: everything else switches to https" switches_to_https
  check "$proxy: the user resource asks for a ticket, on the outer name and port" asks_for_a_ticket
  for method in basic auth orgid; do
    check "$proxy: lychgate signin by $method" signin "$method"
  done
  check "$proxy: the client's address is the one the trusted proxy names" believed_address
  proxy_stop
done

check 'the server stops in good order' site_stop
tap_done
