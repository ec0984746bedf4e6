#!/bin/sh
# demo.sh BUILD: a throwaway site in a temporary folder, two users, a sign-in with the
# password through Org ID, one with the kept certificate, and then a contact, presence
# and a message between the two. Every port is chosen by the kernel; nothing is left behind.
set -eu
build=$1
dir=$(mktemp -d)
server=
bob=
# end PID: and wait until it has
end() {
  [ -z "$1" ] || kill -TERM "$1" 2>/dev/null || true
  [ -z "$1" ] || wait "$1" 2>/dev/null || true
}
cleanup() {
  status=$?
  trap - EXIT HUP INT TERM
  end "$bob"
  end "$server"
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

step "Two users: alice@contoso.test and bob@contoso.test"
printf 'correct horse battery\n' >"$dir/password"
"$build/lychgate" --config "$dir/site/lychgated.conf" user add alice@contoso.test \
  --display-name 'Alice Adams' --password-file "$dir/password"
"$build/lychgate" --config "$dir/site/lychgated.conf" user add bob@contoso.test \
  --display-name 'Bob Builder' --password-file "$dir/password"

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

# client COMMAND [ARGUMENT]...: lychgate, as from another machine; with in_place=exec in
# place of this shell, so that its number is the program's
client() {
  ${in_place-} "$build/lychgate" "$@" --password-file "$dir/password" --cache "$dir/cache" \
    --ca "$dir/site/ca.pem" --dns "127.0.0.1:$(port dns)" \
    --connect-to ":80::$(port http)" --connect-to ":443::$(port https)"
}

step "Sign-in with the password, through Org ID"
client signin alice@contoso.test --auth orgid
step "Sign-in again, with the kept certificate"
client signin alice@contoso.test --register-only

step "Alice puts Bob on her list; he is not there yet"
client contacts add-group Team --as alice@contoso.test
client contacts add bob@contoso.test --group Team --as alice@contoso.test
client contacts list --as alice@contoso.test

# until_true COMMAND [ARGUMENT]...: for half a minute at the most, while Bob's program runs
until_true() {
  tries=0
  until "$@"; do
    kill -0 "$bob" 2>/dev/null && [ "$tries" -lt 150 ] || { cat "$dir/bob" "$dir/alice" >&2; return 1; }
    tries=$((tries + 1))
    sleep 0.2
  done
}
write_to_bob() { client im bob@contoso.test 'Lunch at twelve?' --as alice@contoso.test >"$dir/alice" 2>&1; }
see_bob_busy() {
  client presence watch bob@contoso.test --count 1 --for 20 --as alice@contoso.test >"$dir/alice" 2>&1
  grep -q '^busy' "$dir/alice"
}

step "Bob comes, and waits for messages; Alice writes to him"
(in_place='exec' && client im --wait 120 --as bob@contoso.test >"$dir/bob" 2>&1) &
bob=$!
until_true write_to_bob
until_true grep 'Lunch' "$dir/bob"
end "$bob"

step "Bob is busy until five; Alice sees it"
client presence set busy --note 'Until five' --as bob@contoso.test
(in_place='exec' && client signin bob@contoso.test --keep 120 >"$dir/bob" 2>&1) &
bob=$!
until_true see_bob_busy
cat "$dir/alice"
end "$bob"
bob=

step "Alice signs in as a phone does, in the fourteen steps of the field article"
client signin alice@contoso.test --mobile
step "Mobility is forbidden by a cmdlet, and the phone is told why"
"$build/lychgate" --config "$dir/site/lychgated.conf" cs 'Set-CsMobilityPolicy -EnableMobility $false'
client signin alice@contoso.test --mobile >"$dir/alice" 2>&1 && { echo "the phone got in" >&2; exit 1; }
sed -n "/ FAIL /,/ remedy /p" "$dir/alice"

step "The server stops"
kill -TERM "$server"
wait "$server"
server=
echo "done; nothing is left running"
