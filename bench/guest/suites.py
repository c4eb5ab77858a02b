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


def genmc_programs(folder):
    for kind, categories in (("correct", CORRECT), ("wrong", WRONG)):
        for category in categories:
            base = folder / "tests" / kind / category
            for test in sorted(path for path in base.glob("*") if path.is_dir()):
                args = lines_of(test / "args.sc.mo.in") or lines_of(test / "args.sc.in") or [""]
                expected = lines_of(test / "expected.sc.mo.in") or lines_of(test / "expected.sc.in")
                for source in sorted(test.glob("variants/*.c")):
                    for i, line in enumerate(args):
                        flags = [flag.replace("-I./", f"-I{folder}/").replace("-Itests", f"-I{folder}/tests")
                                 for flag in compiler_flags(line)]
                        count = None
                        # Loops that are cut short after so many turns: executions of another program.
                        if kind == "correct" and i < len(expected) and "-unroll" not in line:
                            found = re.match(r"\d+", expected[i].strip())
                            count = int(found.group()) if found else None
                        flags += ["-idirafter", f"{folder}/include", "-D__CONFIG_GENMC_INODE_DATA_SIZE=64"]
                        yield Program(f"genmc/{kind}/{category}", f"{test.name}/{source.stem} {' '.join(compiler_flags(line))}".strip(),
                                      [str(source)], flags, kind == "wrong", count,
                                      "-disable-race-detection" not in line)


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
        same = any("optimal" in word for word in mode) and not any("unroll" in word for word in mode)
        yield Program("nidhugg/smoke", name, [str(source)], [], verdict == "Allow",
                      int(count) if verdict == "Forbid" and same else None)


def run(mmcheck, program, seconds):
    words = [mmcheck, "run", *program.sources, "--json"]
    words += [f"--cflag={flag}" for flag in program.flags]
    # What the peers do not judge.
    words += ["--allow=R-LIVE", "--allow=R-EXIT"] + ([] if program.races else ["--allow=R-RACE"])
    words += ["--cflag=-include", "--cflag=stdint.h"]  # clang's <stdatomic.h> includes it
    start = time.monotonic()
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return Outcome(program, "slow", seconds=seconds)
    elapsed = time.monotonic() - start
    if done.returncode == 2:
        why = [line for line in done.stderr.splitlines() if "error" in line or "mmcheck:" in line]
        return Outcome(program, "refused", why=why[-1], seconds=elapsed)
    if done.returncode not in (0, 1):
        return Outcome(program, "crashed", why=f"{done.returncode} {done.stderr.strip()[-200:]}", seconds=elapsed)
    found = json.loads(done.stdout)
    return Outcome(program, found["verdict"], found["executions"], found["blocked"], found["rule"],
                   seconds=elapsed)


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
    programs = []
    if options.genmc:
        programs += genmc_programs(options.genmc.resolve())
    if options.nidhugg:
        programs += nidhugg_programs(options.nidhugg.resolve())
    programs = [p for p in programs if options.only in f"{p.suite}/{p.name}"]
    totals = Counter()
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(lambda p: run(options.mmcheck, p, options.seconds), programs):
            outcomes.append(outcome)
            p = outcome.program
            ran = outcome.verdict in ("held", "violated")
            totals["programs"] += 1
            totals[outcome.verdict if not ran else "ran"] += 1
            totals["agree"] += outcome.agrees()
            totals["counts"] += ran and p.count is not None and outcome.verdict == "held"
            totals["equal"] += ran and p.count is not None and outcome.verdict == "held" and outcome.equal()
            if not outcome.agrees() or not outcome.equal():
                expected = "violated" if p.violated else f"held {p.count}"
                print(f"{p.suite}/{p.name}: expected {expected}, found {outcome.verdict} "
                      f"{outcome.count} ({outcome.blocked} blocked) {outcome.rule} {outcome.why}", flush=True)
    print(dict(totals))
    if options.json:
        options.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
