#!/bin/bash
# Programs that nobody here wrote, against a running lychgated: curl, openssl
# s_client, xmllint, xmlsec1, named-checkzone and dig. Loopback only, ports chosen
# by the kernel; no root needed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tap.sh"
for program in curl openssl xmllint xmlsec1 named-checkzone dig jq; do
  command -v "$program" >/dev/null || PATH=$PATH:/usr/sbin command -v "$program" >/dev/null ||
    tap_skip_all "no $program here (scripts/packages.txt has its package)"
done
PATH=$PATH:/usr/sbin

LAB_DIR=$(mktemp -d)
export LAB_DIR
clean_up() {
  [ -z "${site_pid-}" ] || kill -TERM "$site_pid" 2>/dev/null
  wait
  rm -rf "$LAB_DIR"
}
trap clean_up EXIT
. "$here/site.sh"
work=$LAB_DIR
show_on_failure "$work/init.out" "$work/user.out" "$work/head" "$work/body" "$work/said" "$site_log"

web=webdir.contoso.test
password='Wonderland & <7>'
user=alice@contoso.test
xml_type='application/vnd.microsoft.rtc.autodiscover+xml'
ticket_service=/WebTicket/WebTicketService.svc
certificate_service=/CertProv/CertProvisioningService.svc

port() {
  jq -r ".$1" "$work/ready.json"
}
# holds FILTER FILE: of a JSON document
holds() {
  jq -e "$1" "$2" >/dev/null
}
# ask URL [CURL-OPTION...]: any name and port is our server; $work/head, $work/body
ask() {
  local url=$1 to
  shift
  to=$(port "${url%%:*}")
  : >"$work/head"
  : >"$work/body"
  curl --silent --show-error --noproxy '*' --max-time 30 --cacert "$site/ca.pem" \
    --connect-to "::127.0.0.1:$to" --dump-header "$work/head" --output "$work/body" "$@" "$url" 2>"$work/said"
}
status() {
  head -n 1 "$work/head" | grep -qE "^HTTP/1.1 $1( |$)"
}
# header NAME PATTERN (of the value)
header() {
  tr -d '\r' <"$work/head" | grep -qiE "^$1: *$2\$"
}
# answers STATUS URL [CURL-OPTION...]
answers() {
  local expected=$1
  shift
  ask "$@" && status "$expected"
}
# xpath EXPRESSION: true of $work/body, which is XML in good form
xpath() {
  xmllint --nonet --noout "$work/body" 2>"$work/said" &&
    [ "$(xmllint --nonet --xpath "$1" "$work/body" 2>>"$work/said")" = true ]
}
element() {
  printf "boolean(//*[local-name()='%s'])" "$1"
}

# ---- the zone and the name server ------------------------------------------------

check 'lychgate init makes a site' site_init --http-port 0 --https-port 0 --sip-port 0
site_set listen dns 127.0.0.1:0
zone_is_fine() {
  "$LYCHGATE" --config "$site/lychgated.conf" dns zone >"$work/zone" &&
    named-checkzone -k fail -n fail -S fail contoso.test "$work/zone" >"$work/said" 2>&1
}
check 'named-checkzone takes the zone' zone_is_fine
check 'alice gets an account' site_user "$user" "$password"
site_start --ready "$work/ready.json" || tap_bail 'lychgated does not get ready'
check 'the ready file tells four ports' \
  holds '[.http, .https, .sip, .dns] | all(. > 0)' "$work/ready.json"

dns() {
  dig @127.0.0.1 -p "$(port dns)" +norecurse +time=5 +tries=2 +noall +comments +answer "$@" >"$work/said" 2>&1
}
says() {
  grep -qE -- "$1" "$work/said"
}
check 'dig: lyncdiscover' dns lyncdiscover.contoso.test A
check '... is a CNAME, with the address along' says '^webdir\.contoso\.test\..*127\.0\.0\.1'
check '... and authoritative' says 'flags: qr aa'
check 'dig over TCP: the SRV record' dns +tcp _sipinternaltls._tcp.contoso.test SRV
check '... names the pool' says 'SRV.* sip\.contoso\.test\.$'
check 'dig: a name that is not there' dns nothing.contoso.test A
check '... is NXDOMAIN' says 'status: NXDOMAIN'
check 'dig: a name of others' dns www.example.com A
check '... is REFUSED' says 'status: REFUSED'

# ---- autodiscover ------------------------------------------------------------------

for spelling in 'alice@contoso.test' 'sip:alice@contoso.test' 'sip%3Aalice%40contoso.test'; do
  check "autodiscover over https, sipuri=$spelling" \
    answers 200 "https://lyncdiscover.contoso.test/?sipuri=$spelling" -H "Accept: $xml_type;v=1"
  check '... in the type that SIPE compares' header Content-Type "${xml_type/+/[+]}.*"
  check '... is a Root with a User link' \
    xpath "boolean(/AutodiscoverResponse/Root/Link[@token='User'][starts-with(@href, 'https://')])"
done
user_url=$(xmllint --xpath "string(//Link[@token='User']/@href)" "$work/body" 2>/dev/null)
check 'autodiscover in JSON' answers 200 "https://lyncdiscover.contoso.test/?sipuri=$user"
check '... is JSON' header Content-Type 'application/json.*'
check '... with links' holds '._links | length > 0' "$work/body"
check 'autodiscover over http' \
  answers 200 "http://lyncdiscover.contoso.test/?sipuri=$user" -H "Accept: $xml_type;v=1"
check '... is a Redirect to https and nothing else' \
  xpath "count(//Link) = 1 and starts-with(//Link[@token='Redirect']/@href, 'https://')"
check 'autodiscover on the inside name' \
  answers 200 "https://lyncdiscoverinternal.contoso.test/?sipuri=$user" -H "Accept: $xml_type;v=1"
check '... says Internal' xpath "/AutodiscoverResponse/@AccessLocation = 'Internal'"
check 'the user resource without a ticket is refused' answers 401 "$user_url" -H "Accept: $xml_type;v=1"
check '... tells where tickets are' header X-MS-WebTicketURL "https://.*$ticket_service"
check '... and which kinds' header X-MS-WebTicketSupported '.*saml.*'
check '... and offers nothing that SIPE would try instead' \
  sh -c '! grep -iqE "^WWW-Authenticate: *(Basic|NTLM|Negotiate)" "$1"' sh "$work/head"
check 'a forged ticket is refused' answers '40[13]' "$user_url" -H 'X-MS-WebTicket: opaque=PHg+PC94Pg=='

# ---- HTTP ---------------------------------------------------------------------------

check 'http for everything else' answers 301 "http://$web$ticket_service/mex"
check '... goes to https' header Location "https://$web.*$ticket_service/mex"
check 'a method that is not served' answers 405 "https://$web$ticket_service/mex" -X DELETE
check '... names those that are' header Allow '.*GET.*'
check 'a path that is not there' answers 404 "https://$web/nothing"
check 'HEAD has no body' answers 200 "https://lyncdiscover.contoso.test/?sipuri=$user" --head
check 'a body beyond the limit' answers 413 "https://$web$ticket_service" \
  --data-binary "@$(head -c 1000000 /dev/zero >"$work/big" && echo "$work/big")"
check 'two requests share a connection' sh -c \
  'curl -sv --noproxy "*" --cacert "$1" --connect-to "::127.0.0.1:$2" "$3" "$3" 2>&1 >/dev/null |
   grep -q "Re-using existing connection"' \
  sh "$site/ca.pem" "$(port https)" "https://$web$ticket_service/mex"
check 'nothing is served in the name of a stranger' sh -c \
  '! curl -s --noproxy "*" --cacert "$1" --connect-to "::127.0.0.1:$2" "https://www.example.com/"' \
  sh "$site/ca.pem" "$(port https)"

# ---- metadata -----------------------------------------------------------------------

mex_post() {
  cat <<XML
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
<s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action>
<a:MessageID>urn:uuid:6c2ff9f2-6a0c-4b4e-9d2e-0d3f1f3f8f11</a:MessageID>
<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>
<a:To s:mustUnderstand="1">$1</a:To></s:Header><s:Body/></s:Envelope>
XML
}
for service in "$ticket_service" "$certificate_service"; do
  check "GET $service/mex" answers 200 "https://$web$service/mex"
  check '... is a WSDL with ports at https' \
    xpath "local-name(/*) = 'definitions' and
           boolean(//*[local-name()='port']/*[local-name()='address'][starts-with(@location, 'https://')])"
  mex_post "https://$web$service/mex" >"$work/mex"
  check "POST $service/mex" answers 200 "https://$web$service/mex" \
    -H 'Content-Type: application/soap+xml; charset=utf-8' --data-binary "@$work/mex"
  check '... is an envelope with Metadata in it' \
    xpath "local-name(/*) = 'Envelope' and $(element Metadata) and $(element definitions)"
done

# ---- a web ticket by Basic ------------------------------------------------------------

# rst ADDRESS APPLIES-TO
rst() {
  cat <<XML
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:auth="http://schemas.xmlsoap.org/ws/2006/12/authorization" xmlns:wsa="http://www.w3.org/2005/08/addressing"
 xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"
 xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><soap:Body>
<wst:RequestSecurityToken Context="6c2ff9f2-6a0c-4b4e-9d2e-0d3f1f3f8f11">
<wst:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</wst:TokenType>
<wst:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</wst:RequestType>
<wsp:AppliesTo><wsa:EndpointReference><wsa:Address>$2</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>
<wst:Claims Dialect="urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims">
<auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri" Optional="false">
<auth:Value>sip:$1</auth:Value></auth:ClaimType></wst:Claims>
<wst:Entropy><wst:BinarySecret>$(head -c 32 /dev/urandom | base64)</wst:BinarySecret></wst:Entropy>
<wst:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey</wst:KeyType>
</wst:RequestSecurityToken></soap:Body></soap:Envelope>
XML
}
# ticket STATUS APPLIES-TO [CURL-OPTION...]
ticket() {
  local expected=$1 applies_to=$2
  shift 2
  rst "$user" "$applies_to" >"$work/rst"
  answers "$expected" "https://$web$ticket_service" -H 'Content-Type: text/xml; charset=utf-8' \
    -H 'SOAPAction: "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"' \
    --data-binary "@$work/rst" "$@"
}
check 'no ticket without credentials' ticket 401 "$user_url"
check '... Basic is offered' header WWW-Authenticate 'Basic realm=".*"'
check 'no ticket for a wrong password' ticket 401 "$user_url" --user "$user:wrong"
check 'no ticket for an unknown user' ticket 401 "$user_url" --user "nobody@contoso.test:$password"
check 'a ticket by Basic' ticket 200 "$user_url" --user "$user:$password"
check '... is a SAML assertion with proof key and lifetime' \
  xpath "$(element Assertion) and $(element BinarySecret) and $(element Expires)"
# The assertion as it stands: its bytes are signed.
tr -d '\n' <"$work/body" | sed -n 's/.*\(<\([a-zA-Z0-9]*:\)\{0,1\}Assertion[ >].*<\/\2Assertion>\).*/\1/p' >"$work/assertion"
verified() {
  xmlsec1 --verify --pubkey-cert-pem "$site/vault/token.pem" \
    --id-attr:AssertionID urn:oasis:names:tc:SAML:1.0:assertion:Assertion "$1" >"$work/said" 2>&1
}
check 'xmlsec1 verifies the ticket' verified "$work/assertion"
sed 's/alice@/alicf@/' "$work/assertion" >"$work/forged"
check '... and not a forged one' sh -c '! cmp -s "$1" "$2"' sh "$work/assertion" "$work/forged"
check '... xmlsec1 refuses that' eval '! verified "$work/forged"'

opaque=$(base64 -w 0 "$work/assertion")
check 'the ticket opens the user resource' \
  answers 200 "$user_url" -H "Accept: $xml_type;v=1" -H "X-MS-WebTicket: opaque=$opaque"
check '... which names the pools inside and outside' \
  xpath "boolean(/AutodiscoverResponse/User/SipClientExternalAccess[@fqdn='sipfed.contoso.test'][@port > 0]) and
         boolean(//SipClientInternalAccess[@fqdn='sip.contoso.test'])"
check 'the forged one does not' \
  answers '40[13]' "$user_url" -H "X-MS-WebTicket: opaque=$(base64 -w 0 "$work/forged")"

# ---- a compact ticket, as UCWA's clients get one ----------------------------------------------

oauth() {
  local expected=$1 grant=$2
  shift 2
  answers "$expected" "https://$web/WebTicket/oauthtoken" --data-urlencode "grant_type=$grant" "$@"
}
oauth_path=/Autodiscover/AutodiscoverService.svc/root/oauth/user
oauth_user=https://$web$oauth_path
check 'autodiscover in JSON leads to the user resource of UCWA' \
  answers 200 "https://lyncdiscover.contoso.test/?sipuri=$user"
check '... which is the link user' holds "._links.user.href | test(\"^https://$web(:[0-9]+)?$oauth_path\$\")" "$work/body"
check '... and to no frame, as no origin is allowed' holds '._links | has("xframe") | not' "$work/body"
check 'without a token it is refused' answers 401 "$oauth_user"
check '... and says where tokens are' header WWW-Authenticate \
  "MsRtcOAuth href=\"https://$web(:[0-9]+)?/WebTicket/oauthtoken\",grant_type=\"password\""
check 'no token for a wrong password' oauth 400 password --data-urlencode "username=$user" --data-urlencode password=no
check '... in the words of OAuth' holds '.error == "invalid_grant"' "$work/body"
check 'no token by another grant' oauth 400 urn:microsoft.rtc:windows
check '... in the words of OAuth' holds '.error == "unsupported_grant_type"' "$work/body"
check 'a token for the password' oauth 200 password --data-urlencode "username=$user" \
  --data-urlencode "password=$password"
check '... is a bearer with its time' \
  holds '(.access_token | startswith("cwt=")) and .token_type == "Bearer" and .expires_in == 28800' "$work/body"
token=$(jq -r .access_token "$work/body")
check 'the token opens the user resource' answers 200 "$oauth_user" -H "Authorization: Bearer $token"
check '... which says where it is itself' holds "._links.self.href | test(\"^https://$web(:[0-9]+)?$oauth_path\$\")" "$work/body"
check 'a token with a letter changed does not' answers 401 "$oauth_user" \
  -H "Authorization: Bearer $(printf %s "$token" | sed 's/.$/-/;s/cwt=TEdj/cwt=TEdk/')"

# ---- the address book -----------------------------------------------------------------------

query_service=/groupexpansion/service.svc
location_service=/locationinformation/liservice.svc
# soap STATUS PATH BODY [CURL-OPTION...]
soap() {
  local expected=$1 path=$2 body=$3
  shift 3
  answers "$expected" "https://$web$path" -H 'Content-Type: text/xml; charset=utf-8' \
    --data-binary "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>$body</s:Body></s:Envelope>" "$@"
}
search='<SearchAbEntry xmlns="DistributionListExpander"><AbEntryRequest><BasicSearch>
<SearchList>displayName,givenName,mail,sn,msRTCSIP-PrimaryUserAddress</SearchList><Value>ali</Value><Verb>BeginsWith</Verb>
</BasicSearch><Metadata><FromDialPad>false</FromDialPad><MaxResultNum>20</MaxResultNum>
<ReturnList>displayName,msRTCSIP-PrimaryUserAddress</ReturnList></Metadata></AbEntryRequest></SearchAbEntry>'
well_formed() {
  xmllint --noout "$work/body"
}
in_the_book() { tr -d '\r' <"$work/body" | grep -qxF -- "$1"; }
# Debian's python3-vobject; its own interpreter, not one that stands before it in PATH.
reads_vcards() {
  /usr/bin/python3 - "$work/body" <<'END'
import sys, vobject
cards = list(vobject.readComponents(open(sys.argv[1], newline="", encoding="utf-8").read()))
assert cards and all(c.fn.value and c.n.value and c.impp.value.startswith("sip:") for c in cards), cards
END
}
check 'no search without a ticket' soap 500 "$query_service" "$search"
check '... says a well-formed fault' well_formed
check 'nor with the forged one' soap '[45]0[0-9]' "$query_service" "$search" \
  -H "X-MS-WebTicket: opaque=$(base64 -w 0 "$work/forged")"
check 'with a ticket the address book is searched' \
  soap 200 "$query_service" "$search" -H "X-MS-WebTicket: opaque=$opaque"
check '... by a well-formed document' well_formed
check '... and Alice is found' \
  xpath "boolean(//*[local-name()='Attribute'][*[local-name()='Name'][.='msRTCSIP-PrimaryUserAddress']]/*[local-name()='Value'][.='sip:$user'])"
check 'where she is, nobody has said' soap 200 "$location_service" \
  "<GetLocationsRequest xmlns=\"urn:schema:Microsoft.Rtc.WebComponent.Lis.2010\"><Entity>sip:$user</Entity><SubnetID>192.0.2.0</SubnetID></GetLocationsRequest>" \
  -H "X-MS-WebTicket: opaque=$opaque"
check '... in good form' xpath "boolean(//*[local-name()='ReturnCode'][.='404'])"
check 'a group that is not there' soap 404 "$query_service" \
  '<QueryDLMembers xmlns="DistributionListExpander"><a>no@contoso.test</a></QueryDLMembers>' -H "X-MS-WebTicket: opaque=$opaque"
check '... is a well-formed fault' well_formed
for service in "$query_service" "$location_service"; do
  check "GET $service/mex" answers 200 "https://$web$service/mex"
  check '... is well-formed' well_formed
done
book=https://$web/abs/handler/addressbook.vcf
check 'the address book as a file needs a ticket' answers 401 "$book"
check '... and is there with one' answers 200 "$book" -H "X-MS-WebTicket: opaque=$opaque"
check '... with everybody in it' in_the_book "IMPP:sip:$user"
if [ -e /usr/lib/python3/dist-packages/vobject ]; then
  check '... in vCards that another reads' reads_vcards
else
  tap_skip '... in vCards that another reads' 'python3-vobject is not installed'
fi
check "Microsoft's own address book files need a ticket" answers 401 "https://$web/abs/handler/F-0A10.lsabs"
check '... and are not served' answers 404 "https://$web/abs/handler/F-0A10.lsabs" -H "X-MS-WebTicket: opaque=$opaque"

# ---- bad XML ----------------------------------------------------------------------------

post() {
  answers "$1" "https://$web$ticket_service/Auth" -H 'Content-Type: text/xml' --data-binary "$2"
}
check 'a DTD is refused' post '[45]0[0-9]' '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
check 'half a document is refused' post '[45]0[0-9]' '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
check '... by a document in good form, if by any' eval '[ ! -s "$work/body" ] || ! grep -q "^<" "$work/body" || xmllint --noout "$work/body"'

# ---- TLS and SIP ------------------------------------------------------------------------

# tls PORT [OPTION...]: a handshake and no more
tls() {
  local to=$1
  shift
  openssl s_client -connect "127.0.0.1:$(port "$to")" -servername sip.contoso.test -CAfile "$site/ca.pem" \
    -verify_hostname sip.contoso.test -verify_return_error "$@" </dev/null >"$work/said" 2>&1
}
for to in https sip; do
  check "TLS 1.3 on the $to port" tls "$to" -tls1_3
  check 'TLS 1.2 with the RSA certificate' tls "$to" -tls1_2 -cipher aRSA
  check '... is RSA' says 'Peer signature type: RSA'
  check 'TLS 1.2 with the ECDSA certificate' tls "$to" -tls1_2 -cipher aECDSA
  check '... is ECDSA' says 'Peer signature type: ECDSA'
  check 'TLS 1.1 is refused' eval '! tls "$to" -tls1_1 -cipher ALL:@SECLEVEL=0'
  check '... by the server' says 'alert protocol version'
  check 'TLS 1.0 is refused' eval '! tls "$to" -tls1 -cipher ALL:@SECLEVEL=0'
done

register() {
  printf '%s\r\n' 'REGISTER sip:contoso.test SIP/2.0' \
    'Via: SIP/2.0/TLS 127.0.0.1:50001' "From: <sip:$user>;tag=8f4a7d;epid=0123456789ab" \
    "To: <sip:$user>" 'Call-ID: judges-1' 'CSeq: 1 REGISTER' 'Max-Forwards: 70' \
    'Contact: <sip:127.0.0.1:50001;transport=tls>;+sip.instance="<urn:uuid:2b6c1a52-6b1f-5d5a-9b3a-3c2d1e0f4a5b>"' \
    'Supported: gruu-10, adhoclist, msrtc-event-categories' 'Event: registration' 'Expires: 600' \
    'User-Agent: judges/1.0' 'Content-Length: 0' ''
}
# sip PORT: REGISTER goes in, the answer comes out up to its empty line
sip() {
  local line
  : >"$work/said"
  coproc peer { openssl s_client -quiet -connect "127.0.0.1:$(port "$1")" -servername sip.contoso.test \
    -CAfile "$site/ca.pem" 2>/dev/null; }
  local pid=$peer_PID
  register >&"${peer[1]}"
  while read -r -t 30 -u "${peer[0]}" line && [ "$line" != $'\r' ]; do
    printf '%s\n' "${line%$'\r'}" >>"$work/said"
  done
  kill "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  says '^SIP/2\.0 401 '
}
for to in sip https; do
  check "REGISTER on the $to port is challenged" sip "$to"
  check '... with TLS-DSK, version 4, and the certificate service' \
    says "^WWW-Authenticate: TLS-DSK .*realm=\"SIP Communications Service\".*sts-uri=\"https://$web.*$certificate_service\""
  check '... in version 4' says '^WWW-Authenticate: TLS-DSK .*version=4'
  check '... for the same call' says '^Call-ID: judges-1$'
  check '... with the time, for clients whose clock is off' says '^Date: .*GMT$'
done

site_pid_now=$site_pid
check 'the server is still the same one' kill -0 "$site_pid_now"
check 'and ends cleanly' site_stop
site_pid=
check 'the password is in neither log nor trace' \
  sh -c '! grep -qF "Wonderland" "$@"' sh "$site_log" "$site_trace"
tap_done
