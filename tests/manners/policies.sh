#!/bin/bash
# The commands about policies, client versions, dial plans, settings and contacts,
# on a made-up site: what they answer, and what they refuse.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../interop/tap.sh"
. "$here/verbs.sh"
. "$here/site.sh"
command -v jq >/dev/null || tap_skip_all 'no jq here (Debian: jq)'
make_site alice bob

# ---- policies ----
check 'policy list: one global policy of each kind' \
  json 0 'length == 10 and all(.[]; .scope == "Global" and .set == [])' policy list
check 'policy show has attributes with types' \
  json 0 '.attributes.EnableMobility == true and .attributes.AllowSaveCallLogs == true' policy show mobility
check '... for people a meaning' run 0 site policy show mobility
check '... of each' says "$work/out" 'EnableMobility +true +default +[A-Z]'
check 'policy set makes a tag' \
  json 0 '.scope == "Tag:Mobile" and .set == ["EnableMobility"]' policy set MobilityPolicy Mobile EnableMobility=True --default EnableOutsideVoice
check 'policy set changes the global one' json 0 '.attributes.EnableMobility == false' \
  policy set mobility global enablemobility=FALSE
check 'policy grant' json 0 '.scope == "Tag:Mobile"' policy grant mobility alice@contoso.test Mobile
check 'policy effective: the tag for who has it' \
  json 0 '.scope == "Tag:Mobile" and .attributes.EnableMobility' policy effective alice@contoso.test mobility
check '... the global one for another' \
  json 0 '[.policies[] | select(.kind == "mobility")][0] | .scope == "Global" and (.attributes.EnableMobility | not)' \
  policy effective bob@contoso.test
check 'a policy that is granted stays' refused 'granted' site policy remove mobility Mobile
check 'policy grant --none' json 0 '.scope == "Global"' policy grant mobility alice@contoso.test --none
check 'policy grant again' run 0 site policy grant mobility alice@contoso.test tag:mobile
check 'policy remove --force' run 0 site policy remove mobility mobile --force
check '... takes it from its users' json 0 '.scope == "Global"' policy effective alice@contoso.test mobility
check 'policy remove Global resets it' run 0 site policy remove mobility Global
check '... to its defaults' json 0 '.set == []' policy show mobility
check 'a site policy governs who is at the site' run 0 site policy set voice Site:Berlin AllowCallForwarding=false
check '... not without a site' json 0 '.scope == "Global"' policy effective bob@contoso.test voice
sed -i 's/^#name = .*/name = Berlin/' "$file"
check '... but with it' json 0 '.scope == "Site:Berlin"' policy effective bob@contoso.test voice
check 'a configuration is shown like a policy' json 0 '.scope == "Global" and .attributes.SessionExpirationInterval == 259200' \
  policy show mcx
check '... and changed' json 0 '.set == ["ExposedWebURL"] and .scope == "Site:Berlin"' \
  policy set McxConfiguration site:Berlin ExposedWebURL=internal
check '... as a whole: the long interval is the longer one' \
  json 0 '.attributes.SessionExpirationInterval == 400 and .attributes.SessionShortExpirationInterval == 300' \
  policy set mcx site:Berlin SessionExpirationInterval=400 SessionShortExpirationInterval=300
check '... or not at all' refused 'more than SessionShortExpirationInterval' \
  site policy set mcx site:Berlin ExposedWebURL=External SessionExpirationInterval=300
check '... indeed' json 0 '.attributes.ExposedWebURL == "Internal"' policy show mcx site:Berlin
check '... has no tags' refused 'Service:WebServer:HOST' site policy set mcx Tag:X ExposedWebURL=Internal
check '... is not granted' refused 'is not granted' site policy grant mcx alice@contoso.test X
check '... says its name' run 0 site policy remove push-notification Global
check '... in full' says "$work/out" '^The global push-notification configuration is back'
check '... governs those at the site' json 0 '.scope == "Site:Berlin"' policy effective bob@contoso.test mcx
check '... until it is removed' run 0 site policy remove mcx site:Berlin
sed 's/^#policy-level = .*/policy-level = 2010/' "$file" >"$work/site/old.conf"
check 'Lync 2010 has two attributes of mobility' run 0 "$LYCHGATE" --config "$work/site/old.conf" policy show mobility --json
check '... exactly' filter '(.attributes | length) == 2'

run 0 site policy set mobility Mobile EnableMobility=true
check 'an unknown kind' refused 'did you mean mobility\?' site policy show mobilty
check 'an unknown attribute' refused 'did you mean EnableMobility\?' site policy set mobility Global EnableMobilty=true
check 'an unknown value' refused 'true or false' site policy set mobility Global EnableMobility=yes
check '... changes nothing' json 0 '.set == []' policy show mobility
check 'one wrong value among right ones' refused 'true or false' \
  site policy set mobility Global EnableMobility=false EnableOutsideVoice=perhaps
check '... changes nothing' json 0 '.set == []' policy show mobility
check 'an unknown scope' refused 'did you mean Tag:Mobile\?' site policy show mobility Mobille
check '... to be granted' refused 'did you mean Tag:Mobile\?' site policy grant mobility alice@contoso.test Moble
check '... to be removed' refused 'did you mean Tag:Mobile\?' site policy remove mobility Moble
check 'Global is not granted' refused 'Tag:NAME' site policy grant mobility alice@contoso.test Global
check 'a policy granted to nobody' refused 'nobody@contoso.test' site policy grant mobility nobody@contoso.test Mobile
check 'neither a tag nor --none' run 2 site policy grant mobility alice@contoso.test
check 'set without a value' run 2 site policy set mobility Global EnableMobility
check 'set without anything' run 2 site policy set mobility Global

# ---- client versions ----
check 'client-version rule' json 0 '.[0].agent == "OC" and .[0].version == "4.0.7577.0" and .[0].compare == "LSS"' \
  client-version rule Global 10 --agent OC --if LSS --version 4.0.7577 --action BlockWithUrl --url https://get.contoso.test/
check 'nothing is looked at yet' json 0 '.allowed' client-version test OC/3.5.0
run 0 site policy set client-version Global Enabled=true
check 'an old client is turned away' refused 'OC/3\.5\.0.*https://get\.contoso\.test/.*rule 10' site client-version test OC/3.5.0
check '... with its finding' json 1 '.error.finding == "client-blocked"' client-version test OC/3.5.0
check 'a newer one is not' json 0 '.allowed and .rule == null' client-version test 'UCCAPI/4.0 OC/4.0.7577.4'
check 'policy effective shows the rule' json 0 '.rules[0].action == "BlockWithUrl"' policy effective alice@contoso.test ClientVersionPolicy
check '... for people as well' run 0 site policy effective alice@contoso.test
check '... on a line' says "$work/out" 'client rule 10: OC LSS 4\.0\.7577\.0: BlockWithUrl'
check 'a rule of an unknown action' refused 'no action is called Deny' \
  site client-version rule Global 11 --agent OC --action Deny
check 'a comparison without a version' run 2 site client-version rule Global 11 --agent OC --if LSS --action Block
check 'client-version rule --remove' json 0 'length == 0' client-version rule Global 10 --remove
check '... only once' refused 'no rule of priority 10' site client-version rule Global 10 --remove
check 'by the policy of a user' json 0 '.scope == "Global"' client-version test OC/3.5.0 --user bob@contoso.test

# ---- dial plans ----
check 'a plan without rules keeps numbers' json 0 '.rules[0].name == "Keep All"' dialplan show Global
check 'dialplan rule' json 0 '.rules[0].translation == "+49$1"' dialplan rule Site:Berlin 2 '^0([1-9]\d+)$' '+49$1' --name Germany
check 'dialplan rule before it' json 0 '[.rules[].priority] == [1, 2]' dialplan rule Site:Berlin 1 '^00(\d+)$' '+$1' --name World
check 'dialplan rule behind it' run 0 site dialplan rule Site:Berlin 3 '^(\d+)$' '+4930$1' --internal
check 'dialplan test says what each rule said' \
  json 0 '.number == "+493090182" and .rule == 2 and [.rules[].said] == ["no match","matches","not asked"]' \
  dialplan test Site:Berlin '030 / 90 18-2'
check '... for people as well' run 0 site dialplan test site:berlin 0309
check '... in a sentence' says "$work/out" '^0309 becomes \+49309 by rule 2 of Site\.Berlin\.$'
check '... for a user' json 0 '.plan == "Site.Berlin" and .rule == 1' dialplan test bob@contoso.test 0044201
check '... by its name on the wire' json 0 '.rule == 3' dialplan test Site.Berlin 77
check '... that no rule knows' json 0 '.rule == null and .number == "+1"' dialplan test Site:Berlin +1
check 'dialplan set' json 0 '.attributes.SimpleName == "Berlin"' dialplan set Site:Berlin SimpleName=Berlin
check 'dialplan list' json 0 '[.[].scope] == ["Global","Site:Berlin"]' dialplan list
check 'a pattern that does not compile' refused 'pattern, byte' site dialplan rule Site:Berlin 4 '^(1$' 1
check 'a pattern that is not anchored' refused 'begins with \^' site dialplan rule Site:Berlin 4 '1' 1
check 'a group that is not there' refused 'group' site dialplan rule Site:Berlin 4 '^1$' '$1'
check 'a rule without translation' run 2 site dialplan rule Site:Berlin 4 '^1$'
check 'an unknown plan' refused 'did you mean Site:Berlin\?' site dialplan show site:Berln
run 0 site dialplan rule Site:Berlin 9 '^((a+)+)+$' 1
check 'a rule that takes too long is named' refused 'rule 9' site dialplan test Site:Berlin "$(printf 'a%.0s' {1..60})b"
check 'dialplan rule --remove' json 0 '[.rules[].priority] == [1,2,3]' dialplan rule Site:Berlin 9 --remove
check 'dialplan remove' run 0 site dialplan remove Site:Berlin

# ---- settings, provisioning ----
check 'user setting' json 0 '.LineUri == "tel:+1425" and .EnterpriseVoiceEnabled and .VoiceMailUri == null' \
  user setting alice@contoso.test LineUri=tel:+1425 enterprisevoiceenabled=true
check '... back to the default' json 0 '.LineUri == null' user setting alice@contoso.test --default LineUri
check 'an unknown setting' refused 'did you mean VoiceMailUri\?' site user setting alice@contoso.test VoicemailUrl=x
check 'a wrong setting' refused 'begins with tel:' site user setting alice@contoso.test LineUri=1425
check 'one wrong setting among right ones' refused 'begins with tel:' \
  site user setting alice@contoso.test CommonAreaPhone=true LineUri=1425
check '... changes nothing' json 0 '.CommonAreaPhone == false' user setting alice@contoso.test
check 'user provisioning' run 0 site user provisioning alice@contoso.test
check '... has what policies say' says "$work/out" 'name="ucPolicy".*<property name="AllowCallForwarding">false<'
check '... has the names of the site' says "$work/out" 'sip\.contoso\.test'
check 'a group of provisioning' run 0 site user provisioning alice@contoso.test mobilityPolicy
check '... is alone' sh -c '! grep -q ucPolicy "$1"' sh "$work/out"
check 'provisioning --json' json 0 '.address == "alice@contoso.test" and (.document | startswith("<prov"))' \
  user provisioning alice@contoso.test
check 'an unknown group' run 2 site user provisioning alice@contoso.test mobilitPolicy
check '... gets a suggestion' says "$work/err" 'did you mean mobilityPolicy\?'

# ---- contacts ----
printf 'address,name,groups\nbob@contoso.test,Bob,Team;Friends\ncid@contoso.test,,\n' >"$work/in.csv"
check 'contacts import' json 0 '.before == 0 and .contacts == 2 and .groups == 3' \
  contacts import alice@contoso.test "$work/in.csv"
check 'contacts export' json 0 '[.contacts[].address] == ["bob@contoso.test","cid@contoso.test"]' \
  contacts export alice@contoso.test
cp "$work/out" "$work/out.json"
check '... as CSV' run 0 site contacts export alice@contoso.test --format csv
check '... has names of groups' says "$work/out" '^bob@contoso.test,Bob,Team;Friends,true,,'
printf 'address,groups\ndan@contoso.test,Team\nbob@contoso.test,New\n' >"$work/more.csv"
check 'contacts import merges' json 0 '.contacts == 3 and .groups == 4' contacts import alice@contoso.test "$work/more.csv"
check '... groups too' json 0 '.contacts[0].groups == ["Team","Friends","New"]' contacts export alice@contoso.test
check 'contacts import --replace' json 0 '.before == 3 and .contacts == 2' \
  contacts import alice@contoso.test "$work/out.json" --replace
check '... is what was exported' run 0 site contacts export alice@contoso.test --json
check '... byte for byte' cmp "$work/out" "$work/out.json"
from_stdin() {
  site contacts import bob@contoso.test - <"$work/in.csv" >"$work/out" 2>"$work/err"
}
check 'contacts import from standard input' from_stdin
printf 'address,name\nno address,X\n' >"$work/bad.csv"
check 'a file with a wrong line' refused 'line 2' site contacts import alice@contoso.test "$work/bad.csv"
check '... changes nothing' json 0 '.contacts | length == 2' contacts export alice@contoso.test
check 'a file that is not there' refused 'none\.csv' site contacts import alice@contoso.test "$work/none.csv"
check 'a wrong format' run 2 site contacts export alice@contoso.test --format xml
check 'both --merge and --replace' run 2 site contacts import alice@contoso.test "$work/in.csv" --merge --replace

# ---- cmdlets ----
cs() {
  site cs "$@"
}
run 0 site user add brendan@contoso.test --sam 'CONTOSO\bcarius' --display-name 'Brendan Carius' --password-file "$work/password"
check 'New-CsMobilityPolicy' json 0 '.objects[0].Identity == "Tag:All_Mobility" and .objects[0].EnableMobility' \
  cs 'New-CsMobilityPolicy -Identity All_Mobility'
check 'the pipeline of the article' run 0 cs \
  'Get-CsUser -Filter {SamAccountName -eq "bcarius"} | Grant-CsMobilityPolicy -PolicyName All_Mobility'
check '... says nothing' test ! -s "$work/out"
check '... but was done' json 0 '.scope == "Tag:All_Mobility"' policy effective brendan@contoso.test mobility
check 'the same as pasted from a page' run 0 cs \
  'Get-CsUser -filter {samaccountname -eq “bcarius”} | Grant-CsMobilityPolicy –PolicyName All_Mobility -WhatIf'
check '... with -WhatIf tells' says "$work/out" '^What if: .*"Grant-CsMobilityPolicy" on target "brendan@contoso\.test"'
check 'Get-CsMobilityPolicy prints a list' run 0 cs Get-CsMobilityPolicy
check '... as PowerShell does' says "$work/out" '^EnableMobility +: True$'
check 'Select-Object prints a table' run 0 cs 'Get-CsUser | Select-Object DisplayName, MobilityPolicy'
check '... as PowerShell does' says "$work/out" '^Brendan Carius All_Mobility$'
check 'an unknown cmdlet' refused 'did you mean Get-CsUser\?' cs Get-CsUsers
check 'an unknown parameter' refused 'did you mean -PolicyName\?' cs 'Grant-CsMobilityPolicy alice -PolicyNam x -PolicyNaem y'
check 'an unknown policy' refused 'did you mean Tag:All_Mobility\?' cs 'Grant-CsMobilityPolicy alice All_Mobilty'
check 'a line with an error' refused 'character 12: this string has no end' cs "Get-CsUser 'x"
tap_done
