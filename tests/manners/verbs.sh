# shellcheck shell=bash
# The commands and options of lychgate, read from its own help. Source it after
# ../interop/tap.sh. Meson sets LYCHGATE.

: "${LYCHGATE:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "user add", "trace", ...: the rows of --help up to their arguments, which are
# in capitals, or the summary.
all_verbs() {
  "$LYCHGATE" --help | sed -n '2,$s/^  \([a-z][a-z -]*[a-z]\)\( .*\)\{0,1\}$/\1/p' |
    sed 's/  .*//; s/ [A-Z[].*//'
}

# options_of VERB: its options, with those of all commands
options_of() {
  # shellcheck disable=SC2086
  "$LYCHGATE" $1 --help | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p'
}

# says FILE PATTERN
says() {
  grep -qE -- "$2" "$1"
}

# run EXPECTED-STATUS COMMAND...: output in $work/out and $work/err
run() {
  local expected=$1 status=0
  shift
  "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  [ "$status" -eq "$expected" ] || echo "# exit status $status, not $expected: $*"
  [ "$status" -eq "$expected" ]
}
show_on_failure "$work/out" "$work/err"
