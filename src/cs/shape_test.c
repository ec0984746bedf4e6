/* What is around the cmdlets of Lync: PowerShell's own, help, lines, confirmation, probes. */
#include "cs/test_world_priv.h"

/* What PowerShell itself brings along. */
static void test_shapes(void **state)
{
    struct world *w = *state;
    assert_string_equal(ran(w, "Get-CsUser | Sort-Object DisplayName -Descending | "
                               "Select-Object -First 2 DisplayName, SipAddress"),
                        "\nDisplayName    SipAddress\n"
                        "-----------    ----------\n"
                        "Brendan Carius sip:brendan@contoso.test\n"
                        "Alice Adams    sip:alice@contoso.test\n\n");
    assert_string_equal(ran(w, "Get-CsUser | sort SamAccountName | select -Last 1 "
                               "-ExpandProperty SipAddress"),
                        "sip:bob@contoso.test\n");
    assert_string_equal(ran(w, "Get-CsUser | select -ExpandProperty MobilityPolicy"), "");
    assert_string_equal(ran(w, "Get-CsUser | where DisplayName -like 'A*' | select Identity | fl"),
                        "\nIdentity : alice@contoso.test\n\n");
    ran(w, "Get-CsUser | where Enabled -eq $true");
    assert_int_equal(w->result.objects.count, 3);
    ran(w, "Get-CsUser | where Enabled");
    assert_int_equal(w->result.objects.count, 3);
    assert_string_equal(ran(w, "Get-CsUser | Measure-Object"), "\nCount    : 3\n"
                                                               "Average  :\n"
                                                               "Sum      :\n"
                                                               "Maximum  :\n"
                                                               "Minimum  :\n"
                                                               "Property :\n\n");
    assert_string_equal(ran(w, "New-CsMcxConfiguration site:A -SessionExpirationInterval 4000;"
                               "Get-CsMcxConfiguration | measure SessionExpirationInterval "
                               "-Sum -Max -Min -Average"),
                        "\nCount    : 2\n"
                        "Average  : 131600\n"
                        "Sum      : 263200\n"
                        "Maximum  : 259200\n"
                        "Minimum  : 4000\n"
                        "Property : SessionExpirationInterval\n\n");
}

static void test_help(void **state)
{
    struct world *w = *state;
    assert_string_equal(ran(w, "Get-Help Enable-CsUser"),
                        "\nName     : Enable-CsUser\n"
                        "Alias    :\n"
                        "Synopsis : Let users sign in.\n"
                        "Syntax   : Enable-CsUser [[-Identity] <String>] [-RegistrarPool <String>] "
                        "[-SipAddress <String>] [-PassThru] [-WhatIf] [-Confirm]\n\n");
    assert_non_null(strstr(ran(w, "help Set-CsMobilityPolicy"), " [-EnableMobility <Boolean>]"));
    assert_null(strstr(buf_string(&w->out), "AllowSaveCallLogs"));
    ran(w, "Get-Command *McxConfiguration");
    assert_int_equal(w->result.objects.count, 4);
    refused(w, "Get-Help Get-CsUsr", FINDING_CS_UNKNOWN, "did you mean Get-CsUser?");
}

/* Several lines; a name that is wrong in the last stops the first. */
static void test_script(void **state)
{
    struct world *w = *state;
    assert_string_equal(ran(w,
                            "# as pasted\r\n"
                            "New-CsMobilityPolicy -Identity All_Mobility\r\n"
                            "Get-CsUser \xe2\x80\x93"
                            "filter {samaccountname -eq \xe2\x80\x9c"
                            "bcarius\xe2\x80\x9d} |\r\n"
                            "  Grant-CsMobilityPolicy -PolicyName All_Mobility\r\n"
                            "Get-CsUser 'Brendan Carius' | Select-Object MobilityPolicy | fl\r\n"),
                        "\nMobilityPolicy : All_Mobility\n\n");
    refused(w, "Disable-CsUser alice\nGet-CsUsr", FINDING_CS_UNKNOWN, "Get-CsUser?");
    assert_non_null(strstr(ran(w, "Get-CsUser alice"), "Enabled                : True"));
    assert_string_equal(ran(w, "  \n# nothing\n"), "");
    /* What was done before a refusal stays done. */
    refused(w, "Disable-CsUser alice; Get-CsUser nobody", FINDING_UNKNOWN_USER, "nobody");
    assert_non_null(strstr(ran(w, "Get-CsUser alice"), "Enabled                : False"));
}

static bool say_no(void *arg, const char *operation, struct slice target)
{
    struct world *w = arg;
    buf_clear(&w->out);
    buf_print(&w->out, "%s %.*s", operation, SLICE_ARG(target));
    return false;
}

static void test_confirm(void **state)
{
    struct world *w = *state;
    refused(w, "Disable-CsUser alice -Confirm", FINDING_CS_MISUSED, "nobody is here");
    w->cs.confirm = say_no;
    w->cs.confirm_arg = w;
    cs_run(&w->cs, SLICE("Disable-CsUser alice -Confirm"), w->arena, &w->result, &w->fault);
    assert_string_equal(buf_string(&w->out), "Disable-CsUser alice@contoso.test");
    assert_non_null(strstr(ran(w, "Get-CsUser alice"), "Enabled                : True"));
    ran(w, "Disable-CsUser alice -Confirm:$false");
    assert_non_null(strstr(ran(w, "Get-CsUser alice"), "Enabled                : False"));
}

/* ---- trying a server out -------------------------------------------------------------------- */

static void fake_registration(void *arg, const struct cs_probe *probe, struct arena *arena,
                              struct cs_probed *out)
{
    struct cs_probe *seen = arg;
    *seen = *probe;
    *out = (struct cs_probed){.good = probe->port == 5061, .latency_us = 3723000456};
    if (!out->good) {
        out->error = SLICE("The password is wrong.");
        out->diagnosis = arena_print(arena, "wrong-password");
    }
}

static void test_registration(void **state)
{
    struct world *w = *state;
    struct cs_probe seen;
    w->site.sip_port = 5061;
    refused(w, "Test-CsRegistration -UserSipAddress sip:alice@contoso.test", FINDING_CS_MISUSED,
            "no client");
    w->cs.probes = (struct cs_probes){.registration = fake_registration, .arg = &seen};
    assert_string_equal(ran(w, "Test-CsRegistration -TargetFqdn pool.contoso.test -UserCredential "
                               "\"CONTOSO\\alice\" -UserSipAddress \"sip:alice@contoso.test\""),
                        "\nTarget Fqdn   : pool.contoso.test\n"
                        "Result        : Success\n"
                        "Latency       : 01:02:03.0004560\n"
                        "Error Message :\n"
                        "Diagnosis     :\n\n");
    assert_false(w->result.failed);
    assert_true(slice_eq(seen.player[0].address, SLICE("alice@contoso.test")));
    assert_true(slice_eq(seen.player[0].login, SLICE("CONTOSO\\alice")));
    assert_int_equal(seen.authentication, CS_AUTH_NEGOTIATE);
    ran(w, "Test-CsRegistration -UserSipAddress alice@contoso.test -RegistrarPort 99 "
           "-Authentication liveid | Select-Object Result, Error");
    assert_string_equal(buf_string(&w->out), "\nResult  Error\n"
                                             "------  -----\n"
                                             "Failure The password is wrong.\n\n");
    assert_true(w->result.failed);
    assert_true(slice_eq(seen.target, SLICE("sip.contoso.test")));
    assert_true(slice_absent(seen.player[0].login));
    assert_int_equal(seen.authentication, CS_AUTH_LIVE_ID);
    refused(w, "Test-CsRegistration pool", FINDING_CS_MISUSED, "-UserSipAddress is needed");
    refused(w, "Test-CsRegistration a -UserSipAddress b@c -RegistrarPort 0", FINDING_CS_MISUSED,
            "a port");
    refused(w, "Test-CsRegistration a -UserSipAddress b@c -Authentication TrustedServer",
            FINDING_CS_MISUSED, "LiveID");
}

static void fake_mcx_im(void *arg, const struct cs_probe *probe, struct arena *arena,
                        struct cs_probed *out)
{
    struct cs_probe *seen = arg;
    *seen = *probe;
    *out = (struct cs_probed){
        .good = true, .latency_us = 1, .uri = arena_print(arena, "https://web.contoso.test/Mcx")};
}

static void test_mcx_im(void **state)
{
    struct world *w = *state;
    struct cs_probe seen;
    w->cs.probes = (struct cs_probes){.mcx_im = fake_mcx_im, .arg = &seen};
    assert_string_equal(
        ran(w, "Test-CsMcxP2PIM -TargetFqdn pool.contoso.test -Authentication ClientCertificate "
               "-SenderSipAddress \"sip:alice@contoso.test\" -SenderCredential alice "
               "-ReceiverSipAddress bob@contoso.test"),
        "\nTarget Fqdn   : pool.contoso.test\n"
        "Target Uri    : https://web.contoso.test/Mcx\n"
        "Result        : Success\n"
        "Latency       : 00:00:00.0000010\n"
        "Error Message :\n"
        "Diagnosis     :\n\n");
    assert_true(slice_eq(seen.player[0].address, SLICE("alice@contoso.test")));
    assert_true(slice_eq(seen.player[0].login, SLICE("alice")));
    assert_true(slice_eq(seen.player[1].address, SLICE("bob@contoso.test")));
    assert_true(slice_absent(seen.player[1].login));
    assert_int_equal(seen.authentication, CS_AUTH_CLIENT_CERTIFICATE);
    refused(w, "Test-CsMcxP2PIM pool -SenderSipAddress a@b", FINDING_CS_MISUSED,
            "-ReceiverSipAddress is needed");
    refused(w, "Test-CsMcxP2PIM pool -SenderSipAddress a@b -ReceiverSipAddress sip:A@b",
            FINDING_CS_MISUSED, "the same");
}

static void test_misuse(void **state)
{
    struct world *w = *state;
    refused(w, "Get-CsUsr", FINDING_CS_UNKNOWN, "did you mean Get-CsUser?");
    refused(w, "Get-CsUser -Filtr {x}", FINDING_CS_UNKNOWN, "did you mean -Filter?");
    refused(w, "New-CsMobilityPolicy A -EnableMobilty $true", FINDING_CS_UNKNOWN,
            "did you mean -EnableMobility?");
    refused(w, "New-CsMobilityPolicy A -AllowSaveCallLogs $true", FINDING_CS_UNKNOWN,
            "no parameter"); /* Lync 2013 */
    refused(w, "New-CsMobilityPolicy A -Enable $true", FINDING_CS_MISUSED, "may be");
    refused(w, "New-CsMobilityPolicy A -EnableMobility perhaps", FINDING_CS_MISUSED, "$true");
    refused(w, "New-CsMobilityPolicy A -EnableMobility", FINDING_CS_MISUSED, "needs a value");
    refused(w, "New-CsMobilityPolicy A B", FINDING_CS_MISUSED, "nothing takes `B`");
    refused(w, "New-CsMobilityPolicy A -Identity B", FINDING_CS_MISUSED, "twice");
    refused(w, "New-CsMobilityPolicy", FINDING_CS_MISUSED, "-Identity");
    refused(w, "New-CsMobilityPolicy Global", FINDING_CS_EXISTS, "Global");
    refused(w, "Grant-CsMobilityPolicy alice", FINDING_CS_MISUSED, "-PolicyName");
    refused(w, "Grant-CsMobilityPolicy alice Nothing", FINDING_POLICY_UNKNOWN, "Tag:Nothing");
    refused(w, "Get-CsUser | Set-CsMobilityPolicy -EnableMobility $true", FINDING_CS_MISUSED,
            "none of its kind");
    refused(w, "Get-CsMobilityPolicy | Disable-CsUser", FINDING_CS_MISUSED, "no user");
    refused(w, "Select-Object Name", FINDING_CS_MISUSED, "behind a bar");
    refused(w, "Get-CsUser | select Nme", FINDING_CS_UNKNOWN, "no property");
    refused(w, "Get-CsUser | where {Nme}", FINDING_CS_UNKNOWN, "Nme");
    refused(w, "Get-CsUser | where {Name -is x}", FINDING_CS_MALFORMED, "-is");
    refused(w, "Get-CsUser | where", FINDING_CS_MISUSED, "filter");
    refused(w, "Get-CsUser | where {Enabled} -eq $true", FINDING_CS_MISUSED, "filter");
    refused(w, "Get-CsUser | where Enabeld -eq $true", FINDING_CS_UNKNOWN, "Enabled?");
    refused(w, "Get-CsUser | sort Enabeld", FINDING_CS_UNKNOWN, "Enabled?");
    refused(w, "Get-CsUser | select -ExpandProperty Enabeld", FINDING_CS_UNKNOWN, "Enabled?");
    refused(w, "Get-CsUser | measure DisplayName -Sum", FINDING_CS_MISUSED, "no number");
    refused(w, "Get-CsUser | measure -Sum", FINDING_CS_MISUSED, "-Property");
    refused(w, "Get-CsUser | select -Last x", FINDING_CS_MISUSED, "-Last");
    refused(w, "Set-CsClientPolicy -MaxPhotoSizeKB 500", FINDING_POLICY_INVALID, "0 to 100");
    /* A name that is wrong further on: nothing is done before. */
    refused(w, "Disable-CsUser alice -PassThru | Select-Objct X", FINDING_CS_UNKNOWN,
            "Select-Object");
    assert_non_null(strstr(ran(w, "Get-CsUser alice"), "Enabled                : True"));
}

static void test_json(void **state)
{
    struct world *w = *state;
    ran(w, "Get-CsUser brendan@contoso.test");
    json_t *document = cs_result_json(&w->result);
    json_t *user = json_array_get(json_object_get(document, "objects"), 0);
    assert_true(json_is_true(json_object_get(user, "Enabled")));
    assert_true(json_is_null(json_object_get(user, "MobilityPolicy")));
    assert_string_equal(json_string_value(json_object_get(user, "SamAccountName")), "bcarius");
    assert_int_equal(json_array_size(json_object_get(document, "whatIf")), 0);
    json_decref(document);
    ran(w, "Get-Command");
    assert_true(w->result.objects.count > 40);
    ran(w, "Get-CsUser brendan@contoso.test | Select-Object *");
    assert_non_null(strstr(buf_string(&w->out), "\nMobilityPolicy         :\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_script, setup, teardown),
        cmocka_unit_test_setup_teardown(test_confirm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_registration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mcx_im, setup, teardown),
        cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
