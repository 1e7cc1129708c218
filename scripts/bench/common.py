"""What the benches share: the two sides as child processes, paired rounds, verdicts, tables."""
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

BURST_SECONDS = 0.06  # a side runs at least this long in a round, so that a short model is not measured cold
REST_SECONDS = 0.02   # between the sides: waiting threads of the one must not take the processor of the other


class Failed(Exception):
    """Something did not run; the text says what."""


class Side:
    """A child process that speaks the lines of tests/bench/bench_model.c."""

    def __init__(self, command):
        self.command = [str(word) for word in command]
        self.child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True)
        words = self.answer()
        self.ready = int(words[1]) * 1e-9
        self.base = int(words[2]) if len(words) > 2 else 0

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            reason = self.child.stderr.read().strip().split("\n")[-1]
            raise Failed("%s: %s" % (" ".join(self.command), reason or "ended"))
        return line.split()

    def ask(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        return self.answer()

    def run(self, n=1):
        """Seconds of the fastest of n runs."""
        words = self.ask("run %d" % n)
        self.checksum = words[2]
        return int(words[0]) * 1e-9

    def peak(self):
        """Largest resident size so far, bytes."""
        with open("/proc/%d/status" % self.child.pid) as status:
            return next((1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)

    def close(self):
        self.child.stdin.close()
        self.child.wait(60)


def tool(build, name):
    """Path of a program of the build folder; the program itself where libtool puts a script in front of it."""
    path = (Path(build) / name).resolve()
    if not path.exists():
        raise Failed("%s is not built: make bench-tools" % path)
    real = path.parent / ".libs" / path.name
    return real if real.exists() else path


def environment(build):
    """The library of the build folder, not an installed one."""
    return {**os.environ, "LD_LIBRARY_PATH": str(Path(build).resolve() / "src" / ".libs")}


def ours(build, model, data, threads, integer=False):
    command = [tool(build, "tests/bench/bench_model"), "--threads", threads]
    return Side(command + (["--integer"] if integer else []) + [model, data])


def peer(model, data, threads):
    return Side([sys.executable, HERE / "peer.py", "--threads", threads, model, data])


def rounds_of(a, b, rounds):
    """Pairs of seconds (a, b), one per round; who goes first alternates."""
    bursts = {}
    for side in (a, b):
        side.run()
        bursts[side] = max(1, min(500, math.ceil(BURST_SECONDS / side.run())))
    pairs = []
    for r in range(rounds):
        took = {}
        for side in ((a, b), (b, a))[r % 2]:
            time.sleep(REST_SECONDS)
            took[side] = side.run(bursts[side])
        pairs.append((took[a], took[b]))
    return pairs


def paired(pairs):
    """Median over the rounds of how many times faster the first is."""
    return statistics.median(b / a for a, b in pairs)


def fastest(pairs, which):
    return min(p[which] for p in pairs)


def geometric_mean(numbers):
    numbers = list(numbers)
    return math.exp(sum(map(math.log, numbers)) / len(numbers)) if numbers else float("nan")


def measured(build, command):
    """Run command as a child: (seconds, peak resident bytes, standard output). Failed when it fails."""
    command = [str(word) for word in command]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        with open(folder + "/out", "w+") as out, open(folder + "/err", "w+") as err:
            status = subprocess.run([str(tool(build, "tests/bench/bench_child")), str(report), *command], stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=err, env=environment(build), check=False).returncode
            out.seek(0)
            err.seek(0)
            if status != 0:
                raise Failed("%s: %s" % (" ".join(command[:3]), err.read().strip().split("\n")[-1] or status))
            seconds, peak = report.read_text().split()
            return float(seconds), int(peak), out.read()


def verdict(value, must, goal, smaller_is_better=False):
    """ "goal", "must", "below" or "" when nothing was promised."""
    if must is None:
        return ""
    better = (lambda x, y: x <= y) if smaller_is_better else (lambda x, y: x >= y)
    return "goal" if better(value, goal) else "must" if better(value, must) else "BELOW"


def peaks(build, threads):
    """{"f32": GFLOP/s, "u8s8": Gop/s} of this machine: the best of three looks, as others may be at work on it."""
    best = {}
    for _ in range(3):
        _, _, out = measured(build, [tool(build, "tests/bench/bench_peak"), threads])
        for name, _, rate in (line.split() for line in out.splitlines()):
            best[name] = max(best.get(name, 0), float(rate))
    return best


def table(rows, columns):
    """Markdown. columns: (title, key or function of row)."""
    def cell(row, get):
        value = get(row) if callable(get) else row.get(get, "")
        return "" if value is None else "%.3g" % value if isinstance(value, float) else str(value)
    lines = ["| " + " | ".join(title for title, _ in columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(row, get) for _, get in columns) + " |" for row in rows]
    return "\n".join(lines)


def report(path, rows, failures, columns, **more):
    """The figures as JSON into path (None: nowhere) and as a table on standard output; the exit status when every failure is ours."""
    if path:
        Path(path).write_text(json.dumps({"rows": rows, "failures": failures, **more}, indent=1))
    print("\n" + table(rows, columns))
    return 1 if failures else 0


def megabytes(n):
    return round(n / 1e6, 1)
