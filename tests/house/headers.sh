#!/bin/sh
# Each header compiles alone, has at most 200 lines (150 is the aim), and a guard
# named after its place.
set -u
cd "$SRC" || exit 1
bad=0
count=0
for header in */*.h; do
  count=$((count + 1))
  printf '#include "%s"\n' "$header" |
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I. -I../include $CFLAGS -fsyntax-only -Wall -Wextra -Werror -x c - || bad=1
  guard=LYCHGATE_$(echo "${header%.h}" | tr 'a-z/' 'A-Z_')_H
  grep -q "^#ifndef $guard\$" "$header" || { echo "$header: no guard $guard"; bad=1; }
  lines=$(wc -l <"$header")
  case $header in *_priv.h) ;; *) [ "$lines" -le 200 ] || { echo "$header: $lines lines"; bad=1; } ;; esac
done
echo "$count headers compiled"
[ "$bad" -eq 0 ] && [ "$count" -gt 20 ]
