#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds `mmcheck run` against the test suites of GenMC and Nidhugg: their C programs, unmodified.

    bench/guest/suites.py MMCHECK [--genmc FOLDER] [--nidhugg FOLDER] [--only WORD] [--seconds N]
                          [--json FILE]

FOLDER: a checkout of the peer, which holds the programs and the counts that its authors expect. Of
GenMC: tests/correct (held, with the executions expected under SC) and tests/wrong (violated), of
Nidhugg: tests/smoke (Forbid: held, with the traces; Allow: violated). Neither is part of mmcheck.

Prints each program on which verdicts or counts differ, those that mmcheck refuses with its reason,
and a line of totals.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

CORRECT = ["litmus", "synthetic", "data-structures", "infr", "saver", "liveness", "ipr"]
WRONG = ["safety", "racy", "memory", "locking", "barriers", "infr", "liveness"]


@dataclass
class Program:
    suite: str
    name: str
    sources: list
    flags: list = field(default_factory=list)
    violated: bool = False
    count: int = None  # None: not to be compared
    races: bool = False  # whether a data race is a violation
    liveness: bool = False  # whether a deadlock is


@dataclass
class Outcome:
    program: Program
    verdict: str  # held, violated, refused, slow, crashed
    count: int = 0
    blocked: int = 0
    rule: str = ""
    why: str = ""
    seconds: float = 0

    def agrees(self):
        return self.verdict == ("violated" if self.program.violated else "held")

    def equal(self):
        # Nidhugg counts what an assumption or a loop that waits cuts short.
        return self.program.count is None or self.verdict != "held" or \
            self.program.count in (self.count, self.count + self.blocked)


def compiler_flags(line):
    """Of a line of GenMC's args files: "-unroll=5 -- | -DN=3": what is behind the bar."""
    words = line.split("|", 1)[1].split() if "|" in line else []
    return [word for word in words if word.startswith(("-D", "-I"))]


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


def genmc_tests(folder):
    """Each as its kind, its category and its folder."""
    for kind, categories in (("correct", CORRECT), ("wrong", WRONG)):
        for category in categories:
            base = folder / "tests" / kind / category
            for test in sorted(path for path in base.glob("*") if path.is_dir()):
                yield kind, category, test


def genmc_program(folder, kind, category, test, source, line, expected):
    own = compiler_flags(line)
    flags = [flag.replace("-I./", f"-I{folder}/").replace("-Itests", f"-I{folder}/tests")
             for flag in own]
    flags += ["-idirafter", f"{folder}/include", "-D__CONFIG_GENMC_INODE_DATA_SIZE=64"]
    # Loops that are cut short after so many turns: executions of another program.
    found = re.match(r"\d+", expected.strip()) if "-unroll" not in line else None
    return Program(suite=f"genmc/{kind}/{category}",
                   name=f"{test.name}/{source.stem} {' '.join(own)}".strip(),
                   sources=[str(source)], flags=flags, violated=kind == "wrong",
                   count=int(found.group()) if found and kind == "correct" else None,
                   races="-disable-race-detection" not in line,
                   liveness=category == "liveness" and kind == "wrong")


def genmc_programs(folder):
    for kind, category, test in genmc_tests(folder):
        args = lines_of(test / "args.sc.mo.in") or lines_of(test / "args.sc.in") or [""]
        expected = lines_of(test / "expected.sc.mo.in") or lines_of(test / "expected.sc.in")
        expected += [""] * (len(args) - len(expected))
        for source in sorted(test.glob("variants/*.c")):
            for line, count in zip(args, expected):
                yield genmc_program(folder, kind, category, test, source, line, count)


def nidhugg_programs(folder):
    base = folder / "tests" / "smoke"
    for line in lines_of(base / "reference.results.txt"):
        found = re.match(r"(\w\S*)\s+(Allow|Forbid)\s*:\s*(\d+)", line)
        if not found:
            continue
        name, verdict, count = found.groups()
        source = base / "C-tests" / f"{name}.c"
        if not source.exists():
            continue
        # Without a line of their own: --rf, which has fewer classes.
        mode = re.search(r"// nidhuggc:(.*)", source.read_text())
        mode = mode.group(1).split() if mode else ["-rf"]
        same = "optimal" in " ".join(mode) and "unroll" not in " ".join(mode)
        yield Program("nidhugg/smoke", name, [str(source)], [], verdict == "Allow",
                      int(count) if verdict == "Forbid" and same else None)


def run(mmcheck, program, seconds):
    words = [mmcheck, "run", *program.sources, "--json"]
    words += [f"--cflag={flag}" for flag in program.flags]
    # What the peers do not judge.
    words.append("--allow=R-EXIT")
    words += [] if program.races else ["--allow=R-RACE"]
    words += [] if program.liveness else ["--allow=R-LIVE"]
    words += ["--cflag=-include", "--cflag=stdint.h"]  # clang's <stdatomic.h> includes it
    start = time.monotonic()
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return Outcome(program, "slow", seconds=seconds)
    elapsed = time.monotonic() - start
    if done.returncode == 2:
        why = [line for line in done.stderr.splitlines() if "error" in line or "mmcheck:" in line]
        return Outcome(program, "refused", why=why[-1] if why else "", seconds=elapsed)
    if done.returncode not in (0, 1):
        why = f"{done.returncode} {done.stderr.strip()[-200:]}"
        return Outcome(program, "crashed", why=why, seconds=elapsed)
    found = json.loads(done.stdout)
    return Outcome(program, found["verdict"], found["executions"], found["blocked"], found["rule"],
                   seconds=elapsed)


def add_to(totals, outcome):
    ran = outcome.verdict in ("held", "violated")
    counted = outcome.verdict == "held" and outcome.program.count is not None
    totals["programs"] += 1
    totals["ran" if ran else outcome.verdict] += 1
    totals["verdicts agree"] += outcome.agrees()
    totals["counts compared"] += counted
    totals["counts equal"] += counted and outcome.equal()


def line_of(outcome):
    program = outcome.program
    expected = "violated" if program.violated else f"held {program.count or ''}".strip()
    found = outcome.verdict
    if found == "held":
        found += f" {outcome.count} ({outcome.blocked} blocked)"
    return (f"{program.suite}/{program.name}: expected {expected}, found {found} "
            f"{outcome.rule}{outcome.why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("--genmc", type=Path)
    parser.add_argument("--nidhugg", type=Path)
    parser.add_argument("--only", default="", help="programs whose suite and name contain this")
    parser.add_argument("--seconds", type=float, default=20, help="for each program")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    programs = list(genmc_programs(options.genmc.resolve())) if options.genmc else []
    if options.nidhugg:
        programs += nidhugg_programs(options.nidhugg.resolve())
    programs = [p for p in programs if options.only in f"{p.suite}/{p.name}"]
    totals = Counter()
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(lambda p: run(options.mmcheck, p, options.seconds), programs):
            outcomes.append(outcome)
            add_to(totals, outcome)
            if not outcome.agrees() or not outcome.equal():
                print(line_of(outcome), flush=True)
    print(", ".join(f"{name} {number}" for name, number in totals.items()))
    if options.json:
        options.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
