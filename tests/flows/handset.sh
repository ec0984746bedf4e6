# shellcheck shell=bash
# Phones at a server of their own (phone_server.c): source it behind flow.sh.
#
#   tell VERB PHONE [WHAT]    what a phone is to do
#   hears PATTERN             in time, a line of the phones' news that was not heard before
#   open_phone, has PATTERN   sign the handset in; sooner or later, but since then
#   as_bob VERB ...           lychgate as another user
#   traced TEXT               does the server's trace have it?

export PHONE_IN=$flow/phone.in PHONE_OUT=$flow/phone.out
heard=0
opened=0

as_bob() { # only behind another: it ends there
  exec "$LYCHGATE" "$@" --as bob@contoso.test --password-file "$flow/password" --cache "$flow/cache.bob" \
    --ca "$site/ca.pem" --timeout "${patience:-10}" --dns "127.0.0.1:$dns" --connect-to ":80::$http" \
    --connect-to ":443::$https"
}
tell() { echo "$*" >"$PHONE_IN"; }
hears() {
  local line tries
  for ((tries = 0; tries < 300; tries++)); do
    line=$(tail -n +$((heard + 1)) "$PHONE_OUT" | grep -n -m 1 -E -- "$1" | cut -d: -f1)
    if [ -n "$line" ]; then
      heard=$((heard + line))
      return 0
    fi
    sleep 0.1
  done
  return 1
}
has() { heard=$opened; hears "$1"; }
open_phone() {
  opened=$(wc -l <"$PHONE_OUT")
  heard=$opened
  tell open handset alice@contoso.test
}
traced() { grep -q -- "$1" "$site/trace.jsonl"; }

# handset_site NAME: alice, bob, and a trace; flow_start then starts it.
handset_site() {
  flow_site "$1" && flow_set log trace trace.jsonl || return
  "$LYCHGATE" --config "$site/lychgated.conf" user add bob@contoso.test --display-name 'Bob Builder' \
    --password-file "$flow/password" >"$flow/user.out" 2>&1 || return
  mkfifo "$PHONE_IN" && : >"$PHONE_OUT"
}
