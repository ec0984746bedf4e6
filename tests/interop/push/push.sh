#!/bin/bash
# The npm package web-push-testing judges our push messages: it hands out subscriptions,
# checks the VAPID token and its key, and decrypts with http_ece, none of it ours.
# scripts/install-deps.sh put it into build-judges/push; at run time all is on loopback.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tap.sh"
judges=$here/../../../build-judges/push
for program in node curl jq openssl; do
  command -v "$program" >/dev/null || tap_skip_all "no $program here"
done
[ -d "$judges/node_modules/web-push-testing" ] ||
  tap_skip_all "web-push-testing is not installed (scripts/install-deps.sh does, with Node.js 20 and npm)"

LAB_DIR=$(mktemp -d)
export LAB_DIR
judge_pid=
clean_up() {
  [ -z "$judge_pid" ] || kill "$judge_pid" 2>/dev/null
  wait
  rm -rf "$LAB_DIR"
}
trap clean_up EXIT
. "$here/../site.sh"
work=$LAB_DIR
show_on_failure "$work/init.out" "$work/user.out" "$work/judge" "$work/said" "$work/out" "$work/got"

lychgate() {
  "$LYCHGATE" --config "$site/lychgated.conf" "$@" >"$work/out" 2>"$work/said"
}
# says FILTER: of the last command's JSON
says() {
  jq -e "$1" "$work/out" >/dev/null
}
ask() { # PATH JSON
  curl --silent --noproxy '*' --max-time 20 -H 'Content-Type: application/json' -d "$2" \
    "http://127.0.0.1:$port/$1" >"$work/got"
}
# subscribe KEY: $work/subscription as a browser would hand it over, $hash
subscribe() {
  ask subscribe "{\"userVisibleOnly\":\"true\",\"applicationServerKey\":\"$1\"}" &&
    jq -e '.data | del(.clientHash)' "$work/got" >"$work/subscription" &&
    hash=$(jq -r .data.clientHash "$work/got")
}
received() { # FILTER of the messages
  ask get-notifications "{\"clientHash\":\"$hash\"}" && jq -e ".data.messages | $1" "$work/got" >/dev/null
}
fails() { # FILTER COMMAND...: exit code 1, and the JSON it prints
  local filter=$1 status=0
  shift
  lychgate "$@" --json || status=$?
  [ "$status" -eq 1 ] && says "$filter"
}

mkfifo "$work/ready"
NODE_PATH=$judges/node_modules node "$here/judge.js" >"$work/ready" 2>"$work/judge" &
judge_pid=$!
exec {ready}<"$work/ready"
# A judge that ends closes the pipe, so this does not wait for the dead.
read -r -t 60 -u "$ready" word port && [ "$word" = PORT ] || tap_bail "web-push-testing does not start"

check 'a site and a user' eval 'site_init --http-port 0 --https-port 0 --sip-port 0 &&
  site_set push subject mailto:admin@contoso.test && site_user alice@contoso.test "Wonderland 7"'
check 'the key for applications' eval 'lychgate push key && key=$(cat "$work/out") && [ ${#key} -eq 87 ]'
check 'the judge takes the key' subscribe "$key"
check 'a loopback endpoint is refused' fails 'tostring | test("push-endpoint-refused")' \
  push add alice@contoso.test "$work/subscription" --device browser
site_set lab private-push on
check 'but taken in a laboratory' lychgate push add alice@contoso.test "$work/subscription" --device browser
check 'it is listed, without its endpoint' eval 'lychgate push list --json &&
  says "length == 1 and .[0].device == \"browser\" and .[0].address == \"alice@contoso.test\"" &&
  ! grep -q "$hash" "$work/out"'
check 'a message is accepted' eval 'lychgate push test alice@contoso.test --text "Grüße 🛎" --json &&
  says ".[0].status == 201 and .[0].finding == null"'
check 'and was decrypted to what was sent' received \
  'length == 1 and (.[0] | fromjson | .kind == "test" and .text == "Grüße 🛎")'
check 'a second one' eval 'lychgate push test alice@contoso.test && received "length == 2"'

# A subscription for somebody else's key: our token must not do.
openssl ecparam -name prime256v1 -genkey -noout -out "$work/other.key" 2>/dev/null
other=$(openssl ec -in "$work/other.key" -pubout -outform DER 2>/dev/null | tail -c 65 | base64 -w0 | tr '+/' '-_' | tr -d '=')
check 'a subscription for another key' eval 'subscribe "$other" &&
  lychgate push add alice@contoso.test "$work/subscription" --device stranger'
check 'is refused by the judge' fails '.[0].finding == "push-refused" and .[0].status == 400' \
  push test alice@contoso.test --device stranger
check 'the judge has read nothing' received 'length == 0'

check 'the judge ends it' ask "expire-subscription/$hash" '{}'
check 'it is gone' fails '.[0].finding == "push-subscription-gone" and .[0].status == 410' \
  push test alice@contoso.test --device stranger
check 'and forgotten' eval 'lychgate push list alice@contoso.test --json &&
  says "length == 1 and .[0].device == \"browser\""'
check 'removed by hand' lychgate push remove alice@contoso.test --device browser
check 'nothing is left to wake' fails 'tostring | test("push-no-subscription")' push test alice@contoso.test
tap_done
