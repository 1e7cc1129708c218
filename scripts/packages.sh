#!/bin/sh
# Install what is missing from Debian or Ubuntu: packages.sh build | test
#   build: what a build needs (README.md says what each library is for)
#   test:  that, and what the tests and .ci/run use; what a release does not have is left out, and its tests say SKIP
# Asks for nothing and changes nothing when all is there.
set -eu
build="autoconf automake libtool make gcc libc6-dev pkg-config protobuf-c-compiler libprotobuf-c-dev zlib1g-dev
    libminizip-dev libjansson-dev libjpeg-dev libpng-dev libmd-dev"
tools="python3-venv g++ clang clang-format-14 clang-tidy cppcheck valgrind universal-ctags libonnx-testdata bash man-db xz-utils"

case ${1:-} in
build) wanted=$build tools= ;;
test) wanted=$build ;;
*) echo "usage: packages.sh build|test" >&2; exit 2 ;;
esac

is_installed()
{
    dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

missing_of()
{
    for package; do
        is_installed "$package" || echo "$package"
    done
}

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "packages.sh: run as root: $*" >&2
        exit 1
    fi
}

command -v dpkg-query >/dev/null || { echo "packages.sh: not Debian or Ubuntu; needed: $wanted" >&2; exit 1; }
# shellcheck disable=SC2086 # lists of words
missing=$(missing_of $wanted $tools)
[ -n "$missing" ] || exit 0
as_root apt-get update -q >/dev/null
install=
for package in $missing; do
    if apt-cache show "$package" >/dev/null 2>&1; then
        install="$install $package"
    else
        case " $tools " in
        *" $package "*) echo "packages.sh: no package $package here: its tests will say SKIP" >&2 ;;
        *) install="$install $package" ;;
        esac
    fi
done
echo "packages.sh: installing$install"
# shellcheck disable=SC2086
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $install >/dev/null
