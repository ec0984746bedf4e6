#!/bin/sh
# install-deps.sh [--build-only]: install the Debian packages that are missing, of
# those in packages.txt; quiet when none is. --build-only leaves the tests' out.
set -e

list=$(dirname "$0")/packages.txt
sections='build test'
case ${1-} in
'') ;;
--build-only) sections=build ;;
*)
  echo "usage: install-deps.sh [--build-only]" >&2
  exit 2
  ;;
esac

wanted=$(awk -v sections=" $sections " '
  { sub(/[ \t]*#.*/, "") }
  /^\[/ { section = substr($0, 2, length($0) - 2); next }
  NF && index(sections, " " section " ") { print $1 }
' "$list")

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps.sh: this is no Debian system, so nothing was installed. Lychgate needs what"
  echo "Debian 12 calls:" $wanted
  exit 0
fi

missing=
for package in $wanted; do
  state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | sort -u | head -n 1) || true
  [ "$state" = installed ] || missing="$missing $package"
done

# Two judges are npm packages, pinned by tests/interop/NAME/package-lock.json. They need
# Node.js 20 (Debian 12 has 18); without it their tests say so and are skipped.
npm_judge() { # NAME
  from=$(dirname "$0")/../tests/interop/$1
  to=$(dirname "$0")/../build-judges/$1
  command -v npm >/dev/null && command -v node >/dev/null || return 0
  [ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || return 0
  [ -d "$to/node_modules" ] && cmp -s "$from/package-lock.json" "$to/package-lock.json" && return 0
  echo "install-deps.sh: installing the $1 judge (npm)"
  mkdir -p "$to"
  # The lock file comes last: where it is, the installation is whole.
  rm -rf "$to/package-lock.json" "$to/new"
  mkdir "$to/new" && cp "$from/package.json" "$from/package-lock.json" "$to/new/" &&
    (cd "$to/new" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error >/dev/null) &&
    rm -rf "$to/node_modules" && mv "$to/new/node_modules" "$to/" &&
    cp "$from/package-lock.json" "$to/" && rm -rf "$to/new" ||
    echo "install-deps.sh: npm could not install it; the $1 test will be skipped." >&2
}
if [ "$sections" != build ]; then
  npm_judge push
  npm_judge web
fi

[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install-deps.sh: missing packages, and neither root nor sudo to install them. As root:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

# nginx and haproxy are here to be run by the tests: installing them must not open
# a web server on port 80 of this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$as_root rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi

echo "install-deps.sh: installing$missing"
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}
apt update
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $missing >/dev/null || {
  echo "install-deps.sh: apt-get could not install the packages (see above)." >&2
  exit 1
}
