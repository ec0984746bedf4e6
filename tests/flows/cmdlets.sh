#!/bin/bash
# Cmdlets beside a real server: Test-CsRegistration signs in to it, and it obeys the
# configurations that are changed meanwhile. Meson sets LYCHGATED and LYCHGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/flow.sh"
command -v jq >/dev/null || tap_skip_all 'no jq here (Debian: jq)'

# cs STATUS OPTION... LINE: what came is in $flow/out, $flow/err
cs() {
  local expected=$1 status=0
  shift
  "$LYCHGATE" --config "$site/lychgated.conf" cs --ca "$site/ca.pem" --cache "$flow/cache" --timeout 10 \
    --dns "127.0.0.1:$dns" --connect-to ":80::$http" --connect-to ":443::$https" \
    --connect-to ":5061::$sip" "$@" >"$flow/out" 2>"$flow/err" || status=$?
  [ "$status" = "$expected" ] || { echo "# exit status $status"; return 1; }
}
says() { grep -qE -- "$2" "$flow/$1"; }
json() { jq -e "$1" "$flow/out" >/dev/null; }
show_on_failure "$flow/out" "$flow/err"

flow_site cmdlets || tap_bail 'no site'
echo wrong >"$flow/wrong"
flow_start || tap_bail 'no server'

check 'Test-CsRegistration signs in' cs 0 --password-file "$flow/password" \
  'Test-CsRegistration -TargetFqdn sip.contoso.test -UserSipAddress "sip:alice@contoso.test" -UserCredential alice'
check '... prints the target' says out '^Target Fqdn   : sip\.contoso\.test$'
check '... Success' says out '^Result        : Success$'
check '... how long it took' says out '^Latency       : 00:00:0[0-9]\.[0-9]{7}$'
check '... and no error' says out '^Error Message :$'
check 'a wrong password is a Failure' cs 1 --json --password-file "$flow/wrong" \
  'Test-CsRegistration sip.contoso.test -UserSipAddress alice@contoso.test -UserCredential alice'
check '... in JSON' json '.objects[0] | .Result == "Failure" and (.Error | length) > 0'
check '... with the finding' json '.objects[0].Diagnosis | startswith("wrong-password: ")'
check '... and no trace of it in the cache' test ! -e "$flow/cache"
check 'a target that is not there is a Failure' cs 1 --json --password-file "$flow/password" \
  'Test-CsRegistration nowhere.contoso.test -UserSipAddress alice@contoso.test'
check '... of the name' json '.objects[0].Diagnosis | test("nowhere")'
check '-Verbose tells the steps' cs 0 --password-file "$flow/password" \
  'Test-CsRegistration -UserSipAddress alice@contoso.test -Verbose | Select-Object Result'
check '... on the other side' says err '^VERBOSE: register: '
check '... and the rest goes down the pipeline' says out '^Success$'

"$LYCHGATE" --config "$site/lychgated.conf" user add bob@contoso.test --password-file "$flow/password" \
  >"$flow/user.out" 2>&1 || tap_bail 'no bob'
two='-SenderSipAddress sip:alice@contoso.test -SenderCredential alice -ReceiverSipAddress sip:bob@contoso.test'
check 'Test-CsMcxP2PIM sends a message from phone to phone' cs 0 --password-file "$flow/password" \
  --password-file "$flow/password" "Test-CsMcxP2PIM -TargetFqdn sip.contoso.test $two -ReceiverCredential bob"
check '... prints where the mobility service is' says out '^Target Uri    : https://webdir\.contoso\.test:[0-9]+/Mcx/McxService\.svc$'
check '... Success' says out '^Result        : Success$'
check '... how long it took' says out '^Latency       : 00:00:[0-9.]+$'
check 'a wrong password of the receiver is a Failure' cs 1 --json --password-file "$flow/password" \
  --password-file "$flow/wrong" "Test-CsMcxP2PIM $two -ReceiverCredential bob"
check '... of the ticket' json '.objects[0].Diagnosis | startswith("wrong-password: ")'
check 'so is another pool' cs 1 --json --password-file "$flow/password" --password-file "$flow/password" \
  "Test-CsMcxP2PIM -TargetFqdn other.contoso.test $two -ReceiverCredential bob"
check '... which says where they are' json '.objects[0].Diagnosis | test("alice@contoso.test .*sip:sip.contoso.test:5087")'
check 'and so is a policy that says no' cs 0 'Set-CsMobilityPolicy -EnableMobility $false'
check '... to phones' cs 1 --json --password-file "$flow/password" --password-file "$flow/password" \
  "Test-CsMcxP2PIM $two -ReceiverCredential bob"
check '... by its finding' json '.objects[0].Diagnosis | startswith("mobility-disabled: ")'
check 'until it says yes again' cs 0 'Set-CsMobilityPolicy -EnableMobility $true'

from_stdin() {
  printf '%s\n' '# two lines' 'New-CsMobilityPolicy -Identity Phones' \
    'Get-CsUser alice | Grant-CsMobilityPolicy -PolicyName Phones -PassThru |' \
    '  Select-Object DisplayName, MobilityPolicy' |
    "$LYCHGATE" --config "$site/lychgated.conf" cs >"$flow/out" 2>"$flow/err"
}
check 'lines from standard input' from_stdin
check '... print as they go' says out '^Identity +: Tag:Phones$'
check '... all of them' says out ' Phones$'
check 'several lines in one' cs 0 --json 'Get-CsMcxConfiguration; Get-CsPushNotificationConfiguration'
check '... make one document' json '.objects | length == 2 and .[0].ExposedWebURL == "External"'
check 'what a refused line had done before is told' cs 1 'Get-CsUser alice; Get-CsUser nobody'
check '... on both sides' says out '^SipAddress'
check '-Confirm without a terminal' cs 1 'Disable-CsUser alice -Confirm'

# tells YES|NO: sooner or later, as the server looks once a second
tells() {
  local found tries
  for ((tries = 0; tries < 30; tries++)); do
    rm -f "$flow/trace"
    "$LYCHGATE" signin alice@contoso.test --register-only --ca "$site/ca.pem" --no-cache --timeout 10 \
      --password-file "$flow/password" --dns "127.0.0.1:$dns" --connect-to ":80::$http" \
      --connect-to ":443::$https" --trace "$flow/trace" >"$flow/out" 2>"$flow/err" || return
    found=no
    grep -q 'External/Mcx' "$flow/trace" && found=yes
    [ "$found" = "$1" ] && return
    sleep 0.5
  done
  return 1
}
check 'autodiscover tells those outside of the service' tells yes
run_cs() { cs 0 "$1" && tells "$2"; }
check '... unless ExposedWebURL is Internal' run_cs 'Set-CsMcxConfiguration -ExposedWebURL Internal' no
check '... and again without a restart' run_cs 'Remove-CsMcxConfiguration Global' yes

check 'the server ends cleanly' flow_stop
tap_done
