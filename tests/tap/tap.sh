# TAP for shell tests: . "$srcdir/tests/tap/tap.sh", then `tap "text" command...` or `tap_none "text" FILE`; last, tap_done.
# Sets srcdir, builddir and a scratch folder $work that is removed at the end.
: "${srcdir:=$(dirname "$0")/../..}" "${builddir:=.}" "${CC:=cc}"
tap_count=0
tap_failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/onnxq-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The whole test cannot run here.
tap_skip_all()
{
    echo "1..0 # SKIP $1"
    exit 0
}

# ok when the command succeeds; what it printed is shown when it does not.
tap()
{
    tap_text=$1
    shift
    tap_count=$((tap_count + 1))
    if "$@" >"$work/tap.out" 2>&1; then
        echo "ok $tap_count - $tap_text"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $tap_text"
        sed 's/^/# /' "$work/tap.out"
    fi
}

tap_empty()
{
    [ ! -s "$1" ] || { cat "$1"; return 1; }
}

# ok when the file, a list of faults, is empty.
tap_none()
{
    tap "$1" tap_empty "$2"
}

tap_skip()
{
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

tap_done()
{
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit
}
