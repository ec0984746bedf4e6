#!/bin/bash
# Help is what was asked for: on stdout, exit status 0, within 80 columns. What was
# not understood is complained about on stderr, with status 2 and a hint.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/verbs.sh"

helps() {
  run 0 "$@" --help && [ -s "$work/out" ] && [ ! -s "$work/err" ] && says "$work/out" '^Usage: '
}
fits() {
  ! grep -nE '.{81}' "$work/out"
}
complains() {
  run 2 "$@" && [ ! -s "$work/out" ] && says "$work/err" '^lychgated?: .' &&
    says "$work/err" '^Try `lychgated? --help`\.$'
}

all_verbs >"$work/verbs"
check 'the help of lychgate names its commands' test "$(wc -l <"$work/verbs")" -gt 10
check 'lychgate --help' helps "$LYCHGATE"
check '... fits 80 columns' fits
while read -r verb; do
  # shellcheck disable=SC2086
  check "lychgate $verb --help" helps "$LYCHGATE" $verb
  check '... fits 80 columns' fits
  # shellcheck disable=SC2086
  check "lychgate $verb --no-such-option complains" complains "$LYCHGATE" $verb --no-such-option
done <"$work/verbs"

check 'no command at all is complained about' complains "$LYCHGATE"
check 'an unknown command too' complains "$LYCHGATE" frobnicate
check 'a noun without its verb too' complains "$LYCHGATE" user
check 'a mistyped command' complains "$LYCHGATE" inti
check '... gets a suggestion' says "$work/err" 'did you mean `init`\?'
check 'a mistyped verb' complains "$LYCHGATE" user ad
check '... gets a suggestion' says "$work/err" 'did you mean `user add`\?'
check 'a mistyped option' complains "$LYCHGATE" init --domian=contoso.test
check '... gets a suggestion' says "$work/err" 'did you mean --domain\?'
check 'a missing argument' complains "$LYCHGATE" user show
check '... is named' says "$work/err" 'ADDRESS'
check 'an argument too many' complains "$LYCHGATE" user show a@b.test c@d.test
check 'an option without its value' complains "$LYCHGATE" init --domain
check 'a switch with a value' complains "$LYCHGATE" user list --json=yes
check 'a wrong --color' complains "$LYCHGATE" user list --color=blue
check 'a number that is none' complains "$LYCHGATE" trace --width=wide "$work/verbs"
check 'lychgate --version' run 0 "$LYCHGATE" --version
check '... is one line' test "$(wc -l <"$work/out")" -eq 1

if [ -n "${LYCHGATED-}" ]; then
  check 'lychgated --help' helps "$LYCHGATED"
  check '... fits 80 columns' fits
  check 'lychgated --version' run 0 "$LYCHGATED" --version
  check 'lychgated without a configuration complains' complains "$LYCHGATED"
  run 2 "$LYCHGATED" --no-such-option
  check 'lychgated --no-such-option complains' says "$work/err" '^Try `lychgated --help`\.$'
fi
tap_done
