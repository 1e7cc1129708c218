#!/bin/sh
# count_tests.sh BUILD...: "N passed, N failed, N skipped" over all TAP results below these folders.
set -eu
find "$@" -name '*.trs' -exec cat {} + | awk '
    /^:test-result: (PASS|XFAIL)/ { passed++ }
    /^:test-result: (FAIL|XPASS|ERROR)/ { failed++ }
    /^:test-result: SKIP/ { skipped++ }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }'
