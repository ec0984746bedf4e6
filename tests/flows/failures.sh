#!/bin/bash
# What goes wrong names its own cause: a table of failures, each by its finding.
set -u
here=$(dirname "$0")
. "$here/../interop/tap.sh"
. "$here/flow.sh"
show_on_failure "$flow/steps.jsonl" "$flow/signin.err" "$flow/log"

# fails_with FINDING EXIT OPTION...
fails_with() {
  local wanted=$1 code=$2
  shift 2
  flow_signin --no-cache "$@"
  [ "$left_with" -eq "$code" ] && [ "$finding" = "$wanted" ] && return 0
  echo "# exit $left_with instead of $code, \"$finding\" instead of \"$wanted\""
  return 1
}

# with SECTION KEY VALUE FINDING: the server set so.
with() {
  flow_set "$1" "$2" "$3"
  flow_start || return
  fails_with "$4" 1 "${@:5}"
  local result=$?
  flow_stop
  return "$result"
}

# A certificate for the server from its own CA: server_certificate NAMES DAYS
server_certificate() {
  rm -f "$site"/tls/*
  openssl req -new -newkey rsa:2048 -nodes -subj "/CN=${1%% *}" -keyout "$site/tls/server.key" \
    -out "$flow/request.pem" 2>/dev/null &&
    printf 'subjectAltName=%s\n' "$(printf 'DNS:%s,' $1 | sed 's/,$//')" >"$flow/extensions" &&
    openssl x509 -req -in "$flow/request.pem" -CA "$site/ca.pem" -CAkey "$site/ca.key" -days "$2" \
      -extfile "$flow/extensions" -set_serial 7 -out "$site/tls/server.pem" 2>/dev/null
}

all_names='webdir.contoso.test login.contoso.test sip.contoso.test sipfed.contoso.test
  lyncdiscover.contoso.test lyncdiscoverinternal.contoso.test sipinternal.contoso.test sipexternal.contoso.test'

expired() {
  server_certificate "$all_names" -1 && with lab dns-omit '' tls-certificate-expired
}

other_name() {
  server_certificate elsewhere.test 10 && with lab dns-omit '' tls-wrong-name
}

disabled() {
  "$LYCHGATE" --config "$site/lychgated.conf" user disable alice@contoso.test >/dev/null &&
    fails_with user-disabled 1 --auth orgid && fails_with user-disabled 1 --auth basic &&
    fails_with user-disabled 1 --auth auth
}

no_record_at_all() {
  local names='lyncdiscover lyncdiscoverinternal sip sipinternal sipexternal _sip._tls _sipinternaltls._tcp'
  with lab dns-omit "$names" dns-not-found
}

flow_site site && flow_start || tap_bail "no server"
echo wrong >"$flow/wrong"
for way in orgid basic auth; do
  check "wrong password, $way" fails_with wrong-password 1 --auth "$way" --password-file "$flow/wrong"
done
check "unknown user looks the same" fails_with wrong-password 1 --auth basic --login nobody@contoso.test
check "no password" fails_with password-needed 1 --password-file /nonexistent
# The server's own certificate stands for a CA that issued something else.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=stranger -days 2 -keyout "$flow/stranger.key" \
  -out "$flow/stranger.pem" 2>/dev/null
check "untrusted CA" fails_with tls-untrusted-ca 1 --ca "$flow/stranger.pem"
check "nothing listens" fails_with connection-refused 1 --server sip.contoso.test:1
check "no name server" fails_with dns-no-server 3 --dns 127.0.0.1:1
check "no such address" fails_with configuration-invalid 2 --dns nonsense
check "disabled user" disabled
"$LYCHGATE" --config "$site/lychgated.conf" user enable alice@contoso.test >/dev/null
flow_stop
check "the server's clock is 10 minutes ahead" with lab clock-offset 10m clock-skew --auth orgid
check "the same, by Basic" with lab clock-offset 10m clock-skew --auth basic
check "the server's clock is 10 minutes behind" with lab clock-offset -10m clock-skew --auth orgid
check "the same, by forms" with lab clock-offset -10m clock-skew --auth auth
flow_set lab clock-offset 0s
check "no record at all" no_record_at_all
check "no record for the pool" with lab dns-omit 'sip sipfed' dns-not-found
cp -r "$site/tls" "$flow/tls"
check "expired server certificate" expired
check "certificate for another name" other_name
tap_done
