# shellcheck shell=bash
# A made-up site for the tests of commands. Source it after verbs.sh.

file=$work/site/lychgated.conf
site() {
  "$LYCHGATE" --config "$file" "$@"
}

# make_site USER...: contoso.test, and these users in it
make_site() {
  local user
  "$LYCHGATE" init --domain contoso.test --dir "$work/site" >"$work/out" 2>"$work/err" || tap_bail 'init failed'
  sed -i 's/^#password-cost = .*/password-cost = 1/' "$file"
  printf 'Wonder land-7\n' >"$work/password"
  for user; do
    site user add "$user@contoso.test" --password-file "$work/password" >"$work/out" 2>"$work/err" ||
      tap_bail "user add $user failed"
  done
}

# filter FILTER: stdout was one JSON document for which it holds
filter() {
  jq -e --slurp "length == 1 and (.[0] | $1)" "$work/out" >/dev/null
}
# json STATUS FILTER COMMAND...: one document on stdout for which the filter holds
json() {
  local status=$1 filter=$2
  shift 2
  run "$status" site "$@" --json && filter "$filter"
}
# refused PATTERN COMMAND...: status 1, nothing on stdout, cause and remedy
refused() {
  local pattern=$1
  shift
  run 1 "$@" && [ ! -s "$work/out" ] && says "$work/err" "$pattern" && says "$work/err" '(cause:|^[A-Z].*\.$)' &&
    says "$work/err" '(remedy:|`)'
}
