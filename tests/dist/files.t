#!/bin/sh
# File names are unique in src/, and every C file of src/ and tests/ is named in the local.mk of its folder: what is not
# named there is neither compiled nor distributed.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"

repeated()
{
    find "$1/src" -name '*.[ch]' | sed 's:.*/::' | sort | uniq -d
}

unlisted()
{
    (cd "$1" && find src tests -name '*.[ch]' ! -name '*.pb-c.[ch]' | sort | while read -r file; do
        folder=${file%/*}
        # tests/tap has no list of its own
        [ -f "$folder/local.mk" ] || folder=${folder%/*}
        grep -q "%D%/${file#"$folder"/}\([^A-Za-z0-9_.]\|\$\)" "$folder/local.mk" || echo "$file is not in $folder/local.mk"
    done)
}

repeated "$srcdir" >"$work/repeated"
unlisted "$srcdir" >"$work/unlisted"
tap_none "no two files in src/ have the same name" "$work/repeated"
tap_none "every C file is named in a local.mk" "$work/unlisted"

mkdir -p "$work/tree/src/a" "$work/tree/src/b" "$work/tree/tests"
: >"$work/tree/src/a/same.c"
: >"$work/tree/src/b/same.c"
printf 'x_SOURCES += \\\n\t%%D%%/same.cc\n' >"$work/tree/src/a/local.mk"
printf 'x_SOURCES += \\\n\t%%D%%/same.c\n' >"$work/tree/src/b/local.mk"
repeated "$work/tree" >"$work/probe"
tap "a name used twice is found" grep -qx same.c "$work/probe"
unlisted "$work/tree" >"$work/probe"
tap "a file that no list names is found, and only that" \
    test "$(cat "$work/probe")" = "src/a/same.c is not in src/a/local.mk"
tap_done
