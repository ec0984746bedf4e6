/* The attributes of the client policy, on the wire endpointConfiguration
 * ([MS-SIPREGE] section 2.2.2.5.6). Left out are those that lead to services which do
 * not exist here: Exchange, SharePoint, feedback, hot desking. */
#include "policy/kind_priv.h"

#define L10 POLICY_LYNC_2010
#define L13 POLICY_LYNC_2013

static const struct policy_attribute client[] = {
    CHOICE("PhotoUsage", L10, "AllPhotos", "NoPhoto|PhotosFromADOnly|AllPhotos",
           "Whose photos contacts are shown with."),
    INT("MaxPhotoSizeKB", L10, "30", 0, 100, "Largest photo a client loads, in KiB."),
    BOOL("DisplayPhoto", L10, "true", "Show photos at all."),
    BOOL("DisablePresenceNote", L10, "false", "Do not show personal notes."),
    BOOL("DisableContactCardOrganizationTab", L10, "false", "No Organization tab on cards."),
    BOOL("ShowManagePrivacyRelationships", L10, "false", "Let users change access levels."),
    BOOL("ShowRecentContacts", L10, "true", "Offer the people one spoke with last."),
    CHOICE("AbsUsage", L10, "WebSearchOnly",
           "WebSearchAndFileDownload|WebSearchOnly|FileDownloadOnly",
           "Where clients look people up: address book query, file, or both."),
    INT("SearchPrefixFlags", L10, "127", 0, 127, "Bits of the attributes that are searched."),
    INT("MaximumNumberOfContacts", L10, "250", 0, 1000, "Contacts on one list."),
    INT("MaximumDGsAllowedInContactList", L10, "10", 0, 64, "Distribution groups on one list."),
    INT("DGRefreshInterval", L10, "28800", 30, 28800,
        "Seconds after which a client expands its distribution groups again."),
    BOOL("BlockConversationFromFederatedContacts", L10, "false",
         "Turn away calls and messages of other organisations' users."),
    BOOL("NotificationForNewSubscribers", L10, "true", "Tell users who added them."),
    BOOL("EnableAppearOffline", L10, "false", "Let users appear offline."),
    BOOL("DisableEmoticons", L10, "false", "Show emoticons as text."),
    BOOL("DisableHtmlIm", L10, "false", "Show HTML messages as plain text."),
    BOOL("DisableInkIM", L10, "false", "No handwritten messages."),
    BOOL("DisableRTFIm", L10, "false", "No rich text messages."),
    BOOL("DisableSavingIM", L10, "true", "No menu entry to save a conversation."),
    TEXT("IMWarning", L10, "", 256, "Text above each conversation."),
    INT("ConferenceIMIdleTimeout", L10, "10", 5, 60,
        "Minutes after which a silent conference of messages ends."),
    BOOL("DisableCalendarPresence", L10, "false", "Do not publish calendars as presence."),
    BOOL("DisableFreeBusyInfo", L10, "false", "Do not show free and busy times."),
    INT("CalendarStatePublicationInterval", L10, "300", 10, 3600,
        "Seconds between calendar publications."),
    INT("WebServicePollInterval", L10, "300", 60, 86400, "Seconds between calendar reads."),
    INT("P2PAppSharingEncryption", L10, "0", 0, 2,
        "Application sharing between two: 0 encryption supported, 1 required, 2 not supported."),
    BOOL("EnableIMAutoArchiving", L10, "false", "Keep conversations in a mail folder."),
    BOOL("DisableMusicOnHold", L10, "true", "No music while on hold."),
    TEXT("CustomStateUrl", L10, "", 1024, "https URL of a file with additional states."),
    TEXT("TabURL", L10, "", 1024, "https URL of a file with additional tabs."),
    BOOL("EnableTracing", L10, "false", "Clients write traces."),
    BOOL("ExchangeContactStoreAllowed", L13, "false", "Contacts may move to Exchange."),
    BOOL("ShowSharepointPhotoEditLink", L13, "false", "Offer the link that edits one's photo."),
    BOOL("EnableContactSync", L13, "false", "Copy contacts to Outlook."),
};
const struct policy_kind_row policy_kind_client =
    POLICY_KIND("client", "What the client shows and offers.", client);
