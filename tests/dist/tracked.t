#!/bin/sh
# What is kept in git is ours and fits every machine: no path of one machine, no foreign licence text, nothing large.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"
largest=1000000
command -v git >/dev/null || tap_skip_all "no git"
top=$(git -C "$srcdir" rev-parse --show-toplevel 2>/dev/null)
[ -n "$top" ] && [ "$(cd "$top" && pwd -P)" = "$(cd "$srcdir" && pwd -P)" ] || tap_skip_all "not a git checkout"

# The patterns are written so that this file does not contain what it looks for.
machine_paths='(^|[^A-Za-z0-9_.])/(wor[k]|op[t]|hom[e]|roo[t]|tmp/w[t]|User[s]|mn[t])/[A-Za-z0-9_.-]'
licences='Copyrigh[t]|Licensed unde[r]|All rights reserve[d]|SPDX-Licens[e]|GNU (Lesser )?General Publi[c]'

paths_in()
{
    git -C "$1" grep -anE "$machine_paths" -- . | cut -c 1-200
}

licences_in()
{
    git -C "$1" grep -InE "$licences" -- src tests scripts proto m4 models | cut -c 1-200
}

paths_in "$srcdir" >"$work/paths"
tap_none "no tracked file holds a path of one machine" "$work/paths"
licences_in "$srcdir" >"$work/licences"
tap_none "no source file carries a licence text of its own: COPYING speaks for all" "$work/licences"
tap "COPYING is the MIT licence" grep -q 'Permission is hereby granted, free of charge' "$srcdir/COPYING"
git -C "$srcdir" ls-files -z | (cd "$srcdir" && xargs -0 wc -c) |
    awk -v limit=$largest '$2 != "total" && $1 > limit { print $2 ": " $1 " bytes" }' >"$work/large"
tap_none "no tracked file is larger than $largest bytes" "$work/large"

mkdir -p "$work/tree/src"
git init -q "$work/tree"
printf '#!/%s/bin/python\n' op't/venv' >"$work/tree/run"
printf '/* %s (c) 2020 Somebody */\n' Copy'right' >"$work/tree/src/foreign.c"
mkdir -p "$work/tree/tests" "$work/tree/scripts" "$work/tree/proto" "$work/tree/m4" "$work/tree/models"
git -C "$work/tree" add -A
paths_in "$work/tree" >"$work/probe"
tap "a path of one machine is found" grep -q '^run:1:' "$work/probe"
licences_in "$work/tree" >"$work/probe"
tap "a foreign licence is found" grep -q '^src/foreign.c:1:' "$work/probe"
tap_done
