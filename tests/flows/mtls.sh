#!/bin/bash
# The doors for mobility services, 5086 and 5087: who gets in by which certificate, and what may
# be said there. openssl s_client and sipp are the foreign TLS and SIP; Debian's sipp speaks no
# TLS of its own, so socat does it for it. Meson sets LYCHGATED and LYCHGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"
command -v openssl >/dev/null || tap_skip_all 'no openssl here (Debian: openssl)'

patiently() { # COMMAND...: it succeeds in time
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    "$@" && return 0
    sleep 0.1
  done
  return 1
}
logged() { grep -q -- "$1" "$flow/log"; }
traced() { "$LYCHGATE" trace "$site/trace.jsonl" --width 200 | grep -q -- "$1"; }
lychgate() { "$LYCHGATE" --config "$site/lychgated.conf" "$@" >"$flow/said" 2>&1; }
as_bob() {
  "$LYCHGATE" "$@" --as bob@contoso.test --password-file "$flow/password" --cache "$flow/cache.bob" \
    --ca "$site/ca.pem" --timeout 10 --dns "127.0.0.1:$dns" --connect-to ":80::$http" \
    --connect-to ":443::$https" >"$flow/bob.out" 2>"$flow/bob.err"
}

# ---- lines: s_client with a FIFO for its input ----------------------------------------------

lines=()
# enter NAME PORT [S_CLIENT OPTION...]: what comes is in $flow/NAME.out
enter() {
  local name=$1 port=$2
  shift 2
  rm -f "$flow/$name.in" "$flow/$name.out"
  mkfifo "$flow/$name.in"
  openssl s_client -quiet -connect "127.0.0.1:$port" -CAfile "$site/ca.pem" -verify_return_error \
    "$@" <"$flow/$name.in" >"$flow/$name.out" 2>"$flow/$name.err" &
  line_pid=$!
  lines+=("$line_pid")
  exec {line_in}>"$flow/$name.in"
  line=$name
}
leave() { # s_client would not end with its input
  exec {line_in}>&-
  kill "$line_pid"
  wait "$line_pid" 2>/dev/null
}
showing() { # NAME: the certificate that cert issue has made for it
  echo -cert "$flow/$1.pem" -key "$flow/$1.key"
}
say() { # LINES...: one message, a blank line at its end
  local text
  for text in "$@" ''; do printf '%s\r\n' "$text"; done >&"$line_in"
}
hears() { patiently grep -q -- "$1" "$flow/$line.out"; }
hears_often() { # COUNT PATTERN
  patiently test_count "$@"
}
test_count() { [ "$(grep -c -- "$2" "$flow/$line.out")" -ge "$1" ]; }
ended() { ! kill -0 "$line_pid" 2>/dev/null; }
ends() { patiently ended; }

cseq=0
request() { # METHOD FROM EPID [LINE...]: to the site, from a phone
  local method=$1 from=$2 epid=$3
  shift 3
  cseq=$((cseq + 1))
  say "$method ${uri:-sip:contoso.test} SIP/2.0" \
    "Via: SIP/2.0/TLS 127.0.0.1:5087;branch=z9hG4bKb$cseq" 'Max-Forwards: 70' \
    "From: <$from>;tag=t1;epid=$epid" "To: <${to:-$from}>" "Call-ID: call-${line}-$epid" \
    "CSeq: $cseq $method" 'User-Agent: RTCC/4.0.0.0 McxService/4.0.0.0 Test/1.0' "$@" \
    'Content-Length: 0'
}
register() { # FROM EPID [LINE...]
  local from=$1 epid=$2
  shift 2
  request REGISTER "$from" "$epid" \
    "Contact: <sip:sip.contoso.test:5087;transport=tls;ms-opaque=$epid>;methods=\"INVITE, MESSAGE, BYE\"" \
    'Supported: gruu-10' 'Event: registration' "$@"
}
options() {
  say 'OPTIONS sip:sip.contoso.test SIP/2.0' 'Via: SIP/2.0/TLS 127.0.0.1:5087;branch=z9hG4bKo' \
    'From: <sip:mcx.contoso.test>;tag=o' 'To: <sip:sip.contoso.test>' 'Call-ID: o' \
    'CSeq: 1 OPTIONS' 'Content-Length: 0'
}
# refused NAME FINDING [S_CLIENT OPTION...]: no answer, and the log has that finding once more
refused() {
  local name=$1 finding=$2 before
  shift 2
  before=$(grep -c "$finding" "$flow/log")
  enter "$name" "$outside" "$@"
  options 2>/dev/null
  ends || return 1
  exec {line_in}>&-
  ! grep -q 'SIP/2.0' "$flow/$name.out" && [ "$(grep -c "$finding" "$flow/log")" -gt "$before" ]
}

# No TLS at all: nothing is said, and the log tells it.
refused_plain() {
  local answer
  exec {plain}<>"/dev/tcp/127.0.0.1/$outside"
  printf 'OPTIONS sip:x SIP/2.0\r\n\r\n' >&"$plain"
  answer=$(timeout 20 cat <&"$plain")
  exec {plain}>&-
  [ -z "$answer" ] && patiently logged tls-not-spoken
}
lychgate_check() { "$LYCHGATED" --config "$site/lychgated.conf" --check >"$flow/said" 2>&1; }

not_there() { ! as_bob im alice@contoso.test 'Are you there?' --wait 1; }

# ---- a site with doors, and certificates ---------------------------------------------------------

show_on_failure "$flow/log" "$flow/said" "$flow/bob.out" "$flow/bob.err"
trap '' PIPE
cleanup() {
  local status=$?
  [ "${#lines[@]}" -eq 0 ] || kill "${lines[@]}" 2>/dev/null
  (exit "$status")
  flow_cleanup
}
trap cleanup EXIT
flow_site mtls || tap_bail 'no site'
"$LYCHGATE" --config "$site/lychgated.conf" user add bob@contoso.test --display-name 'Bob Builder' \
  --password-file "$flow/password" >"$flow/said" 2>&1 || tap_bail 'no bob'
flow_set log trace trace.jsonl
flow_set listen mobility 127.0.0.1:0
flow_set listen mobility-external 127.0.0.1:0
flow_set mobility trusted-peers 'mcx.contoso.test old.contoso.test'
flow_set mobility peer-requests 100
for name in mcx old stranger; do
  lychgate cert issue "$name.contoso.test" --out "$flow" || tap_bail 'no certificates'
done
"$LYCHGATE" init --domain contoso.test --dir "$flow/foreign" --sip-port 0 >"$flow/said" 2>&1 &&
  "$LYCHGATE" --config "$flow/foreign/lychgated.conf" cert issue mcx.contoso.test --rsa \
    --out "$flow/foreign" >"$flow/said" 2>&1 || tap_bail 'no foreign CA'
# One that is over: it ran out yesterday.
openssl req -new -key "$flow/mcx.contoso.test.key" -subj /CN=late -out "$flow/late.csr" 2>"$flow/said" &&
  printf 'subjectAltName=DNS:mcx.contoso.test\n' >"$flow/late.ext" &&
  openssl x509 -req -in "$flow/late.csr" -CA "$site/ca.pem" -CAkey "$site/ca.key" -days -1 \
    -extfile "$flow/late.ext" -out "$flow/late.pem" 2>"$flow/said" || tap_bail 'no expired certificate'
check 'the configuration is good' lychgate_check
flow_start || tap_bail 'no server'
inside=$(flow_port mobility) outside=$(flow_port mobility-external)

# ---- who gets in -----------------------------------------------------------------------------------

good=$(showing mcx.contoso.test)
check 'nobody without a certificate' refused none tls-peer-without-certificate
check '... nor in TLS 1.2' refused none tls-peer-without-certificate -tls1_2
check 'nobody whose certificate another CA signed' refused foreign tls-peer-untrusted-ca \
  -cert "$flow/foreign/mcx.contoso.test.pem" -key "$flow/foreign/mcx.contoso.test.key"
check 'nobody whose certificate has run out' refused late tls-peer-certificate-expired \
  -cert "$flow/late.pem" -key "$flow/mcx.contoso.test.key"
check 'nobody under another name' refused stranger tls-peer-not-trusted $(showing stranger.contoso.test)
check 'nobody with TLS 1.1' refused old_tls tls-handshake-failed $good -tls1_1 -cipher DEFAULT@SECLEVEL=0
check 'no HTTP client' refused_plain

enter inner "$inside" $good
options
check 'a mobility service comes in, inside' hears 'SIP/2.0 200'
leave
enter mcx "$outside" $good
options
check 'and outside' hears '^Allow: OPTIONS, REGISTER'
check 'the log names it' logged 'mobility.peer .*name=mcx.contoso.test'

# ---- phones ----------------------------------------------------------------------------------------

register sip:alice@contoso.test a1a1a1a1a1
check 'it signs in a phone for alice' hears 'epid=a1a1a1a1a1'
check '... and the answer is 200' hears '^Contact: .*;gruu'
check 'the trace has the verdict' traced \
  'note  MCXService: sip:alice@contoso.test is enabled for mobility: True'
check 'and the message' traced 'sip   SIPStack: REGISTER sip:contoso.test'
register sip:bob@contoso.test b2b2b2b2b2
register sip:alice@contoso.test a3a3a3a3a3
check 'and two others by the same connection' hears 'epid=a3a3a3a3a3'
to=sip:alice@contoso.test request SUBSCRIBE sip:alice@contoso.test a1a1a1a1a1 \
  'Event: vnd-microsoft-roaming-contacts' 'Accept: application/vnd-microsoft-roaming-contacts+xml' \
  'Contact: <sip:alice@contoso.test>' 'Supported: ms-piggyback-first-notify'
check 'a phone subscribes' hears '<contactList'
to=sip:bob@contoso.test uri=sip:bob@contoso.test request MESSAGE sip:alice@contoso.test a1a1a1a1a1 \
  'Content-Type: text/plain'
check 'what goes to bob comes to his phone by the same line' \
  hears 'MESSAGE sip:sip.contoso.test:5087;transport=tls;ms-opaque=b2b2b2b2b2 SIP/2.0'
branch=$(grep -o 'branch=z9hG4bKim[^ ]*' "$flow/mcx.out" | tr -d '\r')
say 'SIP/2.0 200 OK' "Via: SIP/2.0/TLS sip.contoso.test:$sip;$branch" \
  "Via: SIP/2.0/TLS 127.0.0.1:5087;branch=z9hG4bKb$cseq" 'From: <sip:alice@contoso.test>;tag=t1;epid=a1a1a1a1a1' \
  'To: <sip:bob@contoso.test>;epid=b2b2b2b2b2;tag=b' 'Call-ID: call-mcx-a1a1a1a1a1' "CSeq: $cseq MESSAGE" \
  'Content-Length: 0'
check '... and its answer goes back to the phone of alice' hears '^To: .*epid=b2b2b2b2b2;tag=b'

# ---- and what it may not ------------------------------------------------------------------------------

: >"$flow/mcx.out"
register sip:alice@fabrikam.test c1c1c1c1c1
check 'nobody of another domain' hears '403'
check '... says the log' logged 'mobility.peer_refused.*peer-identity-refused'
register sip:nobody@contoso.test c2c2c2c2c2
check 'nobody who is not there' hears_often 2 'SIP/2.0 403'
register sip:contoso.test c3c3c3c3c3
check 'nobody who is no person' hears_often 3 'SIP/2.0 403'
register sip:bob@contoso.test c4c4c4c4c4 'P-Asserted-Identity: "Alice, A." <sip:alice@contoso.test>'
check 'not two people at once' hears_often 4 'SIP/2.0 403'
register sip:bob@contoso.test ''
check 'no phone without epid' hears 'SIP/2.0 400'
to=sip:bob@contoso.test request MESSAGE sip:alice@contoso.test d1d1d1d1d1
check 'nothing from a phone that is not signed in' hears_often 5 'SIP/2.0 403'
lychgate cs 'Set-CsMobilityPolicy -EnableMobility $false'
register sip:alice@contoso.test a5a5a5a5a5
check 'nobody whom the policy forbids' hears_often 6 'SIP/2.0 403'
check '... with that finding' logged 'sip.request.*mobility-disabled'
check '... and its verdict' traced 'MCXService: sip:alice@contoso.test is enabled for mobility: False'
lychgate cs 'Set-CsMobilityPolicy -EnableMobility $true'
lychgate user disable bob@contoso.test
check 'who is disabled is signed out' hears '^BENOTIFY\|^NOTIFY'
register sip:bob@contoso.test b2b2b2b2b2
check '... and stays out' hears_often 7 'SIP/2.0 403'
options
check 'the line has stayed all the time' hears '^Allow: OPTIONS'
lychgate user enable bob@contoso.test

flow_signin
check 'the computer of alice is not disturbed' [ "$left_with" -eq 0 ]
leave
check 'its phones end with the line' patiently logged 'registrar.lost.*endpoints=[12]'

# ---- bad input ------------------------------------------------------------------------------------------

enter liar "$outside" $good
for ((i = 0; i < 8; i++)); do register sip:eve@fabrikam.test e1e1e1e1e1 2>/dev/null; done
check 'who claims eight times what he may not is put out' ends
exec {line_in}>&-
enter garbage "$outside" $good
head -c 20000 /dev/urandom 2>/dev/null >&"$line_in"
check 'so is garbage' ends
exec {line_in}>&-
enter flood "$outside" $good
began=$(date +%s%N)
for ((i = 0; i < 400; i++)); do options; done
check 'a flood is answered' hears_often 400 '^SIP/2.0 200'
check '... at a hundred a second' [ $((($(date +%s%N) - began) / 1000000)) -ge 2900 ]
leave

# ---- trust that ends -----------------------------------------------------------------------------------

enter old "$outside" $(showing old.contoso.test)
options
check 'an old service comes in' hears 'SIP/2.0 200'
flow_set mobility trusted-peers mcx.contoso.test
kill -HUP "$flow_pid"
check 'it is put out when its name is taken away' ends
check '... for that reason' patiently logged 'net.closed.*tls-peer-not-trusted'
exec {line_in}>&-
check '... and does not come in again' refused old tls-peer-not-trusted $(showing old.contoso.test)

# ---- sipp: a foreign program registers a phone, and is talked to ----------------------------------

if command -v sipp >/dev/null && command -v socat >/dev/null; then
  socat -d -d TCP-LISTEN:0,bind=127.0.0.1,reuseaddr \
    "OPENSSL:127.0.0.1:$outside,cert=$flow/mcx.contoso.test.pem,key=$flow/mcx.contoso.test.key,cafile=$site/ca.pem,commonname=sip.contoso.test" \
    2>"$flow/socat.err" &
  lines+=($!)
  tunnel() { grep -o 'listening on AF=2 127.0.0.1:[0-9]*' "$flow/socat.err"; }
  patiently tunnel >"$flow/said"
  (cd "$flow" && exec sipp "127.0.0.1:$(tunnel | sed 's/.*://')" -t t1 -m 1 -nostdin -trace_err \
    -sf "$here/mtls_phone.xml" -oocsf "$here/mtls_call.xml") >"$flow/sipp.out" 2>&1 &
  sipp=$!
  lines+=("$sipp")
  show_on_failure "$flow/sipp.out" "$flow/socat.err"
  check 'sipp registers a phone for alice' patiently traced 'SIPStack: REGISTER sip:contoso.test;by=sipp'
  check '... whom the policy lets' patiently logged 'mobility.policy.*endpoint=5155155155 enabled=True'
  check '... and takes what bob says' as_bob im alice@contoso.test 'Hello sipp' --wait 1
  kill "$sipp"
  wait "$sipp" 2>/dev/null
  check '... and is gone when its line is' patiently not_there
else
  echo '# no sipp or no socat here (Debian: sip-tester, socat): not tried'
fi

check 'the server ends cleanly' flow_stop
tap_done
