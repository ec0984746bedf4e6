#!/bin/sh
# lab.sh [--tap] COMMAND [ARG...]: run COMMAND as root in a lab of its own.
#
# The lab has its own network (only lo, every port free), its own processes and
# its own /run (a tmpfs, $LAB_DIR in it is for the caller). Names are asked of
# 127.0.0.1:53 and of nobody else: that is where the test puts its name server.
# LAB_KEEP=DIR copies $LAB_DIR to DIR at the end, to see why a test failed.
# All of it lives in namespaces that die with this script, so nothing needs to be
# cleaned up, however the run ends.
#
# Where no lab can be made: exit code 77 with the reason on stderr, or with --tap
# the reason as a skipped TAP plan on stdout and exit code 0, as Meson wants it.
set -eu

tap=
if [ "${1-}" = --tap ]; then
  tap=yes
  shift
fi

skip() {
  if [ -n "$tap" ]; then
    echo "1..0 # SKIP $1"
    exit 0
  fi
  echo "lab.sh: skipped: $1" >&2
  exit 77
}

inside() {
  ip link set lo up

  # What the host's services could answer (nscd, systemd-resolved, D-Bus) listens
  # in /run. Where resolv.conf points into /run it is put there again.
  resolv=$(readlink -m /etc/resolv.conf)
  mount -t tmpfs -o mode=755 lab /run
  LAB_DIR=/run/lab
  export LAB_DIR
  mkdir "$LAB_DIR"

  echo 'nameserver 127.0.0.1' >"$LAB_DIR/resolv.conf"
  echo '127.0.0.1 localhost' >"$LAB_DIR/hosts"
  printf '%s: files\n' passwd group shadow protocols services >"$LAB_DIR/nsswitch.conf"
  echo 'hosts: files dns' >>"$LAB_DIR/nsswitch.conf"

  case $resolv in
  /run/*) mkdir -p "${resolv%/*}" && : >"$resolv" ;;
  esac
  # Without the file the C library asks 127.0.0.1 anyway.
  [ ! -e "$resolv" ] || mount --bind "$LAB_DIR/resolv.conf" "$resolv"
  mount --bind "$LAB_DIR/hosts" /etc/hosts
  [ ! -e /etc/nsswitch.conf ] || mount --bind "$LAB_DIR/nsswitch.conf" /etc/nsswitch.conf

  unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY LAB_INSIDE
  # This shell stays process 1 of the lab: it reaps what loses its parent.
  status=0
  "$@" || status=$?
  [ -z "${LAB_KEEP-}" ] || cp -r "$LAB_DIR/." "$LAB_KEEP" || true
  exit "$status"
}

[ $# -gt 0 ] || {
  echo "usage: lab.sh [--tap] COMMAND [ARG...]" >&2
  exit 2
}
if [ "${LAB_INSIDE-}" = "$PPID" ] && [ $$ -eq 1 ]; then
  inside "$@"
fi

[ "$(id -u)" -eq 0 ] || skip 'a lab with ports 53, 80 and 443 needs root'
for program in unshare ip mount readlink; do
  command -v "$program" >/dev/null || skip "no $program here (Debian: iproute2, util-linux, mount)"
done
unshare --net --mount --pid --fork --mount-proc mount -t tmpfs lab /run 2>/dev/null ||
  skip 'this machine lets root make no namespaces (a container without CAP_SYS_ADMIN?)'

# The parent's number as seen from process 1 of a new pid namespace is 0.
LAB_INSIDE=0
export LAB_INSIDE
exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
