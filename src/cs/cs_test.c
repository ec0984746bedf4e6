/* The cmdlets about users and policies. */
#include "cs/test_world_priv.h"

static void test_article(void **state)
{
    struct world *w = *state;
    assert_string_equal(ran(w, "New-CsMobilityPolicy -Identity All_Mobility"),
                        "\nIdentity           : Tag:All_Mobility\n"
                        "EnableMobility     : True\n"
                        "EnableOutsideVoice : True\n\n");
    ran(w, "Set-CsMobilityPolicy -EnableMobility $false");
    assert_string_equal(ran(w, "Get-CsUser -Filter {SamAccountName -eq \"bcarius\"} |"
                               " Grant-CsMobilityPolicy -PolicyName All_Mobility"),
                        "");
    assert_string_equal(ran(w, "Get-CsUser | Select-Object DisplayName, MobilityPolicy"),
                        "\nDisplayName    MobilityPolicy\n"
                        "-----------    --------------\n"
                        "Alice Adams\n"
                        "\n"
                        "Brendan Carius All_Mobility\n\n");
    assert_non_null(strstr(ran(w, "Get-CsUser 'contoso\\bcarius' | Get-CsEffectivePolicy"),
                           "MobilityPolicy      : All_Mobility\n"));
    assert_non_null(
        strstr(ran(w, "Get-CsEffectivePolicy alice"), "MobilityPolicy      : Global\n"));
    ran(w, "Get-CsUser -Identity 'Brendan*' | Grant-CsMobilityPolicy -PolicyName $null");
    assert_non_null(strstr(ran(w, "Get-CsEffectivePolicy brendan@contoso.test"),
                           "MobilityPolicy      : Global\n"));
}

static void test_users(void **state)
{
    struct world *w = *state;
    assert_string_equal(ran(w, "get-csuser CONTOSO\\bcarius"),
                        "\nIdentity               : brendan@contoso.test\n"
                        "VoicePolicy            :\n"
                        "ConferencingPolicy     :\n"
                        "PresencePolicy         :\n"
                        "DialPlan               :\n"
                        "LocationPolicy         :\n"
                        "ClientPolicy           :\n"
                        "ClientVersionPolicy    :\n"
                        "RegistrarPool          : sip.contoso.test\n"
                        "Enabled                : True\n"
                        "SipAddress             : sip:brendan@contoso.test\n"
                        "LineURI                :\n"
                        "EnterpriseVoiceEnabled : False\n"
                        "DisplayName            : Brendan Carius\n"
                        "SamAccountName         : bcarius\n\n");
    ran(w, "Disable-CsUser \"Alice Adams\"");
    assert_non_null(
        strstr(ran(w, "Get-CsUser sip:alice@contoso.test"), "Enabled                : False"));
    ran(w,
        "Get-CsUser -Filter {Enabled -eq $false} | Enable-CsUser -RegistrarPool SIP.contoso.test");
    ran(w, "Get-CsUser -Filter \"Enabled -eq $True\"");
    assert_int_equal(w->result.objects.count, 3);
    ran(w, "Get-CsUser -ResultSize 2");
    assert_int_equal(w->result.objects.count, 2);
    ran(w, "Get-CsUser -Filter {DisplayName -like 'X*'}");
    assert_int_equal(w->result.objects.count, 0);
    assert_non_null(strstr(ran(w, "Set-CsUser bob -EnterpriseVoiceEnabled $true -LineURI tel:+1 "
                                  "-SipAddress sip:Robert@contoso.test -PassThru"),
                           "LineURI                : tel:+1\n"));
    assert_non_null(
        strstr(ran(w, "Get-CsUser robert@contoso.test"), "EnterpriseVoiceEnabled : True"));
    ran(w, "Set-CsUser robert@contoso.test -LineURI $null");
    assert_null(strstr(ran(w, "Get-CsUser robert@contoso.test"), "tel:"));
    refused(w, "Get-CsUser nobody", FINDING_UNKNOWN_USER, "nobody");
    refused(w, "Get-CsUser 'No*'", FINDING_UNKNOWN_USER, "No*");
    refused(w, "Get-CsUser -Filter {SamAcountName -eq x}", FINDING_CS_UNKNOWN, "SamAccountName?");
    refused(w, "Get-CsUser a -Filter {Enabled}", FINDING_CS_MISUSED, "exclude");
    refused(w, "Enable-CsUser alice -RegistrarPool other", FINDING_CS_MISUSED, "sip.contoso.test");
    refused(w, "Get-CsUser | Set-CsUser -SipAddress sip:x@contoso.test", FINDING_CS_MISUSED,
            "one user");
    refused(w, "Disable-CsUser", FINDING_CS_MISUSED, "-Identity");
}

static void known(struct world *w, int64_t account, enum card_field field, const char *value)
{
    assert_int_equal(card_set(w->store, account, field, slice_of(value), &w->fault), 0);
}

static void test_ldap(void **state)
{
    struct world *w = *state;
    struct account account;
    static const struct {
        const char *filter;
        size_t users;
    } rows[] = {
        {"l=Redmond", 2},
        {"&(Department=Finance)(Title=Manager)", 1},
        {" (& (department=fin*) (|(title=Manager)(title=Clerk)) ) ", 2},
        {"(!(l=*))", 1},
        {"(!(department=Finance))", 1},
        {"(sAMAccountName=bcarius)", 1},
        {"(&(objectCategory=person)(msRTCSIP-UserEnabled=TRUE))", 3},
        {"(displayName>=B)", 1},
        {"(title=\\4danager)", 1},
        {"(mail=*@contoso.test)", 3},
        {"(telephoneNumber=+1*)", 0},
    };
    assert_int_equal(accounts_find_login(w->accounts, SLICE("alice"), w->arena, &account, NULL), 0);
    known(w, account.id, CARD_CITY, "Redmond");
    known(w, account.id, CARD_DEPARTMENT, "Finance");
    known(w, account.id, CARD_TITLE, "Manager");
    assert_int_equal(accounts_find_login(w->accounts, SLICE("bob"), w->arena, &account, NULL), 0);
    known(w, account.id, CARD_CITY, "Redmond");
    known(w, account.id, CARD_DEPARTMENT, "Finance");
    known(w, account.id, CARD_TITLE, "Clerk");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ran(w, arena_print(w->arena, "Get-CsUser -LdapFilter '%s'", rows[i].filter).at);
        if (w->result.objects.count != rows[i].users)
            fail_msg("%s: %zu", rows[i].filter, w->result.objects.count);
    }
    refused(w, "Get-CsUser -LdapFilter '(departmnt=x)'", FINDING_CS_UNKNOWN, "department?");
    refused(w, "Get-CsUser -LdapFilter '(l=x'", FINDING_CS_MALFORMED, "closing bracket");
    refused(w, "Get-CsUser -LdapFilter '(l=x))'", FINDING_CS_MALFORMED, "has ended");
    refused(w, "Get-CsUser -LdapFilter '(&)'", FINDING_CS_MALFORMED, "in brackets is missing");
    refused(w, "Get-CsUser -LdapFilter '(l)'", FINDING_CS_MALFORMED, "is missing here");
    refused(w, "Get-CsUser -LdapFilter '(l=\\zz)'", FINDING_CS_MALFORMED, "hex");
    refused(w, "Get-CsUser -LdapFilter 'l=x' -Filter {Enabled}", FINDING_CS_MISUSED, "exclude");
    refused(w, "Get-CsUser | Get-CsUser -Filter {Enabled}", FINDING_CS_MISUSED, "all users");
}

static void test_policies(void **state)
{
    struct world *w = *state;
    assert_string_equal(ran(w, "Get-CsMobilityPolicy"), "\nIdentity           : Global\n"
                                                        "EnableMobility     : True\n"
                                                        "EnableOutsideVoice : True\n\n");
    ran(w, "New-CsMobilityPolicy site:Redmond -EnableM $false");
    ran(w, "New-CsMobilityPolicy -Identity tag:A -EnableOutsideVoice:$false");
    assert_string_equal(ran(w, "Get-CsMobilityPolicy -Filter tag:* | ft"),
                        "\nIdentity EnableMobility EnableOutsideVoice\n"
                        "-------- -------------- ------------------\n"
                        "Tag:A    True           False\n\n");
    assert_non_null(
        strstr(ran(w, "Get-CsEffectivePolicy alice"), "MobilityPolicy      : Site:Redmond"));
    ran(w, "Get-CsMobilityPolicy tag:A | Set-CsMobilityPolicy -EnableOutsideVoice $null");
    assert_non_null(strstr(ran(w, "Get-CsMobilityPolicy A"), "EnableOutsideVoice : True"));
    assert_non_null(strstr(ran(w, "Get-CsMobilityPolicy | where {$_.EnableMobility -eq $false} |"
                                  " Select-Object Identity | fl"),
                           "\nIdentity : Site:Redmond\n\n"));
    ran(w, "Grant-CsMobilityPolicy alice A");
    refused(w, "Remove-CsMobilityPolicy A", FINDING_POLICY_GRANTED, "granted");
    assert_string_equal(ran(w, "Remove-CsMobilityPolicy A -Force"), "");
    ran(w, "Get-CsMobilityPolicy -Filter 'site:*' | Remove-CsMobilityPolicy");
    ran(w, "Get-CsMobilityPolicy");
    assert_int_equal(w->result.objects.count, 1);
    ran(w, "Get-CsClientPolicy Global | select MaxPhotoSizeKB, DisplayPhoto");
    assert_string_equal(buf_string(&w->out), "\nMaxPhotoSizeKB DisplayPhoto\n"
                                             "-------------- ------------\n"
                                             "            30 True\n\n");
}

/* As published for Lync, and the third switch of push, which is ours. */
static void test_configurations(void **state)
{
    struct world *w = *state;
    assert_string_equal(ran(w, "Get-CsMcxConfiguration"),
                        "\nIdentity                       : Global\n"
                        "SessionExpirationInterval      : 259200\n"
                        "SessionShortExpirationInterval : 3600\n"
                        "ExposedWebURL                  : External\n"
                        "PushNotificationProxyUri       : sip:push@push.lync.com\n\n");
    assert_string_equal(ran(w, "Get-CsPushNotificationConfiguration"),
                        "\nIdentity                               : Global\n"
                        "EnableApplePushNotificationService     : False\n"
                        "EnableMicrosoftPushNotificationService : False\n"
                        "EnableWebPushNotificationService       : True\n\n");
    assert_string_equal(ran(w, "New-CsMcxConfiguration -Identity \"site:Redmond\" -ExposedWebURL "
                               "Internal -SessionShortExpirationInterval 7200"),
                        "\nIdentity                       : Site:Redmond\n"
                        "SessionExpirationInterval      : 259200\n"
                        "SessionShortExpirationInterval : 7200\n"
                        "ExposedWebURL                  : Internal\n"
                        "PushNotificationProxyUri       : sip:push@push.lync.com\n\n");
    ran(w, "Get-CsMcxConfiguration | Where-Object {$_.SessionShortExpirationInterval -gt 3600} | "
           "Set-CsMcxConfiguration -SessionShortExpirationInterval 3600");
    assert_non_null(strstr(ran(w, "Get-CsMcxConfiguration site:redmond"), " : 3600\n"));
    assert_string_equal(ran(w, "Set-CsMcxConfiguration -SessionExpirationInterval 300 "
                               "-SessionShortExpirationInterval 200 -WhatIf"),
                        "What if: Performing the operation \"Set-CsMcxConfiguration\" on target "
                        "\"Global\".\n");
    ran(w, "Set-CsMcxConfiguration -SessionExpirationInterval 300 "
           "-SessionShortExpirationInterval 200");
    assert_non_null(strstr(ran(w, "Get-CsMcxConfiguration Global"), " : 300\n"));
    refused(w, "Set-CsMcxConfiguration -SessionExpirationInterval 200", FINDING_POLICY_INVALID,
            "more than SessionShort");
    refused(w, "Set-CsMcxConfiguration -ExposedWebURL Both", FINDING_POLICY_INVALID,
            "External|Internal");
    refused(w, "New-CsMcxConfiguration Redmond", FINDING_POLICY_INVALID, "Service:WebServer:HOST");
    refused(w, "New-CsMcxConfiguration global", FINDING_CS_EXISTS, "Global");
    refused(w, "Grant-CsMcxConfiguration alice X", FINDING_CS_UNKNOWN, "no cmdlet");
    ran(w, "New-CsMcxConfiguration service:WebServer:sip.contoso.test");
    ran(w, "Get-CsMcxConfiguration -Filter *:* | Remove-CsMcxConfiguration");
    ran(w, "Get-CsMcxConfiguration");
    assert_int_equal(w->result.objects.count, 1);
    ran(w, "New-CsPushNotificationConfiguration site:Redmond -EnableApple $true");
    ran(w, "Get-CsPushNotificationConfiguration -Filter \"site:*\" | "
           "Set-CsPushNotificationConfiguration -EnableApplePushNotificationService $False");
    ran(w, "Get-CsPushNotificationConfiguration | Where-Object "
           "{$_.EnableMicrosoftPushNotificationService -eq $False} | "
           "Remove-CsPushNotificationConfiguration");
    ran(w, "Get-CsPushNotificationConfiguration");
    assert_int_equal(w->result.objects.count, 1);
}

static void test_what_if(void **state)
{
    struct world *w = *state;
    ran(w, "New-CsMobilityPolicy A");
    assert_string_equal(ran(w, "Get-CsUser -ResultSize 2 | Grant-CsMobilityPolicy A -WhatIf"),
                        "What if: Performing the operation \"Grant-CsMobilityPolicy\" on target "
                        "\"alice@contoso.test\".\n"
                        "What if: Performing the operation \"Grant-CsMobilityPolicy\" on target "
                        "\"bob@contoso.test\".\n");
    assert_non_null(strstr(ran(w, "Get-CsEffectivePolicy alice"), "MobilityPolicy      : Global"));
    ran(w, "New-CsMobilityPolicy B -WhatIf");
    refused(w, "Get-CsMobilityPolicy B", FINDING_POLICY_UNKNOWN, "did you mean Tag:A?");
    ran(w, "Remove-CsMobilityPolicy A -WhatIf -Confirm:$false");
    ran(w, "Get-CsMobilityPolicy A");
    ran(w, "Disable-CsUser alice -WhatIf");
    assert_non_null(strstr(ran(w, "Get-CsUser alice"), "Enabled                : True"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_article, setup, teardown),
        cmocka_unit_test_setup_teardown(test_users, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ldap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_policies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_configurations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_if, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
