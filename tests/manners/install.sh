#!/bin/bash
# `meson install` puts files where Debian wants them, and the systemd unit is
# sound. Meson sets BUILD and PREFIX.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
: "${BUILD:?}" "${PREFIX:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
show_on_failure "$work/log"

install_it() {
  meson install -C "$BUILD" --no-rebuild --destdir "$work/root" >"$work/log" 2>&1
}
# has MODE PATH-UNDER-PREFIX (a pattern)
has() {
  local found
  found=$(find "$work/root$PREFIX" -path "$work/root$PREFIX/$2" -type f -perm "$1")
  [ -n "$found" ] || find "$work/root" -type f | sed "s|^$work/root|# |"
  [ -n "$found" ]
}

check 'meson install --destdir' install_it
check 'lychgate is a program' has -755 bin/lychgate
for page in man1/lychgate.1 man1/lychgate-bench.1 man5/lychgated.conf.5 man7/lychgate-findings.7 man8/lychgated.8; do
  check "$page" has -644 "share/man/$page"
done
check 'completion for bash' has -644 share/bash-completion/completions/lychgate
check 'completion for zsh' has -644 share/zsh/site-functions/_lychgate
check 'completion for fish' has -644 share/fish/vendor_completions.d/lychgate.fish
check 'the user of the server' has -644 lib/sysusers.d/lychgate.conf
check "Pidgin's cure" has -644 'lib*lychgate/liblychgate-sipe-xmlfix.so'
check 'the licence' has -644 share/doc/lychgate/LICENSE
if [ -n "${LYCHGATED-}" ]; then
  check 'lychgated is a program' has -755 sbin/lychgated
  check 'the unit' has -644 lib/systemd/system/lychgated.service
  check 'an example for nginx' has -644 share/doc/lychgate/examples/nginx/lychgate.conf
  check 'an example for HAProxy' has -644 share/doc/lychgate/examples/haproxy/lychgate.cfg
fi
check 'no file outside the prefix' test -z "$(find "$work/root" -type f ! -path "$work/root$PREFIX/*")"
check 'no path of the build in what is installed as text' \
  sh -c '! grep -rIl "$1" "$2"' sh "$work" "$work/root$PREFIX"

unit=$work/root$PREFIX/lib/systemd/system/lychgated.service
if [ -e "$unit" ] && command -v systemd-analyze >/dev/null; then
  # The unit names the installed program; verify looks whether it is there.
  verify() {
    sed "s|=$PREFIX/sbin|=$work/root$PREFIX/sbin|" "$unit" >"$work/lychgated.service"
    systemd-analyze verify --man=no --recursive-errors=no "$work/lychgated.service" >"$work/log" 2>&1 &&
      [ ! -s "$work/log" ]
  }
  check 'systemd-analyze verify finds nothing' verify
  check 'systemd-analyze security: exposure of 4.0 at most' \
    sh -c 'systemd-analyze security --offline=true --threshold=40 --no-pager "$1" >"$2" 2>&1' sh \
    "$work/lychgated.service" "$work/log"
else
  echo '# SKIP the unit: no systemd-analyze here (Debian: systemd), or no unit in this build'
fi
tap_done
