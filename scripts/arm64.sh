#!/bin/sh
# The whole library for arm64, cross-compiled, its tests run under qemu-user, and the bytes it makes held against those of
# this machine: arm64.sh FOLDER [BUILD]
#   FOLDER  receives the arm64 libraries (unpacked there, not installed), the build and the results
#   BUILD   a finished build of this machine (default: .)
# Says SKIP, and why, where Debian's packages cannot be had. The compiler and qemu are installed when they are missing.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] || { echo "usage: arm64.sh FOLDER [BUILD]" >&2; exit 2; }
mkdir -p "$1" || exit 1
work=$(cd "$1" && pwd)
native=$(cd "${2:-.}" && pwd)
root=$work/root libs=$work/root/usr/lib/aarch64-linux-gnu
tools="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
wanted="libprotobuf-c-dev libprotobuf-c1 zlib1g-dev zlib1g libminizip-dev libminizip1 libjansson-dev libjansson4
    libjpeg62-turbo-dev libjpeg62-turbo libjpeg-dev libpng-dev libpng16-16 libmd-dev libmd0"
failed=0

skip()
{
    echo "SKIP: $*"
    exit 0
}

install_tools()
{
    command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null && return
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    # shellcheck disable=SC2086 # lists of words
    $sudo apt-get update -q >/dev/null 2>&1
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $tools >"$work/install.log" 2>&1 ||
        skip "no packages $tools"
}

# Download the libraries with apt's lists for arm64 kept in FOLDER, so that nothing changes on this machine.
unpack_libraries()
{
    [ -f "$libs/pkgconfig/libprotobuf-c.pc" ] && return
    mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/debs" "$root"
    apt="apt-get -q -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o Dir::State::Lists=$work/apt/lists
        -o Dir::Cache=$work/apt -o Debug::NoLocking=1"
    $apt update >"$work/update.log" 2>&1 || skip "apt-get update for arm64 failed"
    for package in $wanted; do
        # shellcheck disable=SC2086
        (cd "$work/debs" && $apt download "$package:arm64") >>"$work/download.log" 2>&1 || skip "no package $package for arm64"
    done
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$root" || skip "cannot unpack $deb"
    done
}

build()
{
    mkdir -p "$work/build"
    cd "$work/build" || exit 1
    [ -f Makefile ] || PKG_CONFIG_LIBDIR=$libs/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root "$top/configure" -q \
        --host=aarch64-linux-gnu --enable-werror --disable-shared --enable-static \
        CPPFLAGS="-isystem $root/usr/include -isystem $root/usr/include/aarch64-linux-gnu" \
        LDFLAGS="-L$libs -L$root/lib/aarch64-linux-gnu -Wl,-rpath-link,$libs:$root/lib/aarch64-linux-gnu" \
        PYTHON=false || exit 1
    # the C tests of what depends on the processor: kernels, operators, execution, and what they stand on
    tests=$(cd "$top" && for folder in base kernel op exec quant; do
        sed -n 's/^%C%_\([a-z0-9_]*\)_t_SOURCES.*/\1/p' "tests/$folder/local.mk" | sed "s|.*|tests/$folder/&.t|"
    done)
    # shellcheck disable=SC2086
    make -s -j"$(nproc)" onnx-q tests/bench/bench_model $tests >"$work/make.log" 2>&1 ||
        { grep -E 'error|warning|No rule' "$work/make.log" | head; echo "FAILED: the build"; exit 1; }
}

# A program of the arm64 build.
emulate()
{
    program=$1
    shift
    srcdir=$top builddir=$work/build timeout 300 qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$libs:$root/lib/aarch64-linux-gnu" \
        "$work/build/$program" "$@"
}

verdict()
{
    if [ "$1" -eq 0 ]; then
        echo "ok: $2"
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}

run_tests()
{
    for t in $tests; do
        (cd "$work/build" && emulate "$t") >"$work/out" 2>&1
        status=$?
        n=$(grep -c '^ok' "$work/out")
        grep -q '^not ok' "$work/out" && status=1
        verdict "$status" "$t, $n checks"
        [ "$status" -eq 0 ] || grep -E '^(not ok|#)' "$work/out" | head -20
    done
}

# Checksum over the outputs of a model, here (portable kernels) and there.
same_outputs()
{
    model=$1 data=$2
    shift 2
    here=$(echo "run 1" | ONNXQ_ISA=base "$native/tests/bench/bench_model" "$@" "$model" "$data" | tail -1 | cut -d' ' -f3)
    there=$(echo "run 1" | emulate tests/bench/bench_model "$@" "$model" "$data" | tail -1 | cut -d' ' -f3)
    [ -n "$here" ] && [ "$here" = "$there" ]
    verdict $? "$(basename "$model") $*: outputs $there, on $(uname -m) $here"
}

same_files()
{
    ONNXQ_ISA=base "$native/onnx-q" convert "$1" --calib "$2" --calib-samples 8 -q -o "$work/here.onnx" &&
        emulate onnx-q convert "$1" --calib "$2" --calib-samples 8 -q -o "$work/there.onnx" && cmp "$work/here.onnx" "$work/there.onnx"
    verdict $? "$(basename "$1"): the converted file is the same"
}

install_tools
unpack_libraries
make -s -C "$native" onnx-q tests/bench/bench_model || exit 1
build
run_tests
for pair in digits_cnn:digits tiny_transformer:chars tiny_lstm:rows tiny_gru:rows seed_noavgpool:seed; do
    model=$top/models/${pair%:*}.onnx data=$top/models/${pair#*:}_calib.npz
    same_outputs "$model" "$data"
    same_files "$model" "$data"
    same_outputs "$work/here.onnx" "$data" --integer
done
[ "$failed" -eq 0 ]
