#!/bin/bash
# What the commands answer: exit codes, JSON that is JSON, colours only when they
# are wanted, findings with cause and remedy, and passwords nowhere.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/verbs.sh"
. "$here/site.sh"
command -v jq >/dev/null || tap_skip_all 'no jq here (Debian: jq)'

check 'init --json' run 0 "$LYCHGATE" init --domain contoso.test --dir "$work/site" --json
check '... is a document with zone and CA' \
  filter '(.zone.records | length > 8) and (.ca | endswith("/ca.pem"))'
sed -i 's/^#password-cost = .*/password-cost = 1/' "$file"
check 'init leaves what is there alone' refused 'exists already' \
  "$LYCHGATE" init --domain contoso.test --dir "$work/site"

printf 'Wonder land-7\n' >"$work/password"
check 'user add' json 0 '.address == "alice@contoso.test" and .enabled' user add alice@contoso.test \
  --login aa@contoso.test --display-name 'Alice "A" Ädams' --password-file "$work/password"
check 'user list' json 0 'length == 1 and .[0].display_name == "Alice \"A\" Ädams"' user list
check 'user show' json 0 '.certificates == []' user show alice@contoso.test
check 'user card' json 0 '.title == "Queen" and .mail == null and .["phone-work"] == "+49 30 1"' \
  user card alice@contoso.test title=Queen telephoneNumber='+49 30 1' mail=
check '... takes values away' json 0 '.title == null and .["phone-work"]' user card alice@contoso.test title=
check '... knows its fields' run 2 site user card alice@contoso.test shoe-size=9
check '... refuses what is no text' refused 'title' site user card alice@contoso.test title="$(printf '\001')"
printf '\377\330\377\340photo' >"$work/photo.jpg"
check 'user photo' json 0 '.photo | length == 40' user photo alice@contoso.test "$work/photo.jpg"
check '... refuses what is no photo' refused 'JPEG' site user photo alice@contoso.test "$work/password"
check '... can be removed' json 0 '.photo == null' user photo alice@contoso.test --remove
check '... wants one of both' run 2 site user photo alice@contoso.test
check 'group add' json 0 '.address == "sales@contoso.test" and .name == "Sales" and .members == []' \
  group add sales@contoso.test --name Sales
check 'group member' json 0 '.members == ["alice@contoso.test", "bob@contoso.test"]' \
  group member sales@contoso.test bob@contoso.test sip:Alice@contoso.test
check '... --remove' json 0 '.members == ["alice@contoso.test"]' group member sales@contoso.test bob@contoso.test --remove
check 'group list' json 0 'length == 1 and .[0].members == 1' group list
check 'group show' run 0 site group show sales@contoso.test
check 'group remove' run 0 site group remove sales@contoso.test
check '... it is gone' refused 'sales@contoso.test' site group show sales@contoso.test
check 'location import' json 0 '.imported == 5' location import "$SRC_ROOT/examples/locations.csv"
check 'location add' run 0 site location add mac 00:11:22:33:44:55 country=GB city=Bath
check 'location list' json 0 'length == 6 and any(.[]; .key == "00-11-22-33-44-55" and .city == "Bath")' location list
check 'location remove' run 0 site location remove mac 001122334455
check '... of a kind that there is not' run 2 site location remove planet earth
check '... a city is needed' refused 'city' site location add mac 001122334455 country=GB
check 'user disable' run 0 site user disable alice@contoso.test
check 'user show tells that' json 0 '.enabled == false' user show alice@contoso.test
check 'user set' run 0 site user set alice@contoso.test --display-name Alice
check 'cert revoke' json 0 '.revoked == 0' cert revoke alice@contoso.test
check 'cert issue' json 0 '.name == "mcx.contoso.test" and .expires' \
  cert issue mcx.contoso.test mcx2.contoso.test --out "$work"
check '... signed by the CA of the site' run 0 openssl verify -CAfile "$work/site/ca.pem" -purpose sslclient \
  -verify_hostname mcx2.contoso.test "$work/mcx.contoso.test.pem"
check '... and its key is private' test "$(stat -c %a "$work/mcx.contoso.test.key")" = 600
check 'no certificate for what is no host' refused '../evil' site cert issue ../evil --out "$work"
check 'dns zone' json 0 '[.records[].type] | contains(["SOA","NS","A","CNAME","SRV"])' dns zone
check 'finding' json 0 'length > 50 and all(.[]; .id and .admin and .remedy)' finding
check 'finding ID' json 0 '.id == "wrong-password"' finding wrong-password
check 'trace of a recorded conversation' json 0 'length > 0' trace "$SRC_ROOT/tests/manners/trace.jsonl"
check 'a refusal is JSON too' json 1 '.error.finding and .error.remedy' user show nobody@contoso.test
check '... and text on stderr' says "$work/err" 'remedy:'

check 'an unknown user' refused 'nobody@contoso.test' site user show nobody@contoso.test
check 'a user who is there already' refused 'alice@contoso.test' \
  site user add alice@contoso.test --password-file "$work/password"
check 'an address that is none' run 1 site user add alice --password-file "$work/password"
check 'a password file that is not there' run 1 site user add bob@contoso.test --password-file "$work/none"
check 'a configuration that is not there' refused 'none.conf' "$LYCHGATE" --config "$work/none.conf" user list
check 'an unknown finding' run 2 "$LYCHGATE" finding no-such-finding
check 'user remove' run 0 site user remove alice@contoso.test
check '... removes' json 0 'length == 0' user list
check 'the password is in no file of the site' sh -c '! grep -r "Wonder land" "$1"' sh "$work/site"

coloured() {
  grep -q "$(printf '\033')\[" "$work/out"
}
check 'trace, not to a terminal' run 0 "$LYCHGATE" trace "$SRC_ROOT/tests/manners/trace.jsonl"
check '... has no colours' sh -c '! grep -q "$(printf "\033")" "$1"' sh "$work/out"
check 'with --color=always' run 0 "$LYCHGATE" trace --color=always "$SRC_ROOT/tests/manners/trace.jsonl"
check '... it has' coloured
terminal() {
  env "$@" script -qec "'$LYCHGATE' trace '$SRC_ROOT/tests/manners/trace.jsonl'" /dev/null >"$work/out" </dev/null
}
if command -v script >/dev/null; then
  check 'trace on a terminal' terminal -u NO_COLOR TERM=xterm
  check '... has colours' coloured
  check 'with NO_COLOR' terminal NO_COLOR=1 TERM=xterm
  check '... it has none' sh -c '! grep -q "$(printf "\033")" "$1"' sh "$work/out"
fi

sed 's/^domain = .*/&\nsip-hots = x/' "$file" >"$work/site/wrong.conf"
check 'an unknown key' run 1 "$LYCHGATE" --config "$work/site/wrong.conf" user list
check '... is named with its place' says "$work/err" 'wrong\.conf:[0-9]+:.*sip-hots'
check '... and a suggestion' says "$work/err" 'did you mean \[site\] sip-host\?'
if [ -n "${LYCHGATED-}" ]; then
  check 'lychgated --check is content' run 0 "$LYCHGATED" --config "$file" --check
  check '... with an unknown key it is not' run 1 "$LYCHGATED" --config "$work/site/wrong.conf" --check
  check '... and suggests one' says "$work/err" 'did you mean \[site\] sip-host\?'
fi
tap_done
