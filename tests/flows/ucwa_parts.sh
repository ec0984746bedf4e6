#!/bin/bash
# What UCWA's clients need besides (docs/ucwa.md, Forms): packed answers, XML, photos by cookie,
# pages of other origins, batches, PUT, the other family of paths. With curl and jq. Meson sets
# LYCHGATED and LYCHGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"
ucwa_dir=$flow
. "$here/../interop/ucwa.sh"
PATH=$PATH:/usr/bin
for program in curl jq gzip; do
  command -v "$program" >/dev/null || tap_skip_all "$program is not installed"
done
show_on_failure "$flow/answer.head" "$flow/answer.body" "$flow/curl.err" "$flow/events" "$flow/log"

# has NAME TEXT: a header line of the last answer
has() { tr -d '\r' <"$flow/answer.head" | grep -qi -- "^$1: *$2\$"; }
with() { # METHOD URL CURL-OPTION...: with the ticket
  ask answer "$1" "$2" -H "Authorization: Bearer $token" "${@:3}"
}

flow_site parts || tap_bail 'no site'
flow_set web origins 'https://app.test http://localhost:8080'
printf '\377\330\377\340\0\020JFIF' >"$flow/photo.jpg"
lychgate() { "$LYCHGATE" --config "$site/lychgated.conf" "$@" >>"$flow/user.out" 2>&1; }
lychgate user add bob@contoso.test --display-name 'Bob Builder' --password-file "$flow/password" || tap_bail 'no bob'
lychgate user photo alice@contoso.test "$flow/photo.jpg" || tap_bail 'no photo'
lychgate user card bob@contoso.test phone-work=+15550100 || tap_bail 'no card'
flow_start || tap_bail 'no server'
ucwa_web=https://webdir.contoso.test:$https ucwa_curl=(--connect-to '::127.0.0.1:')

# ---- discovery, as odd clients do it
ask root GET "https://lyncdiscover.contoso.test:$https/"
check "the root's self is an address of its own" test "$(field '._links.self.href[0:8]' root)" = https://
ask token POST "$ucwa_web/WebTicket/oauthtoken" -H "Content-Type: application/x-www-form-urlencoded;charset='UTF-8'" \
  -d grant_type=password -d username=alice@contoso.test -d "password=$password"
token=$(field .access_token token)
check 'a quoted charset is taken' test "$code:${token:0:4}" = 200:cwt=
ask answer GET "$ucwa_web/ucwa/v1/applications/1"
check 'who has no ticket hears which server said so' has X-MS-Server-Fqdn webdir.contoso.test

# ---- the other family
applications=$ucwa_web/ucwa/v1/applications
endpoint=$(printf 'e%.0s' {1..100})
as POST "$applications" '{"UserAgent":"parts","EndpointId":"'"$endpoint"'","Culture":"en-US"}'
check 'an application is made by the short path' answers 201
application=$(link ._links.self.href)
check 'its links are of that family' test "$(grep -c '/ucwa/oauth/' "$flow/answer.body"):${application%/*}" = 0:/ucwa/v1/applications
check 'its type stands alone' has Content-Type application/json
check 'meetings are a place only' test "$(jq -c '._embedded.onlineMeetings._links | keys' "$flow/answer.body")" = '["self"]'
batch=$(link ._links.batch.href)
communication=$(link ._embedded.communication._links.self.href)
contacts=$(link ._embedded.people._links.myContacts.href)
search=$(link ._embedded.people._links.search.href)
photos=$application/photos
cookie=$(tr -d '\r' <"$flow/answer.head" | sed -n 's/^Set-Cookie: \([^;]*\); Path=\([^;]*\);.*/\1 \2/Ip')
check 'a cookie comes for its photos' test "${cookie#* }:${cookie%%=*}" = "$photos:cwt_ucwa"
as POST "$application/reportMyActivity"
check 'activity before one is available is a conflict' answers 409
as POST "$(jq -r '._embedded.me._links.makeMeAvailable.href' <(curl -s --cacert "$site/ca.pem" "${ucwa_curl[@]}" -H "Authorization: Bearer $token" "$ucwa_web$application"))" '{}'
check 'she is available' answers 204
as POST "$application/reportMyActivity"
check 'activity may be told beside the application' answers 204
as POST "$applications" '{"userAgent":"parts","endpointId":"'"$endpoint"'","culture":"en-US"}'
check 'the same endpoint is the same, available application' test "$code:$(field ._links.self.href):$(field '._embedded.me._links.makeMeAvailable.href // "none"')" = "200:$application:none"

# ---- forms
with GET "$contacts" -H 'Accept-Encoding: gzip, deflate'
check 'who takes gzip gets it' has Content-Encoding gzip
check 'and it is the same' test "$(gzip -dc <"$flow/answer.body" | jq -r .rel)" = myContacts
with GET "$application/nothing" -H 'Accept-Encoding: gzip'
check 'an error too' test "$code:$(gzip -dc <"$flow/answer.body" | jq -r .subcode)" = 404:ResourceNotFound
with GET "$application/me" -H 'Accept: application/vnd.microsoft.com.ucwa+xml'
check 'who wants XML gets it' grep -q '<resource xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa" href="[^"]*/me" rel="me">' "$flow/answer.body"
with GET "$application/me"
etag=$(tr -d '\r' <"$flow/answer.head" | sed -n 's/^ETag: *//Ip')
with GET "$application/me" -H "If-None-Match: $etag"
check 'what has not changed is not said again' answers 304

# ---- photos
photo=$photos/alice@contoso.test
check 'her photo is linked' test "$(as GET "$application/me" && field ._links.photo.href)" = "$photo"
ask answer GET "$photo"
check 'without a ticket there is no photo' answers 401
ask answer GET "$photo?size=HR64X64" -H "Cookie: theme=dark; ${cookie%% *}"
check 'the cookie gets it' cmp -s "$flow/photo.jpg" "$flow/answer.body"
etag=$(tr -d '\r' <"$flow/answer.head" | sed -n 's/^ETag: *//Ip')
with GET "$photo" -H "If-None-Match: $etag"
check 'which is kept' answers 304
with GET "$photos/bob@contoso.test"
check 'bob has none' answers 404
with GET "$photos/nobody@contoso.test"
check 'nobody has none either' answers 404
ask answer GET "$application/me" -H "Cookie: ${cookie%% *}"
check 'the cookie is good for nothing else' answers 401

# ---- pages of other origins
with GET "$application/me" -H 'Origin: https://app.test'
check 'a page that is listed may read' has Access-Control-Allow-Origin https://app.test
with GET "$application/me" -H 'Origin: https://evil.test'
check 'another may not' answers 403
check 'and hears why' has X-Ms-diagnostics '28070;source="webdir.contoso.test";reason="Service does not allow a cross domain request from this origin."'
with GET "$application/me" -H 'X-Ms-Origin: https://evil.test'
check 'nor through the frame' answers 403
ask answer OPTIONS "$application/me" -H 'Origin: http://localhost:8080' -H 'Access-Control-Request-Method: PUT'
check 'a browser may ask before' answers 204
check 'without a ticket' has Access-Control-Allow-Methods 'GET, HEAD, POST, PUT, DELETE'
ask answer POST "$ucwa_web/WebTicket/oauthtoken" -H 'Origin: https://evil.test' -d grant_type=password
check 'no token for a page that is not listed' answers 403

# ---- batch
part() { printf -- '--b1\r\nContent-Type: application/http; msgtype=request\r\n\r\n%s\r\nHost: webdir.contoso.test\r\n%s\r\n' "$1" "${2-}"; }
{
  part "GET $application/me HTTP/1.1"
  part "POST $application/me/note HTTP/1.1" $'Content-Type: application/json\r\n\r\n{"message":"Tea"}'
  part "GET $search?query=Bob HTTP/1.1"
  printf -- '--b1--\r\n'
} >"$flow/batch"
with POST "$batch" -H 'Content-Type: multipart/batching;boundary=b1' --data-binary @"$flow/batch"
check 'three requests are answered in one' test "$code:$(tr -d '\r' <"$flow/answer.body" | sed -n 's,^HTTP/1.1 \([0-9]*\).*,\1,p' | tr '\n' ' ')" = '200:200 204 200 '
check 'with what they asked for' grep -q '"uri":"sip:bob@contoso.test"' "$flow/answer.body"
{
  for ((i = 0; i < 101; i++)); do part "DELETE $application HTTP/1.1"; done
  printf -- '--b1--\r\n'
} >"$flow/batch"
with POST "$batch" -H 'Content-Type: multipart/batching;boundary=b1' --data-binary @"$flow/batch"
check 'more than a hundred are not' answers 429
as GET "$application/me/note"
check 'and none of them is done' test "$code:$(field .message)" = 200:Tea

# ---- PUT
as GET "$communication"
jq '.supportedMessageFormats = ["Plain"]' "$flow/answer.body" >"$flow/put"
tag=$(field .etag)
with PUT "$communication" -H 'Content-Type: application/json' --data-binary @"$flow/put"
check 'a PUT must say of which state it is' answers 428
with PUT "$communication" -H 'Content-Type: application/json' -H 'If-Match: "0"' --data-binary @"$flow/put"
check 'of the present one' answers 412
with PUT "$communication" -H 'Content-Type: application/json' -H "If-Match: \"$tag\"" --data-binary @"$flow/put"
check 'then the whole may come back, links and all' answers 200
as GET "$communication"
check 'and is kept' test "$(jq -c .supportedMessageFormats "$flow/answer.body")" = '["Plain"]'
as DELETE "$application"
check 'she signs out' answers 204
check 'the server ends cleanly' flow_stop
tap_done
