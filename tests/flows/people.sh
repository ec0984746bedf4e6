#!/bin/bash
# Two people at a real server: they see each other, and talk. Meson sets LYCHGATED and
# LYCHGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"

account() { # WHO: how they sign in, in $account
  account=(--password-file "$flow/password" --cache "$flow/cache.$1" --ca "$site/ca.pem" --timeout 10
    --dns "127.0.0.1:$dns" --connect-to ":80::$http" --connect-to ":443::$https")
}
# as WHO VERB...: a command of theirs; output in $flow/WHO.out and .err
as() {
  local who=$1
  shift
  account "$who"
  "$LYCHGATE" "$@" --as "$who@contoso.test" "${account[@]}" >"$flow/$who.out" 2>"$flow/$who.err"
}
refused() { ! as "$@"; }
shows() { grep -q -- "$2" "$flow/$1.out"; }
tells() { grep -q -- "$2" "$flow/$1.err"; }

# beside WHO COMMAND...: runs along; its output comes by a pipe, line by line
declare -A pid fd
beside() {
  local who=$1 end
  shift
  account "$who"
  rm -f "$flow/$who.pipe"
  mkfifo "$flow/$who.pipe"
  "$LYCHGATE" "$@" "${account[@]}" >"$flow/$who.pipe" 2>"$flow/$who.err" &
  pid[$who]=$!
  exec {end}<"$flow/$who.pipe"
  fd[$who]=$end
}
# hears WHO PATTERN: one of the next lines, in time
hears() {
  local line
  while read -r -t 30 -u "${fd[$1]}" line; do
    echo "$line" >>"$flow/$1.heard"
    [[ $line =~ $2 ]] && return 0
  done
  return 1
}
ends_with() { # WHO STATUS
  local status=0
  wait "${pid[$1]}" || status=$?
  unset "pid[$1]"
  [ "$status" -eq "$2" ]
}
stop() { kill -INT "${pid[$1]}"; }
people_cleanup() {
  local who
  for who in "${!pid[@]}"; do kill "${pid[$who]}" 2>/dev/null; done
  flow_cleanup
}
trap people_cleanup EXIT
show_on_failure "$flow/alice.out" "$flow/alice.err" "$flow/bob.err" "$flow/alice.heard" "$flow/bob.heard"

whole_ladder() {
  local expected=$here/session.flow
  account alice
  "$LYCHGATE" signin alice@contoso.test "${account[@]}" --json --trace "$flow/trace.jsonl" \
    >"$flow/alice.out" 2>"$flow/alice.err" || return
  "$LYCHGATE" trace --no-times --width 100 "$flow/trace.jsonl" |
    sed -e 's/:[0-9][0-9]*/:PORT/g' -e 's/ *$//' >"$flow/ladder"
  if [ "${FLOW_RECORD:-}" = yes ]; then cp "$flow/ladder" "$expected"; fi
  diff -u "$expected" "$flow/ladder"
}
all_parts() {
  tr -d ' \n' <"$flow/alice.out" | grep -q '"granted":\["settings","contacts","self","presence","publish"\]'
}

flow_site people || tap_bail 'no site'
"$LYCHGATE" --config "$site/lychgated.conf" user add bob@contoso.test --display-name 'Bob Builder' \
  --password-file "$flow/password" >"$flow/user.out" 2>&1 || tap_bail 'no bob'
flow_start || tap_bail 'no server'

check 'alice adds bob' as alice contacts add bob@contoso.test
check 'and a group' as alice contacts add-group Team
check 'and puts him there' as alice contacts move bob@contoso.test --group Team
check 'a group that is not there is refused' refused alice contacts move bob@contoso.test --group None
check 'which is said' tells alice 'there is no group'
check 'a renamed group keeps him' as alice contacts rename-group Team Friends
check 'alice lists her contacts' as alice contacts list
check 'with the group' shows alice '^  Friends$'
check 'with bob, who is not there' shows alice '^    offline *bob@contoso.test (Bob Builder)'
check 'a sign-in goes all the way, as drawn' whole_ladder
check 'with all parts' all_parts
check 'with settings' shows alice '"ServerConfiguration"'
check 'with the contact' shows alice '"bob@contoso.test"'
check 'alice asks who she is' as alice whoami
check 'and is told' shows alice 'Signed in as alice@contoso.test'
check 'there is no message for who is not there' refused alice im bob@contoso.test Hello
check 'which is said' tells alice 'not signed in'
check 'nor for who does not exist' refused alice im nobody@contoso.test Hello

beside alice presence watch bob@contoso.test --as alice@contoso.test
check 'alice watches bob: offline' hears alice '^offline .*bob@contoso.test'
beside bob signin bob@contoso.test --keep 300
check 'bob comes' hears bob 'own presence|Own presence'
check 'alice sees it' hears alice '^available .*bob@contoso.test'
stop bob
check 'bob leaves in good order' ends_with bob 0
check 'alice sees that, too' hears alice '^offline .*bob@contoso.test'
check 'bob sets a state and a note' as bob presence set busy --note 'Until five'
beside bob signin bob@contoso.test --keep 300
check 'which holds when he comes back' hears alice '^busy .*bob@contoso.test.*Until five'
stop alice
check 'alice stops watching' ends_with alice 0
stop bob
check 'bob leaves' ends_with bob 0

beside alice im --wait 300 --as alice@contoso.test
until as bob im alice@contoso.test 'Knock, knock'; do kill -0 "${pid[alice]}" || break; done
check 'bob writes to alice, who gets it' hears alice '^bob@contoso.test: Knock, knock'
as bob im alice@contoso.test - <<<'From standard input'
check 'bob writes from standard input' hears alice '^bob@contoso.test: From standard input'
beside bob im alice@contoso.test 'I wait' --wait 300 --as bob@contoso.test
check 'bob writes, and waits' hears alice '^bob@contoso.test: I wait'
stop alice
check 'alice stops listening' ends_with alice 0
check 'alice writes to bob, who waits' as alice im bob@contoso.test 'Hello, <Bob>'
check 'bob gets it' hears bob '^alice@contoso.test: Hello, <Bob>'
stop bob
check 'bob stops waiting' ends_with bob 0
check 'alice removes the group' as alice contacts remove-group Friends
check 'and keeps bob' as alice contacts list --json
check 'in no group' shows alice '"~"'
check 'until she removes him' as alice contacts remove bob@contoso.test
check 'twice is once too often' refused alice contacts remove bob@contoso.test
check 'which is said' tells alice 'is no contact'
tap_done
