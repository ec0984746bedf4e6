#!/bin/sh
# test.sh: build and run every test twice, plain and under AddressSanitizer and
# UndefinedBehaviorSanitizer, and count. The last line says how many passed.
set -u
cd "$(dirname "$0")/.."
: "${WERROR:=${CI:-false}}"
failed_builds=0

build() { # FOLDER OPTION...
  folder=$1
  shift
  # A folder that an earlier `make` set up looks again: the tests' packages came since.
  again=
  [ -e "$folder/build.ninja" ] && again=--reconfigure
  meson setup "$folder" $again "$@" >"$folder.log" 2>&1 || {
    cat "$folder.log"
    return 1
  }
  rm -f "$folder.log"
  ninja -C "$folder" --quiet
}

run() { # FOLDER MESON-TEST-OPTION...
  folder=$1
  shift
  meson test -C "$folder" --no-suite bench --print-errorlogs "$@"
}

build build -Dwerror="$WERROR" && run build || failed_builds=$((failed_builds + 1))

export ASAN_OPTIONS="abort_on_error=1:detect_leaks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"
build build-san -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized &&
  run build-san --timeout-multiplier 4 || failed_builds=$((failed_builds + 1))

count() { # RESULT
  cat build/meson-logs/testlog.json build-san/meson-logs/testlog.json 2>/dev/null |
    grep -c "\"result\": \"$1\""
}
passed=$(count OK)
skipped=$(count SKIP)
total=$(cat build/meson-logs/testlog.json build-san/meson-logs/testlog.json 2>/dev/null | grep -c '"result": ')
failed=$((total - passed - skipped))
[ "$failed_builds" -gt 0 ] && [ "$failed" -eq 0 ] && failed=$failed_builds

# A skip is only good with its reason beside it.
if [ "$skipped" -gt 0 ]; then
  echo
  echo "Skipped:"
  grep -h '"result": "SKIP"' build/meson-logs/testlog.json build-san/meson-logs/testlog.json |
    sed 's/.*"name": "\([^"]*\)".*/  \1/'
  grep -hoE '(SKIP|skip)[^"\\]*' build/meson-logs/testlog.json build-san/meson-logs/testlog.json |
    grep -i 'skip ' | sort -u | sed 's/^/    /' | head -20
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
