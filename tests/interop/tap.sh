# shellcheck shell=bash
# Test Anything Protocol for scripts: source it, call check, end with tap_done. A
# failing check shows the ends of the files named to show_on_failure.

tap_count=0
tap_failed=0
tap_files=()

show_on_failure() {
  tap_files+=("$@")
}

# tap_result STATUS DESCRIPTION
tap_result() {
  local word=ok file
  tap_count=$((tap_count + 1))
  if [ "$1" -ne 0 ]; then
    word='not ok'
    tap_failed=$((tap_failed + 1))
  fi
  printf '%s %d - %s\n' "$word" "$tap_count" "$2"
  [ "$1" -eq 0 ] && return 0
  for file in "${tap_files[@]}"; do
    [ -s "$file" ] || continue
    printf '# --- end of %s\n' "$file"
    tail -n 40 "$file" | cut -c 1-300 | sed 's/^/# /'
  done
}

# check DESCRIPTION COMMAND...: the command must succeed.
check() {
  local description=$1 status=0
  shift
  "$@" || status=$?
  tap_result "$status" "$description"
}

# tap_skip DESCRIPTION REASON: a check that cannot be made here, for all to see.
tap_skip() {
  tap_count=$((tap_count + 1))
  printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

tap_skip_all() {
  echo "1..0 # SKIP $*"
  exit 0
}

tap_bail() {
  local file
  for file in "${tap_files[@]}"; do
    [ -s "$file" ] && tail -n 40 "$file" | sed 's/^/# /'
  done
  echo "Bail out! $*"
  exit 1
}

tap_done() {
  echo "1..$tap_count"
  [ "$tap_failed" -eq 0 ]
  exit
}
