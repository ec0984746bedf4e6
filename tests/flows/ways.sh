#!/bin/bash
# Signing in by every way there is: each ticket method, the kept certificate, a server
# that was restarted, no autodiscover, a known server; and staying.
set -u
here=$(dirname "$0")
. "$here/../interop/tap.sh"
. "$here/flow.sh"
show_on_failure "$flow/steps.jsonl" "$flow/signin.err" "$flow/log"

signed_in() { # KEPT OPTION...
  local wanted=$1
  shift
  flow_signin "$@"
  [ "$left_with" -eq 0 ] && [ "$kept" = "$wanted" ] && flow_step signout good
}

# What `lychgate trace` draws of a sign-in is the flow that is written down.
same_flow() { # FILE OPTION...
  local expected=$here/$1
  shift
  flow_signin --trace "$flow/trace.jsonl" "$@"
  "$LYCHGATE" trace --no-times --width 100 "$flow/trace.jsonl" |
    sed -e 's/:[0-9][0-9]*/:PORT/g' -e 's/ *$//' >"$flow/ladder"
  if [ "${FLOW_RECORD:-}" = yes ]; then cp "$flow/ladder" "$expected"; fi
  diff -u "$expected" "$flow/ladder"
}

no_secrets() {
  ! grep -q "$password" "$flow/trace.jsonl" && ! grep -qi 'basic [A-Za-z0-9+/]\{12,\}' "$flow/trace.jsonl" &&
    ! grep -q 'saml:Conditions\|saml:Subject' "$flow/trace.jsonl"
}

restarted() {
  flow_stop && flow_start && signed_in true
}

private() {
  [ "$(stat -c %a "$flow/cache")" = 700 ] && [ "$(stat -c %a "$flow"/cache/alice@*)" = 600 ] &&
    openssl x509 -noout -in "$flow"/cache/alice@* && openssl pkey -noout -in "$flow"/cache/alice@*
}

# A certificate that the server does not know any more is replaced by itself.
revoked() {
  "$LYCHGATE" --config "$site/lychgated.conf" cert revoke alice@contoso.test >/dev/null &&
    signed_in false && flow_step handshake passed && signed_in true
}

spoilt() {
  echo nonsense >"$(echo "$flow"/cache/alice@*)"
  signed_in false && flow_step recall noted
}

without_autodiscover() {
  flow_stop
  flow_set lab dns-omit 'lyncdiscover lyncdiscoverinternal'
  flow_start && signed_in false --no-cache && flow_step dns passed
}

by_example() {
  PASSWORD=$password "$EXAMPLE" alice@contoso.test "$site/ca.pem" "127.0.0.1:$dns" ":80::$http" \
    ":443::$https" >"$flow/signin.err" 2>&1
}

# Stay signed in, run a command once that is so, and see how it ends: the exit code, and
# a word of the result.
stays_until() { # CODE WORD COMMAND...
  local code=$1 word=$2 pid out line
  shift 2
  flow_command --keep 60 --jsonl
  exec {out}< <(exec "${command[@]}" 2>"$flow/signin.err")
  pid=$!
  : >"$flow/steps.jsonl"
  while read -r -t 30 -u "$out" line; do
    echo "$line" >>"$flow/steps.jsonl"
    [[ $line != *'"step":"register"'* ]] || "$@" "$pid" >/dev/null
  done
  exec {out}<&-
  left_with=0
  wait "$pid" || left_with=$?
  [ "$left_with" -eq "$code" ] && tail -n 1 "$flow/steps.jsonl" | grep -q "\"$word\""
}

stop_it() { kill -TERM "$1"; }

disable_user() { "$LYCHGATE" --config "$site/lychgated.conf" user disable alice@contoso.test; }

put_out() {
  stays_until 1 deregistered disable_user
  local result=$?
  "$LYCHGATE" --config "$site/lychgated.conf" user enable alice@contoso.test >/dev/null
  return "$result"
}

flow_site site && flow_start || tap_bail "no server"
check "Org ID, step by step as written down" same_flow orgid.flow --no-cache --auth orgid
check "the trace holds no secret" no_secrets
check "Basic, step by step as written down" same_flow basic.flow --no-cache --auth basic
check "the trace holds no secret" no_secrets
check "forms" signed_in false --no-cache --auth auth
check "whatever is offered first" signed_in false
check "key and certificate are private, and openssl reads them" private
check "the kept certificate, as written down, without a password" \
  same_flow kept.flow --password-file /nonexistent
check "after the server was restarted" restarted
check "a revoked certificate is replaced" revoked
check "a spoilt file is passed over" spoilt
check "a server that is named needs no discovery" signed_in false --no-cache --server "sip.contoso.test:$sip"
check "the example program" by_example
check "stopped by a signal: signed out in good order" stays_until 0 signed-in stop_it
check "disabled meanwhile: signed out by the server" put_out
check "by SRV when autodiscover is not there" without_autodiscover
tap_done
