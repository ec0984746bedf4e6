# shellcheck shell=bash
# A throwaway site inside the lab, for the scripts that judge our server with
# programs of others. Source it after tap.sh. Meson sets LYCHGATED, LYCHGATE and
# NOTIFY_RUN; lab.sh sets LAB_DIR.
#
#   site_init             lychgate init for contoso.test in $site, name server on
#   site_set SECTION KEY VALUE
#   site_user ADDRESS PASSWORD [OPTION...]
#   site_start [OPTION...]  returns when the server says READY=1
#   site_stop             SIGTERM; returns the server's exit code
#   site_trust DIR        put the CA that clients are given into DIR

site_domain=contoso.test
site=${LAB_DIR:?lab.sh sets it}/site
site_log=$LAB_DIR/lychgated.log
site_trace=$LAB_DIR/lychgated.jsonl
site_pid=
: "${LYCHGATED:?}" "${LYCHGATE:?}" "${NOTIFY_RUN:?}"

site_init() {
  "$LYCHGATE" init --domain "$site_domain" --dir "$site" --address 127.0.0.1 "$@" \
    >"$LAB_DIR/init.out" 2>&1 || return
  site_set roles dns on
  site_set log trace "$site_trace"
  # yescrypt as cheap as it goes: the tests are not about guessing passwords.
  site_set lab password-cost 1
}

# Replace the key in its section, or add it there, or add the section too.
site_set() {
  local file=$site/lychgated.conf
  awk -v section="$1" -v key="$2" -v value="$3" '
    function put() { if (!done) print key " = " value; done = 1 }
    /^\[/ { if (inside) put(); inside = ($0 == "[" section "]") }
    inside && $0 ~ "^" key "[ \t]*=" { put(); next }
    { print }
    END { if (!inside && !done) print "[" section "]"; put() }
  ' "$file" >"$file.new" && cat "$file.new" >"$file" && rm "$file.new"
}

site_user() {
  printf '%s\n' "$2" |
    "$LYCHGATE" --config "$site/lychgated.conf" user add "$1" --password-file - "${@:3}" \
      >>"$LAB_DIR/user.out" 2>&1
}

site_trust() {
  mkdir -p "$1" && cp "$site/ca.pem" "$1/ca.pem"
}

site_start() {
  local line
  [ -p "$LAB_DIR/state" ] || mkfifo "$LAB_DIR/state"
  "$NOTIFY_RUN" "$LYCHGATED" --config "$site/lychgated.conf" "$@" >"$LAB_DIR/state" 2>>"$site_log" &
  site_pid=$!
  exec {site_state}<"$LAB_DIR/state"
  # A server that ends closes the pipe, so this does not wait for the dead.
  while read -r -t 60 -u "$site_state" line; do
    [ "$line" = READY=1 ] && return 0
  done
  return 1
}

site_stop() {
  local status=0
  kill -TERM "$site_pid"
  wait "$site_pid" || status=$?
  exec {site_state}<&-
  return "$status"
}
