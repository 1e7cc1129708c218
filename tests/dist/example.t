#!/bin/sh
# What `make install` puts in place is complete: the example program builds against it through pkg-config, and runs.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"
[ -f "$builddir/Makefile" ] || tap_skip_all "not a build folder: $builddir"
command -v pkg-config >/dev/null || tap_skip_all "no pkg-config"
nm "$builddir/src/.libs/libonnxq.so" 2>/dev/null | grep -q ' __asan_init' &&
    tap_skip_all "the library wants the address sanitizer first, as a plain program does not"
prefix=$(sed -n 's/^prefix = //p' "$builddir/Makefile")
libdir=$work/root$prefix/lib
program=$work/root$prefix/bin/onnx-q

# not the flags of the make that runs the tests: its jobserver is not ours
tap "make install works" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$builddir" install DESTDIR="$work/root"
(cd "$work/root$prefix" && find . \( -type f -o -type l \) | sort) >"$work/installed"
for file in ./bin/onnx-q ./include/onnxq.h ./lib/libonnxq.so ./lib/pkgconfig/onnxq.pc ./share/man/man1/onnx-q.1 \
    ./share/bash-completion/completions/onnx-q; do
    grep -qx "$file" "$work/installed" || echo "$file is not installed"
done >"$work/faults"
tap_none "program, library, header, pkg-config file, man page and completion are installed" "$work/faults"

PKG_CONFIG_PATH=$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
PKG_CONFIG_SYSROOT_DIR=$work/root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
flags=$(pkg-config --cflags --libs onnxq)
tap "pkg-config knows onnxq" test -n "$flags"
# shellcheck disable=SC2086 # CC and the flags are lists of words
tap "the example compiles without a warning" $CC -std=c99 -pedantic -Wall -Wextra -Werror "$srcdir/doc/example.c" \
    $flags -lm -o "$work/example"
LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
tap "the example quantizes the bundled model" "$work/example" "$srcdir/models/digits_cnn.onnx" "$work/out.onnx"
"$work/example" "$srcdir/models/digits_cnn.onnx" "$work/again.onnx" >"$work/text" 2>&1
tap "float and integer run of the example agree on the class" \
    awk '/^largest output:/ { found = 1; exit $3 != $6 } END { if (!found) exit 1 }' "$work/text"
tap "it wrote the model" test -s "$work/out.onnx"
tap "the same bytes each time" cmp "$work/out.onnx" "$work/again.onnx"
tap "the example says which file is wrong" sh -c '"$1" "$2" x.onnx 2>&1 | grep -q "^$2: "' sh "$work/example" "$work/none.onnx"
tap "the installed program runs" "$program" check "$srcdir/models/digits_cnn.onnx"
tap_done
