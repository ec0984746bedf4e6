#!/bin/sh
# Who may include whom. A room sees the rooms named before it in src/meson.build;
# protocol rooms never see net/; nobody sees another room's private header.
set -u
cd "$SRC" || exit 1
rooms=$(sed -n "/^foreach room/,/\]/p" meson.build | tr -cd "a-z' \n" | grep -o "'[a-z]*'" | tr -d "'")
[ -n "$rooms" ] || { echo "no list of rooms in src/meson.build"; exit 1; }
# net/ carries no protocol; only those who wire things together use it.
may_use_net="net client server bench tools"
place() { n=0; for r in $rooms; do n=$((n + 1)); [ "$r" = "$1" ] && { echo $n; return; }; done; echo 0; }
bad=0
seen=0
for file in */*.c */*.h; do
  room=${file%%/*}
  own=$(place "$room")
  [ "$own" -gt 0 ] || { echo "$file: room $room is not in src/meson.build"; bad=1; continue; }
  for header in $(grep -hoE '^#include "[^"]+"' "$file" | sed 's/.*"\(.*\)"/\1/'); do
    seen=$((seen + 1))
    other=${header%%/*}
    [ "$header" = "$other" ] && { echo "$file: \"$header\" names no room"; bad=1; continue; }
    [ "$other" = "$room" ] && continue
    case $other in lychgate) continue ;; esac
    case $file in *_test.c) continue ;; esac
    case $header in *_priv.h) echo "$file: $header is another room's interior"; bad=1 ;; esac
    place=$(place "$other")
    [ "$place" -gt 0 ] && [ "$place" -lt "$own" ] || { echo "$file: $room may not see $header"; bad=1; }
    if [ "$other" = net ]; then
      case " $may_use_net " in *" $room "*) ;; *) echo "$file: a protocol room includes $header"; bad=1 ;; esac
    fi
  done
done
echo "$seen includes looked at"
[ "$bad" -eq 0 ] && [ "$seen" -gt 100 ]
