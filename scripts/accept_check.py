#!/usr/bin/env python3
"""Hold the rows that accept.py measured against accept_expected.json.

    accept_check.py quick|all                     names of the cases, with commas between, for accept.py --cases
    accept_check.py quick|all RESULT.json PEER.json

Of each case: it converted, loads, gives finite outputs and passes onnx.checker wherever the float file does; its SQNR
is at least the peer's minus sqnr_margin_db (where the peer has a figure); and the limits of its own: max_drop (metric,
against the float model), min_quant and max_quant (metric of the converted model).  Prints a table and the count; exit
code 1 if a case failed.
"""

import json
import sys
from pathlib import Path

EXPECTED = Path(__file__).resolve().parent / "accept_expected.json"


def faults(row, limits, least_sqnr):
    """What is wrong with one row, in words."""
    if row is None:
        return ["was not run"]
    if row.get("status") != "ok":
        return ["%s: %s" % (row.get("status"), row.get("error"))]
    found = []
    if not row.get("loads"):
        found.append("does not load")
    if not row.get("finite"):
        found.append("outputs are not finite")
    if row.get("check") is not True and row.get("check_float", True):
        found.append("onnx.checker: %s" % row.get("check_error"))
    for key, limit, column, too_low in (("SQNR", least_sqnr, "sqnr_db", True),
                                        ("drop", limits.get("max_drop"), "drop", False),
                                        (row.get("metric"), limits.get("min_quant"), "quant", True),
                                        (row.get("metric"), limits.get("max_quant"), "quant", False)):
        value = row.get(column)
        if limit is None:
            continue
        if value is None:
            found.append("%s was not measured" % key)
        elif value < limit if too_low else value > limit:
            found.append("%s %.4g, must be %s %.4g" % (key, value, "at least" if too_low else "at most", limit))
    return found


def number(value):
    return "-" if value is None else "%.4g" % value


def check(names, expected, rows, peer):
    failed = 0
    print("%-27s %-12s %8s %8s %8s %8s %8s  %s" % (
        "case", "metric", "float", "int8", "drop", "SQNR", "at least", "verdict"))
    for name in names:
        row = rows.get(name)
        sqnr = (peer.get(name) or {}).get("sqnr_db")
        least = None if sqnr is None else sqnr - expected["sqnr_margin_db"]
        found = faults(row, expected["cases"][name], least)
        failed += bool(found)
        shown = row or {}
        print("%-27s %-12s %8s %8s %8s %8s %8s  %s" % (
            (name, shown.get("metric", "-")) + tuple(number(shown.get(k)) for k in ("float", "quant", "drop", "sqnr_db"))
            + (number(least), "; ".join(found) if found else "ok")))
    print("%d passed, %d failed" % (len(names) - failed, failed))
    return 1 if failed else 0


def by_case(path):
    return {row["case"]: row for row in json.loads(Path(path).read_text())["rows"]}


def main(arguments):
    if len(arguments) not in (1, 3) or arguments[0] not in ("quick", "all"):
        print(__doc__, file=sys.stderr)
        return 2
    expected = json.loads(EXPECTED.read_text())
    names = list(expected["cases"]) if arguments[0] == "all" else expected["quick"]
    if len(arguments) == 1:
        print(",".join(names))
        return 0
    return check(names, expected, by_case(arguments[1]), by_case(arguments[2]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
