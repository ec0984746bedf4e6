#!/bin/sh
# docs/ names files and functions in backquotes: each must exist.
set -u
cd "$SRC/.." || exit 1
bad=0
count=0
for name in $(grep -ho '`[a-z_]*/[a-z_/]*\.[ch]`' docs/*.md README.md | tr -d '`' | sort -u); do
  count=$((count + 1))
  [ -e "src/$name" ] || [ -e "$name" ] || { echo "docs name $name, which does not exist"; bad=1; }
done
for name in $(grep -ho '`[a-z0-9_]*()`' docs/*.md README.md | tr -d '`()' | sort -u); do
  count=$((count + 1))
  grep -rqE "(^|[ *])$name\(" src include 2>/dev/null || { echo "docs name $name(), which does not exist"; bad=1; }
done
echo "$count names looked up"
[ "$bad" -eq 0 ] && [ "$count" -gt 10 ]
