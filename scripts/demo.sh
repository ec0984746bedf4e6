#!/bin/sh
# demo.sh BUILD: a throwaway site in a temporary folder, a user, and two sign-ins:
# with the password through Org ID, then with the kept certificate. Every port is
# chosen by the kernel; nothing is left behind.
set -eu
build=$1
dir=$(mktemp -d)
server=
cleanup() {
  status=$?
  trap - EXIT HUP INT TERM
  if [ -n "$server" ]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  if [ "$status" -ne 0 ] && [ -s "$dir/log" ]; then
    echo "The server's log:" >&2
    tail -n 20 "$dir/log" >&2
  fi
  rm -rf "$dir"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

step() { printf '\n%s\n' "== $* "; }

step "A site for contoso.test, with certificates, keys and databases of its own"
"$build/lychgate" init --domain contoso.test --dir "$dir/site" --address 127.0.0.1 \
  --http-port 0 --https-port 0 --sip-port 0 >"$dir/zone" 2>"$dir/init.log"
grep -c 'IN' "$dir/zone" | sed 's/$/ DNS records, served by its own name server/'
sed -i 's/^\[roles\]$/[roles]\ndns = on/; s/^\[listen\]$/[listen]\ndns = 127.0.0.1:0/' "$dir/site/lychgated.conf"

step "A user: alice@contoso.test"
printf 'correct horse battery\n' >"$dir/password"
"$build/lychgate" --config "$dir/site/lychgated.conf" user add alice@contoso.test \
  --display-name 'Alice Adams' --password-file "$dir/password"

step "The server starts"
"$build/lychgated" --config "$dir/site/lychgated.conf" --ready "$dir/ready.json" 2>"$dir/log" &
server=$!
tries=0
until [ -s "$dir/ready.json" ]; do
  kill -0 "$server" 2>/dev/null || { echo "lychgated did not start" >&2; exit 1; }
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { echo "lychgated is not ready" >&2; exit 1; }
  sleep 0.1
done
port() { sed "s/.*\"$1\":\([0-9]*\).*/\1/" "$dir/ready.json"; }
echo "ready: http $(port http), https $(port https), sip $(port sip), dns $(port dns)"

signin() {
  "$build/lychgate" signin alice@contoso.test --password-file "$dir/password" --cache "$dir/cache" \
    --ca "$dir/site/ca.pem" --dns "127.0.0.1:$(port dns)" \
    --connect-to ":80::$(port http)" --connect-to ":443::$(port https)" "$@"
}

step "Sign-in with the password, through Org ID"
signin --auth orgid
step "Sign-in again, with the kept certificate"
signin

step "The server stops"
kill -TERM "$server"
wait "$server"
server=
echo "done; nothing is left running"
