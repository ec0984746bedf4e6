# shellcheck shell=bash
# A UCWA client of curl and jq, for scripts: source it after tap.sh. It knows no path but the
# root's: everything else is links.
#
#   ucwa_dir              where what came is kept: NAME.head, NAME.body, events, curl.err
#   ucwa_web              what stands before a link without host: https://webdir.contoso.test
#   ucwa_curl             options that every curl gets
#   ucwa_token USER PASSWORD ROOT   from the root's URL to $token; $applications
#   ucwa_application      makes one; $application, $events and the answer's body

ucwa_dir=${ucwa_dir:?} ucwa_web=${ucwa_web-} token= applications= application= events=
ucwa_curl=()

# ask NAME METHOD URL CURL-OPTION...: status in $code; head and body in $ucwa_dir/NAME.head, .body
ask() {
  local name=$1 method=$2 url=$3
  shift 3
  [[ $url == /* ]] && url=$ucwa_web$url
  code=$(curl -sS --max-time 400 --cacert "$site/ca.pem" "${ucwa_curl[@]}" -X "$method" \
    -D "$ucwa_dir/$name.head" -o "$ucwa_dir/$name.body" -w '%{http_code}' "$@" "$url" 2>"$ucwa_dir/curl.err")
}
# as METHOD URL BODY: alice asks; empty body: none
as() {
  local data=(-H 'Content-Length: 0')
  [ -z "${3-}" ] || data=(-H "Content-Type: ${4-application/json}" --data-binary "$3")
  [ "$1" != GET ] || data=()
  ask answer "$1" "$2" -H "Authorization: Bearer $token" "${data[@]}"
}
answers() { [ "$code" = "$1" ] || { echo "# status $code"; head -c 300 "$ucwa_dir/answer.body" | sed 's/^/# /'; return 1; }; }
field() { jq -r "$1" "$ucwa_dir/${2-answer}.body"; }
link() { field "$1" "${2-answer}"; }
# next_events: the next answer of the channel, in $ucwa_dir/answer.body; its events one a line in $ucwa_dir/events
next_events() {
  as GET "$events"
  answers 200 || return 1
  events=$(field '._links.next.href // ._links.resync.href // ._links.resume.href')
  jq -c '.sender[]?.events[]?' "$ucwa_dir/answer.body" >>"$ucwa_dir/events"
}
# hears JQ-CONDITION: such an event comes, or has come since `listen`
listen() { : >"$ucwa_dir/events"; }
hears() {
  local tries
  for ((tries = 0; tries < 12; tries++)); do
    jq -se "any(.[]; $1)" "$ucwa_dir/events" >/dev/null && return 0
    next_events || return 1
  done
  return 1
}
event() { jq -rs "[.[] | select($1)][0] | $2" "$ucwa_dir/events"; }

ucwa_token() {
  local oauth user
  ask root GET "$3"
  user=$(field ._links.user.href root)
  ask user GET "$user"
  oauth=$(sed -n 's/.*MsRtcOAuth href="\([^"]*\)".*/\1/p' "$ucwa_dir/user.head")
  ask token POST "$oauth" -d grant_type=password -d "username=$1" -d "password=$2"
  token=$(field .access_token token)
  as GET "$user"
  applications=$(link ._links.applications.href)
  [ "${token:0:4}:${applications##*/}" = cwt=:applications ]
}

ucwa_application() {
  as POST "$applications" '{"UserAgent":"flow","EndpointId":"'"$1"'","Culture":"en-US"}'
  application=$(link ._links.self.href)
  events=$(link ._links.events.href)
  answers 201
}
