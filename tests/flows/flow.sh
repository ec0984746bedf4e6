# shellcheck shell=bash
# A throwaway site on loopback, without root, and sign-ins to it. Meson sets LYCHGATED
# and LYCHGATE.
#
#   flow_site NAME            init contoso.test in $flow/NAME (now $site), add alice
#   flow_set SECTION KEY VALUE
#   flow_start, flow_stop     the server; ports in $http $https $sip $dns
#   flow_signin OPTION...     runs signin --jsonl; sets $left_with $finding $kept

: "${LYCHGATED:?}" "${LYCHGATE:?}"
flow=$(mktemp -d)
site=
flow_pid=
password=correct-horse

flow_cleanup() {
  local status=$?
  trap - EXIT
  [ -z "$flow_pid" ] || { kill -TERM "$flow_pid" 2>/dev/null; wait "$flow_pid" 2>/dev/null; }
  rm -rf "$flow"
  exit "$status"
}
trap flow_cleanup EXIT
trap 'exit 1' HUP INT TERM

flow_site() {
  site=$flow/$1
  "$LYCHGATE" init --domain contoso.test --dir "$site" --address 127.0.0.1 --http-port 0 \
    --https-port 0 --sip-port 0 >"$flow/init.out" 2>&1 || return
  flow_set roles dns on
  flow_set listen dns 127.0.0.1:0
  # yescrypt as cheap as it goes: the tests are not about guessing passwords.
  flow_set lab password-cost 1
  echo "$password" >"$flow/password"
  "$LYCHGATE" --config "$site/lychgated.conf" user add alice@contoso.test \
    --password-file "$flow/password" >"$flow/user.out" 2>&1
}

# Replace the key in its section, or add it there, or add the section too.
flow_set() {
  local file=$site/lychgated.conf
  awk -v section="$1" -v key="$2" -v value="$3" '
    function put() { if (!done) print key " = " value; done = 1 }
    /^\[/ { if (inside) put(); inside = ($0 == "[" section "]") }
    inside && $0 ~ "^" key "[ \t]*=" { put(); next }
    { print }
    END { if (!inside && !done) print "[" section "]"; put() }
  ' "$file" >"$file.new" && cat "$file.new" >"$file" && rm "$file.new"
}

flow_port() { sed "s/.*\"$1\":\([0-9]*\).*/\1/" "$flow/ready.json"; }

flow_start() {
  local fifo=$flow/state line
  rm -f "$flow/ready.json"
  [ -p "$fifo" ] || mkfifo "$fifo"
  # The server holds the pipe's other end: its death ends the wait, too.
  "$LYCHGATED" --config "$site/lychgated.conf" --ready "$flow/ready.json" >"$fifo" \
    2>>"$flow/log" &
  flow_pid=$!
  exec {flow_state}<"$fifo"
  until [ -s "$flow/ready.json" ]; do
    read -r -t 0.05 -u "$flow_state" line
    [ $? -le 128 ] && ! kill -0 "$flow_pid" 2>/dev/null && return 1
  done
  exec {flow_state}<&-
  http=$(flow_port http) https=$(flow_port https) sip=$(flow_port sip) dns=$(flow_port dns)
}

flow_stop() {
  local status=0
  kill -TERM "$flow_pid"
  wait "$flow_pid" || status=$?
  flow_pid=
  return "$status"
}

flow_command() { # the sign-in as a command line, in $command
  command=("$LYCHGATE" signin alice@contoso.test --password-file "$flow/password" --cache "$flow/cache"
    --ca "$site/ca.pem" --dns "127.0.0.1:$dns" --connect-to ":80::$http" --connect-to ":443::$https"
    --timeout 10 --register-only "$@")
}

flow_signin() {
  left_with=0
  flow_command "$@"
  "${command[@]}" --jsonl >"$flow/steps.jsonl" 2>"$flow/signin.err" || left_with=$?
  tail -n 1 "$flow/steps.jsonl" >"$flow/result"
  finding=$(sed -n 's/.*"error":{"finding":"\([^"]*\)".*/\1/p' "$flow/result")
  kept=$(sed -n 's/.*"certificate_kept":\([a-z]*\).*/\1/p' "$flow/result")
}

# Did a step of that name end so?  flow_step ticket good
flow_step() {
  grep -q "\"step\":\"$1\".*\"outcome\":\"$2\"" "$flow/steps.jsonl"
}
