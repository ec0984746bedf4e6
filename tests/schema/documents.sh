#!/bin/sh
# Every document we send is well-formed and of its schema (tests/schema/*.rng, made of the
# facts we know of the protocol), and each schema has met a document.
# $1: the folder of the schemas; then the programs that print them.
schemas=$1
shift
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
for program in "$@"; do
  CMOCKA_MESSAGE_OUTPUT=STDOUT "$program" "$out" >"$out/log" 2>&1 || { sed 's/^/# /' "$out/log"; echo "Bail out! not printed"; exit 1; }
done
number=0
for schema in "$schemas"/*.rng; do
  kind=$(basename "$schema" .rng)
  case $kind in words|publications) continue ;; esac # are included by others
  number=$((number + 1))
  if ls "$out"/*-"$kind".xml >/dev/null 2>&1 &&
     xmllint --noout --nonet --relaxng "$schema" "$out"/*-"$kind".xml 2>"$out/why"; then
    echo "ok $number - $kind: $(ls "$out"/*-"$kind".xml | wc -l) documents"
  else
    grep -v ' validates$' "$out/why" | head -20 | sed 's/^/# /'
    echo "not ok $number - $kind"
  fi
done
# A schema that takes anything judges nothing.
number=$((number + 1))
cp "$out"/001-*.xml "$out/broken.xml"
sed -i 's/ version="/ vision="/' "$out/broken.xml"
if xmllint --noout --nonet --relaxng "$schemas/roaming-self.rng" "$out/broken.xml" 2>/dev/null; then
  echo "not ok $number - a wrong document is found out"
else
  echo "ok $number - a wrong document is found out"
fi
echo "1..$number"
