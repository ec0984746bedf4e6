#!/bin/bash
# Manual pages, help and completion tell of the same commands and options. Meson
# sets PAGES, the folder with the pages.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/verbs.sh"
: "${PAGES:?}"

# The page as text, without the overstrikes that make letters bold.
page() {
  man_text=$work/page.$1
  mandoc -T ascii -O width=100 "$PAGES/$1" | col -b >"$man_text" && [ -s "$man_text" ]
}
# The part of lychgate(1) about one command; and the part about all of them.
section() {
  awk -v heading="   $1" '
    /^   [a-z]/ || /^[A-Z]/ { inside = ($0 == heading) }
    inside { print }' "$work/page.lychgate.1" "$work/page.lychgate-bench.1"
}
common() {
  awk '/^[A-Z]/ { inside = /^OPTIONS/ } inside { print }' "$work/page.lychgate.1"
}
options_in() {
  grep -oE '^       --[a-z0-9-]+' | tr -d ' '
}

tell_the_same() {
  options_of "$1" | sort -u >"$work/help"
  { section "$1" | options_in; common | options_in; } | sort -u >"$work/manual"
  [ -s "$work/help" ] && diff "$work/help" "$work/manual" | sed 's/^/# /'
  cmp -s "$work/help" "$work/manual"
}
# completes SHELL VERB: each option of the verb is in what the shell would offer
completes() {
  local option prefix
  case $1 in
  bash | zsh) grep -F "  '$2 '*)" "$work/$1" >"$work/offer" ;;
  fish) grep -E "^complete -c lychgate( -l| -n '__fish_seen_subcommand_from ${2/ /; and __fish_seen_subcommand_from }')" \
    "$work/$1" >"$work/offer" ;;
  esac
  for option in $(options_of "$2"); do
    prefix=$option
    [ "$1" = fish ] && prefix="-l ${option#--}"
    grep -qE -- "$prefix( |'|;|\$)" "$work/offer" || {
      echo "# $1: $2 $option"
      return 1
    }
  done
}

# scdoc begins each section and list with an empty paragraph; mandoc skips those
# and says so. Nothing else may be wrong.
lint() {
  mandoc -T lint -W warning "$1" | grep -v 'WARNING: skipping paragraph macro: PP ' >"$work/lint"
  sed 's/^/# /' "$work/lint"
  [ ! -s "$work/lint" ]
}

command -v mandoc >/dev/null || tap_skip_all 'no mandoc here (Debian: mandoc)'
for name in lychgate.1 lychgate-bench.1 lychgated.conf.5 lychgate-findings.7 lychgated.8; do
  check "mandoc finds nothing wrong with $name" lint "$PAGES/$name"
  check "$name is a page" page "$name"
done

for shell in bash zsh fish; do
  check "completion for $shell" run 0 "$LYCHGATE" completion "$shell"
  cp "$work/out" "$work/$shell"
  if command -v "$shell" >/dev/null; then
    check "$shell can read it" "$shell" -n "$work/$shell"
  fi
done

all_verbs >"$work/verbs"
check 'help names commands' test -s "$work/verbs"
while read -r verb; do
  check "lychgate(1) and help agree on $verb" tell_the_same "$verb"
  for shell in bash zsh fish; do
    check "completion for $shell knows $verb and its options" completes "$shell" "$verb"
  done
done <"$work/verbs"

"$LYCHGATE" finding --json >"$work/findings"
told() {
  grep -o '"id": "[^"]*"' "$work/findings" | sed 's/.*: "//; s/"//' >"$work/ids"
  [ "$(wc -l <"$work/ids")" -gt 50 ] && ! sed 's/^/       /' "$work/ids" |
    grep -vxFf "$work/page.lychgate-findings.7"
}
check 'lychgate-findings(7) has every finding' told

settings() {
  "$LYCHGATE" init --domain contoso.test --dir "$work/site" >/dev/null 2>&1 || return
  sed -n 's/^#\{0,1\}\([a-z-]*\) =.*/\1/p' "$work/site/lychgated.conf" | sort -u >"$work/keys"
  sed -n 's/^       \([a-z-]*\) = .*/\1/p' "$work/page.lychgated.conf.5" | sort -u >"$work/manual"
  diff "$work/keys" "$work/manual" | sed 's/^/# /'
  [ -s "$work/keys" ] && [ -z "$(comm -23 "$work/keys" "$work/manual")" ]
}
check 'lychgated.conf(5) has every key that init writes' settings

if [ -n "${LYCHGATED-}" ]; then
  "$LYCHGATED" --help | grep -oE -- '--[a-z]+' | sort -u >"$work/help"
  grep -oE '^       (-c, )?--[a-z]+' "$work/page.lychgated.8" | grep -oE -- '--[a-z]+' | sort -u >"$work/manual"
  check 'lychgated(8) and its help agree' cmp "$work/help" "$work/manual"
fi
tap_done
