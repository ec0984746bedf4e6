# shellcheck shell=bash
# Several sipe_clients at once, each with a name of our choice. Source it after
# site.sh. Meson sets SIPE_CLIENT.
#
#   client_start NAME ADDRESS PASSWORD   on a host of that name: SIPE makes its endpoint
#                                        id of it, so each client is another endpoint
#   client_await NAME PATTERN...  until a line has all of these (in $client_line); a bare
#                                 word is the event's name
#   client_tell NAME COMMAND
#   client_wait NAME           until its end; returns its exit code

: "${SIPE_CLIENT:?}"
declare -A client_pid client_in client_out
client_line=

client_start() {
  local name=$1 base=$LAB_DIR/$1 in out
  printf '%s\n' "$3" >"$base.password"
  mkfifo "$base.in" "$base.out"
  TMPDIR=$LAB_DIR unshare --uts sh -c 'hostname "$0" && exec "$@"' "$name" "$SIPE_CLIENT" --ca-dir "$LAB_DIR/trust" --password-file "$base.password" \
    --debug "$base.debug" --timeout 240 "$2" <"$base.in" >"$base.out" 2>"$base.err" &
  client_pid[$name]=$!
  exec {in}>"$base.in" {out}<"$base.out"
  client_in[$name]=$in
  client_out[$name]=$out
  show_on_failure "$base.jsonl" "$base.err"
}

client_await() {
  local name=$1 pattern found
  shift
  while read -r -t 60 -u "${client_out[$name]}" client_line; do
    printf '%s\n' "$client_line" >>"$LAB_DIR/$name.jsonl"
    found=yes
    for pattern; do
      case $pattern in *[!a-z-]*) ;; *) pattern="\"event\":\"$pattern\"" ;; esac
      case $client_line in *"$pattern"*) ;; *) found= ;; esac
    done
    [ -z "$found" ] || return 0
  done
  return 1
}

client_tell() {
  local in=${client_in[$1]}
  printf '%s\n' "$2" >&"$in"
}

client_wait() {
  local in=${client_in[$1]} out=${client_out[$1]} status=0
  cat <&"$out" >>"$LAB_DIR/$1.jsonl"
  wait "${client_pid[$1]}" || status=$?
  exec {in}>&- {out}<&-
  rm -f "$LAB_DIR/$1.in" "$LAB_DIR/$1.out"
  return "$status"
}
