/* The assertion before it is signed; room tests forge from it. */
#ifndef LYCHGATE_WEBTICKET_SAML_PRIV_H
#define LYCHGATE_WEBTICKET_SAML_PRIV_H

#include "webticket/saml.h"

/* Append the element without signature, in exclusive C14N. */
void saml_print(const struct saml_assertion *assertion, struct buf *out);

#endif
