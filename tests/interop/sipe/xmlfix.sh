#!/bin/bash
# The library that docs/pidgin.md gives to users of Pidgin, as they use it.
set -u
. "$(dirname "$0")/../tap.sh"

without() { "$XML_SAX_CHECK" && echo '# this libxml2 calls SAX1 callbacks by itself'; return 0; }
with() { LD_PRELOAD=$XMLFIX "$XML_SAX_CHECK"; }

check 'without it the check runs' without
check 'with it every element reaches a handler such as SIPE has' with
tap_done
