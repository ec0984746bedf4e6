/* The attributes of all kinds but client: [MS-SIPREGE] sections 2.2.2.5.2, .3, .7 and .9,
 * the schema reference's sample values, Microsoft's help for New-CsMobilityPolicy,
 * New-CsClientVersionConfiguration and New-CsDialPlan. */
#include "policy/kind_priv.h"

#define L10 POLICY_LYNC_2010
#define L13 POLICY_LYNC_2013

static const struct policy_attribute voice[] = {
    BOOL("AllowSimultaneousRinging", L10, "true", "Ring another number at the same time."),
    BOOL("AllowCallForwarding", L10, "true", "Forward calls to another number."),
    BOOL("EnableDelegation", L10, "true", "Let others take and make one's calls."),
    BOOL("EnableTeamCall", L10, "true", "Ring a team along with oneself."),
    BOOL("EnableCallTransfer", L10, "true", "Transfer calls."),
    BOOL("EnableCallPark", L10, "false", "Park calls."),
    BOOL("EnableMaliciousCallTrace", L10, "false", "Report malicious calls."),
    BOOL("EnableBWPolicyOverride", L10, "false", "Pass over bandwidth limits."),
    TEXT("PhoneRouteUsages", L10, "", 1024, "Names of routes, separated by blanks."),
};
const struct policy_kind_row policy_kind_voice =
    POLICY_KIND("voice", "Ringing, forwarding, delegation, teams.", voice);

static const struct policy_attribute conferencing[] = {
    BOOL("AllowIPAudio", L10, "true", "Audio over the network in meetings."),
    BOOL("AllowIPVideo", L10, "true", "Video in meetings."),
    BOOL("EnableDataCollaboration", L10, "true", "Share slides and whiteboards."),
    BOOL("EnableAppDesktopSharing", L10, "true", "Share programs and desktops."),
    CHOICE("AllowedAppDesktopSharingLevel", L10, "Desktop", "Desktop|SingleApplication|None",
           "What may be shared."),
    INT("MeetingSize", L10, "250", 2, 1000, "Most people in one meeting."),
    BOOL("AllowAnonymousParticipants", L10, "true", "People without an account may join."),
    BOOL("AllowRecording", L10, "false", "Meetings may be recorded."),
    BOOL("AllowExternalUserRecording", L10, "false", "People from outside may record."),
    BOOL("AllowExternalUserControl", L10, "false", "People from outside may take control."),
    BOOL("AllowExternalUsersToSaveContent", L10, "true", "People from outside may save."),
    BOOL("AllowParticipantControl", L10, "true", "Participants may take control."),
    BOOL("AllowPolls", L10, "true", "Polls in meetings."),
    BOOL("AllowAnnotations", L10, "true", "Draw on shared slides."),
    BOOL("AllowFileTransfer", L10, "true", "Send files in meetings."),
    BOOL("EnableP2PFileTransfer", L10, "true", "Send files between two."),
    BOOL("EnableP2PVideo", L10, "true", "Video between two."),
    BOOL("EnableP2PRecording", L10, "false", "Record conversations of two."),
    BOOL("EnablePstnConferencing", L10, "false", "Join by telephone."),
    INT("AudioBitRate", L10, "200", 20, 200, "kbit/s of audio."),
    INT("VideoBitRate", L10, "50000", 0, 50000, "kbit/s of video."),
    INT("FileTransferBitRate", L10, "50000", 0, 50000, "kbit/s of files."),
    INT("AppSharingBitRate", L10, "50000", 0, 50000, "kbit/s of application sharing."),
    CHOICE("MaxConferenceVideoResolution", L10, "VGA", "CIF|VGA", "Largest video in meetings."),
    BOOL("TrustedConferencingPinRequired", L10, "false", "Known callers need a PIN, too."),
};
const struct policy_kind_row policy_kind_conferencing =
    POLICY_KIND("conferencing", "Meetings, and media between two.", conferencing);

static const struct policy_attribute location[] = {
    BOOL("EnhancedEmergencyServicesEnabled", L10, "false",
         "Clients find out where they are and say so in emergency calls."),
    TEXT("LocationPolicyTagID", L10, "", 256, "Mark of this policy in emergency calls."),
    CHOICE("LocationRequired", L10, "no", "yes|no|disclaimer",
           "Ask the user for a location that is not known."),
    TEXT("EmergencyServiceDisclaimer", L10, "", 1024, "Text for those who give no location."),
    TEXT("EmergencyDialString", L10, "", 10, "Number of the emergency service."),
    TEXT("EmergencyDialMask", L10, "", 100, "Numbers that mean it as well, separated by ';'."),
    TEXT("NotificationUri", L10, "", 1024, "SIP addresses told of an emergency call."),
    TEXT("ConferenceUri", L10, "", 256, "SIP address joined to an emergency call."),
    CHOICE("ConferenceMode", L10, "oneway", "oneway|twoway", "Does that one only listen?"),
};
const struct policy_kind_row policy_kind_location =
    POLICY_KIND("location", "Emergency calls and locations.", location);

static const struct policy_attribute presence[] = {
    BOOL("EnablePrivacyMode", L10, "false", "Only contacts see one's presence."),
    BOOL("AutoInitiateContacts", L10, "true", "Put manager and colleagues on new lists."),
    BOOL("PublishLocationDataDefault", L10, "true", "Show one's location at first."),
    BOOL("DisplayPublishedPhotoDefault", L10, "true", "Show one's photo at first."),
    BOOL("EnableLocationPrompt", L10, "true", "Ask for the name of a new place."),
    INT("PersonalNoteHistoryDepth", L10, "3", 0, 10, "Notes that are kept."),
};
const struct policy_kind_row policy_kind_presence =
    POLICY_KIND("presence", "Privacy of presence.", presence);

/* Lync 2010 has exactly two. */
static const struct policy_attribute mobility[] = {
    BOOL("EnableMobility", L10, "true", "Sign in from a mobile phone."),
    BOOL("EnableOutsideVoice", L10, "true", "Call via Work: calls show the office number."),
    BOOL("EnableIPAudioVideo", L13, "true", "Audio and video over the network."),
    BOOL("RequireWIFIForIPAudio", L13, "false", "Audio over the network only on Wi-Fi."),
    BOOL("RequireWIFIForIPVideo", L13, "false", "Video over the network only on Wi-Fi."),
    BOOL("RequireWiFiForSharing", L13, "false", "Application sharing only on Wi-Fi."),
    BOOL("AllowSaveCallLogs", L13, "true", "Keep call logs on the phone."),
    BOOL("AllowSaveIMHistory", L13, "true", "Keep conversations on the phone."),
    BOOL("AllowSaveCredentials", L13, "true", "Keep the password on the phone."),
    BOOL("AllowExchangeConnectivity", L13, "true", "Speak to Exchange."),
};
const struct policy_kind_row policy_kind_mobility =
    POLICY_KIND("mobility", "Mobile phones.", mobility);

static const struct policy_attribute client_version[] = {
    BOOL("Enabled", L10, "false", "Look at User-Agent at all."),
    CHOICE("DefaultAction", L10, "Allow", "Allow|AllowWithUrl|Block|BlockWithUrl",
           "For clients that no rule matches."),
    TEXT("DefaultURL", L10, "", 512, "Where those get a better client."),
};
const struct policy_kind_row policy_kind_client_version =
    POLICY_KIND("client-version", "Which programs may sign in.", client_version);

static const struct policy_attribute dial_plan[] = {
    TEXT("SimpleName", L10, "", 64,
         "Name on the wire, of letters, digits, '.', '-' and '_'; unset: made of the scope."),
    TEXT("Description", L10, "", 512, "For administrators."),
    TEXT("ExternalAccessPrefix", L10, "", 4, "Digits dialled for an outside line."),
    BOOL("OptimizeDeviceDialing", L10, "false", "Send numbers without that prefix at once."),
};
const struct policy_kind_row policy_kind_dial_plan =
    POLICY_KIND("dial-plan", "How dialled numbers are understood.", dial_plan);
