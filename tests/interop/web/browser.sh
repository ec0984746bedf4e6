# shellcheck shell=bash
# Debian's Chromium at the page of the site, driven by Playwright (browser.js): source it inside
# the lab, after site.sh. The site's CA is in Chromium's own store; no certificate error is passed
# over.
#
#   browser_missing       why there can be none, on stdout; fails when there can
#   browser_start, browser_stop
#   browser COMMAND FIELD...   see browser.js
#   sign_in ADDRESS PASSWORD   at the page's door

browser_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
judges=$browser_here/../../../build-judges/web
export HOME=$LAB_DIR/home XDG_CONFIG_HOME=$LAB_DIR/home/config XDG_CACHE_HOME=$LAB_DIR/home/cache

browser_missing() {
  local program
  for program in chromium node certutil openssl; do
    command -v "$program" >/dev/null || { echo "no $program here"; return 0; }
  done
  [ ! -d "$judges/node_modules/playwright-core" ] || return 1
  echo 'playwright-core is not installed (scripts/install-deps.sh does, with Node.js 20 and npm)'
}

browser_start() {
  local store=$HOME/.pki/nssdb answer in out
  mkdir -p "$store" && certutil -d "sql:$store" -N --empty-password &&
    certutil -d "sql:$store" -A -n lab -t C,, -i "$site/ca.pem" || return
  mkfifo "$LAB_DIR/browser.in" "$LAB_DIR/browser.out"
  NODE_PATH=$judges/node_modules node "$browser_here/browser.js" "$(command -v chromium)" "$LAB_DIR/profile" \
    <"$LAB_DIR/browser.in" >"$LAB_DIR/browser.out" 2>"$LAB_DIR/browser.err" &
  browser_pid=$!
  exec {in}>"$LAB_DIR/browser.in" {out}<"$LAB_DIR/browser.out"
  browser_in=$in browser_out=$out
  read -r -t 60 -u "$browser_out" answer && [ "$answer" = ok ]
}

# browser COMMAND FIELD...: see browser.js
browser() {
  local answer IFS=$'\t'
  printf '%s\n' "$*" >&"$browser_in"
  read -r -t 90 -u "$browser_out" answer || answer='no answer'
  [ "$answer" = ok ] || {
    printf '%s: %s\n' "$*" "$answer" >>"$LAB_DIR/browser.log"
    return 1
  }
}

# Pictures for who wants to look: LAB_KEEP=DIR keeps them.
shot() {
  browser shot "$LAB_DIR/$1.png"
}

browser_stop() {
  printf 'quit\n' >&"$browser_in"
  wait "$browser_pid"
}

# counts NUMBER: of unread messages in some conversation
counts() {
  browser sees .badge "^$1"
}

# sees SELECTOR REGEX
sees() {
  browser sees "$@"
}

sign_in() { # ADDRESS PASSWORD
  browser fill Address "$1" && browser fill Password "$2" && browser click button 'Sign in'
}
