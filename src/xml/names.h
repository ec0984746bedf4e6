/* Names of namespaces and the URIs that stand for things, as they are on the
 * wire, letter for letter. Grouped by the document that defines them. */
#ifndef LYCHGATE_XML_NAMES_H
#define LYCHGATE_XML_NAMES_H

/* ---- XML ---- */
#define NS_XML   "http://www.w3.org/XML/1998/namespace"
#define NS_XMLNS "http://www.w3.org/2000/xmlns/"
#define NS_XSD   "http://www.w3.org/2001/XMLSchema"
#define NS_XSI   "http://www.w3.org/2001/XMLSchema-instance"

/* ---- address book, group expansion, location information ---- */
#define NS_DLX     "DistributionListExpander"
#define NS_LIS     "urn:schema:Microsoft.Rtc.WebComponent.Lis.2010"
#define NS_PIDF    "urn:ietf:params:xml:ns:pidf"
#define NS_GEOPRIV "urn:ietf:params:xml:ns:pidf:geopriv10"
#define NS_CIVIC   "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"
#define NS_WINRTC  "http://schemas.microsoft.com/winrtc/2002/11/sip"
#define DLX_SEARCH "DistributionListExpander/IAddressBook/SearchAbEntry"
#define LIS_GET    "LIService/GetLocations"

/* ---- SOAP 1.1, SOAP 1.2, WS-Addressing ---- */
#define NS_SOAP11     "http://schemas.xmlsoap.org/soap/envelope/"
#define NS_SOAP12     "http://www.w3.org/2003/05/soap-envelope"
#define NS_WSA        "http://www.w3.org/2005/08/addressing"
#define NS_WSA_2004   "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define WSA_ANONYMOUS "http://www.w3.org/2005/08/addressing/anonymous"

/* ---- WS-Security 1.0 (2004) and 1.1 ---- */
#define NS_WSSE   "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
#define NS_WSU    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define NS_WSSE11 "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
#define WSSE_PASSWORD_TEXT                                                                         \
    "http://docs.oasis-open.org/wss/2004/01/"                                                      \
    "oasis-200401-wss-username-token-profile-1.0#PasswordText"
#define WSSE_SAML11_TOKEN "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
#define WSSE_SAML_ASSERTION_ID                                                                     \
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"

/* ---- WS-Policy, WS-SecurityPolicy, WS-MetadataExchange, WS-Transfer, WSDL ---- */
#define NS_WSP           "http://schemas.xmlsoap.org/ws/2004/09/policy"
#define NS_SP            "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
#define NS_SP_2005       "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
#define NS_MEX           "http://schemas.xmlsoap.org/ws/2004/09/mex"
#define NS_TRANSFER      "http://schemas.xmlsoap.org/ws/2004/09/transfer"
#define TRANSFER_GET     "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
#define TRANSFER_GET_RSP "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse"
#define NS_WSDL          "http://schemas.xmlsoap.org/wsdl/"
#define NS_WSDL_SOAP11   "http://schemas.xmlsoap.org/wsdl/soap/"
#define NS_WSDL_SOAP12   "http://schemas.xmlsoap.org/wsdl/soap12/"
#define NS_WSAW          "http://www.w3.org/2006/05/addressing/wsdl"
#define NS_WSAM          "http://www.w3.org/2007/05/addressing/metadata"

/* ---- WS-Trust: 1.3 (also met with a slash at its end), and February 2005 ---- */
#define NS_WST            "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
#define NS_WST_2005       "http://schemas.xmlsoap.org/ws/2005/02/trust"
#define WST_RST_ISSUE     "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"
#define WST_RSTRC_FINAL   "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal"
#define WST_ISSUE         "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue"
#define WST_SYMMETRIC_KEY "http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey"
#define WST_BEARER        "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer"
#define WST_NONCE         "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Nonce"
#define WST_CK_PSHA1      "http://docs.oasis-open.org/ws-sx/ws-trust/200512/CK/PSHA1"
#define WST_2005_ISSUE    "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue"
#define WST_2005_RST      "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue"
#define WST_2005_RSTR     "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Issue"
#define WST_NO_PROOF_KEY  "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey"

/* ---- SAML 1.1 ---- */
#define NS_SAML                "urn:oasis:names:tc:SAML:1.0:assertion"
#define SAML_CM_BEARER         "urn:oasis:names:tc:SAML:1.0:cm:bearer"
#define SAML_CM_HOLDER_OF_KEY  "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
#define SAML_AM_PASSWORD       "urn:oasis:names:tc:SAML:1.0:am:password"
#define SAML_AM_X509           "urn:oasis:names:tc:SAML:1.0:am:X509-PKI"
#define SAML_AM_UNSPECIFIED    "urn:oasis:names:tc:SAML:1.0:am:unspecified"
#define CLAIM_URI              "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri"
#define SAML_NAMEID_FORMAT_URI CLAIM_URI

/* ---- XML signature, XML encryption, their algorithms ---- */
#define NS_DS             "http://www.w3.org/2000/09/xmldsig#"
#define NS_XENC           "http://www.w3.org/2001/04/xmlenc#"
#define NS_XENC11         "http://www.w3.org/2009/xmlenc11#"
#define ALG_EXC_C14N      "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ALG_ENVELOPED     "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define ALG_SHA1          "http://www.w3.org/2000/09/xmldsig#sha1"
#define ALG_SHA256        "http://www.w3.org/2001/04/xmlenc#sha256"
#define ALG_RSA_SHA1      "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
#define ALG_RSA_SHA256    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define ALG_ECDSA_SHA256  "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define ALG_HMAC_SHA1     "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
#define ALG_HMAC_SHA256   "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
#define ALG_AES256_CBC    "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
#define ALG_AES256_GCM    "http://www.w3.org/2009/xmlenc11#aes256-gcm"
#define ALG_RSA_OAEP      "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
#define XENC_TYPE_ELEMENT "http://www.w3.org/2001/04/xmlenc#Element"

/* ---- Microsoft: web authentication, certificates, Org ID (Passport) ---- */
#define NS_AUTH         "http://schemas.xmlsoap.org/ws/2006/12/authorization"
#define NS_OCS_AUTH     "urn:component:Microsoft.Rtc.WebAuthentication.2010"
#define OCS_AUTHCLAIMS  "urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims"
#define OCS_USER_CWT    "urn:component:Microsoft.Rtc.WebAuthentication.2010:user-cwt-1"
#define NS_MS_ARRAYS    "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
#define NS_PASSPORT     "http://schemas.microsoft.com/Passport/SoapServices/PPCRL"
#define NS_PASSPORT_PSF "http://schemas.microsoft.com/Passport/SoapServices/SOAPFault"
#define NS_OCS_CERT     "http://schemas.microsoft.com/OCS/AuthWebServices/"
#define NS_WSTEP        "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
#define OCS_PKCS10      "http://schemas.microsoft.com/OCS/AuthWebServices.xsd#PKCS10"
#define WSSE_X509V3                                                                                \
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
#define WSSE_BASE64                                                                                \
    "http://docs.oasis-open.org/wss/2004/01/"                                                      \
    "oasis-200401-wss-wssecurity-secext-1.0.xsd#Base64Binary"
/* As GetAndPublishCert writes it; the ticket service's form has no slash. */
#define NS_WST_SLASH "http://docs.oasis-open.org/ws-sx/ws-trust/200512/"

#endif
