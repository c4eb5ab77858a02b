#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures mmcheck and other checkers on the same programs, alternating, in one run.

    bench/peers/peers.py --genmc PATH --nidhugg PATH --clang PATH --spin PATH

A peer whose path is not given is left out, and the output says so. Prints tables, or --json. Exits
with 1 if a checker's number of executions or verdict is not the one expected: the figures of the
run are then worth nothing.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import tables
import tools
from tools import Task

TRIVIAL = Task("trivial")
RATE = (Task("fib_bench", (5,)), Task("lastzero", (15,)), Task("race", (3, 2)))
FIND = (Task("race", (1, 1), buggy=True), Task("race", (3, 2), buggy=True))
VERIFY = (Task("race", (1, 1)), Task("race", (3, 2)))
STATES = (Task("fib_bench", (5,)), Task("lastzero", (10,)))

# Of the literature and of the peers' own tests (fib_bench, lastzero), and where four engines agree
# (race). Each is the number of classes of equivalent executions.
PUBLISHED = {
    TRIVIAL: 1,
    Task("fib_bench", (5,)): 218243,
    Task("lastzero", (10,)): 3328,
    Task("lastzero", (15,)): 147456,
    Task("race", (1, 1)): 7,
    Task("race", (3, 2)): 1576,
}


@dataclass
class Measurement:
    task: Task
    tool: str
    prepare: float = 0.0
    runs: list = field(default_factory=list)
    answer: tools.Answer = None
    problem: str = ""  # why there is no answer, or why it cannot be right
    timed_out: bool = False

    def median(self, of):
        return statistics.median(getattr(run, of) for run in self.runs)

    def rss_kb(self):
        return self.answer.rss_kb or max(run.rss_kb for run in self.runs)

    def spent(self):
        return sum(run.wall for run in self.runs)

    def usable(self):
        return self.answer is not None and not self.timed_out


def problem_of(tool, task, answer):
    """What in an answer differs from what is known of the program."""
    if answer.violated != task.buggy:
        return "violation reported" if answer.violated else "the violation was not found"
    if not answer.complete:
        return "the search was not complete"
    known = PUBLISHED.get(task)
    if tool.counts == "executions" and known is not None and answer.executions != known:
        return f"{answer.executions} executions, published are {known}"
    return ""


def measure_once(tool, measurement, folder, options):
    run = tools.run(tool.command(measurement.task, folder), folder, options.timeout)
    measurement.runs.append(run)
    if run.timed_out:
        measurement.timed_out = True
        return
    if run.status < 0:
        raise tools.Failed(f"ended by signal {-run.status}:\n{run.output[-2000:]}")
    answer = tool.parse(run.output)
    before = measurement.answer
    if before is not None and before.executions != answer.executions:
        raise tools.Failed(f"{answer.executions} {tool.counts}, {before.executions} before")
    measurement.answer = answer
    measurement.problem = problem_of(tool, measurement.task, answer)


def measure(task, runnable, folder, options):
    """Repetitions in turns, so that what disturbs the machine disturbs all alike."""
    made = {tool.name: Measurement(task, tool.name) for tool in runnable}
    for repetition in range(options.repetitions):
        for tool in runnable:
            measurement = made[tool.name]
            over = measurement.spent() > options.budget and repetition > 0
            if measurement.problem or measurement.timed_out or over:
                continue
            print(f"{task.title()}: {tool.name} {repetition + 1}/{options.repetitions}",
                  file=sys.stderr)
            try:
                if repetition == 0:
                    measurement.prepare = tool.prepare(task, folder, options.timeout)
                measure_once(tool, measurement, folder, options)
            except tools.Failed as failed:
                measurement.problem = str(failed)
    return list(made.values())


def tasks_of(tool):
    """SPIN has the programs for which storing states is the better way."""
    if tool.counts == "states":
        return set(STATES)
    return {TRIVIAL, *RATE, *FIND, *VERIFY} | (set(STATES) if tool.name == "mmcheck" else set())


def measure_all(runnable, options):
    """{(task, name of the tool): Measurement}"""
    measured = {}
    tasks = dict.fromkeys((TRIVIAL, *VERIFY, *FIND, *RATE, *STATES))
    with tempfile.TemporaryDirectory(prefix="mmcheck-peers-") as folder:
        for task in tasks:
            if not re.search(options.only, task.title()) and task != TRIVIAL:
                continue
            taking_part = [tool for tool in runnable if task in tasks_of(tool)]
            for measurement in measure(task, taking_part, folder, options):
                measured[task, measurement.tool] = measurement
    return measured


def start_seconds(measured, name):
    """User time of a tool on a program of one execution."""
    trivial = measured.get((TRIVIAL, name))
    return trivial.median("user") if trivial is not None and trivial.usable() else 0.0


def search_seconds(measured, measurement):
    return max(measurement.median("user") - start_seconds(measured, measurement.tool), 0.0)


def to_json(measured, about):
    rows = []
    for measurement in measured.values():
        row = {"program": measurement.task.program, "numbers": measurement.task.numbers,
               "buggy": measurement.task.buggy, "tool": measurement.tool,
               "repetitions": len(measurement.runs), "timed_out": measurement.timed_out,
               "problem": measurement.problem, "prepare_s": measurement.prepare}
        if measurement.usable():
            answer = measurement.answer
            count = "states" if measurement.tool == "spin" else "executions"
            row |= {count: answer.executions, "blocked": answer.blocked,
                    "violated": answer.violated, "rss_kb": measurement.rss_kb(),
                    "search_user_s": search_seconds(measured, measurement), **(answer.more or {})}
            for name in ("user", "wall"):
                seconds = [getattr(run, name) for run in measurement.runs]
                row |= {f"{name}_s": measurement.median(name), f"{name}_min_s": min(seconds),
                        f"{name}_max_s": max(seconds)}
        rows.append(row)
    return json.dumps({**about, "measurements": rows}, indent=2)


def to_text(measured, about):
    def pick(tasks, names=("mmcheck", "genmc", "nidhugg")):
        found = [[measured.get((task, name)) for name in names] for task in tasks]
        return [[m for m in row if m is not None] for row in found if any(row)]

    def seconds(measurement):
        return search_seconds(measured, measurement)

    lines = tables.heading(about)
    lines += tables.rates(pick(RATE), seconds)
    lines += tables.walls("Time to find the violation", pick(FIND))
    lines += tables.walls("Time to verify the fix", pick(VERIFY))
    lines += tables.walls("Time for a program of one execution", pick((TRIVIAL,)))
    if any(tool == "spin" for _, tool in measured):
        lines += tables.states(pick(STATES, ("mmcheck", "spin")), seconds)
    return "\n".join(lines)


def parse_options():
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--classic", default=root / "build/bench/peers/bench_classic",
                        help="our side (%(default)s; cmake -DBUILD_BENCH=ON)")
    for name, text in (("genmc", "GenMC"), ("nidhugg", "Nidhugg"), ("spin", "SPIN")):
        parser.add_argument(f"--{name}", metavar="PATH", help=text)
    parser.add_argument("--genmc-options", default="", metavar="TEXT",
                        help="more of them, such as --schedule-policy=ltr")
    parser.add_argument("--nidhugg-options", default="--optimal", metavar="TEXT",
                        help="instead of %(default)s")
    parser.add_argument("--clang", metavar="PATH", help="of the LLVM that Nidhugg is built with")
    parser.add_argument("--cc", metavar="PATH", default=shutil.which("cc"),
                        help="compiles what SPIN makes (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--budget", type=float, default=30, metavar="SECONDS",
                        help="a tool is not run again on a program after this time (%(default)s)")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS",
                        help="of one run (%(default)s)")
    parser.add_argument("--only", default="", metavar="REGEX", help="programs: `race`, `fib`, ...")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name in ("classic", "genmc", "nidhugg", "spin", "clang", "cc"):
        path = getattr(options, name)
        if path is not None:  # processes run in a folder of their own
            setattr(options, name, str(Path(path).absolute()))
    return options


def main():
    options = parse_options()
    every = [kind(options) for kind in tools.ALL]
    missing = {tool.name: tool.missing() for tool in every if tool.missing()}
    runnable = [tool for tool in every if tool.name not in missing]
    about = {"cpus": os.cpu_count(), "load_before": os.getloadavg()[0],
             "versions": {tool.name: tool.version() for tool in runnable}, "missing": missing}
    measured = measure_all(runnable, options)
    about["load_after"] = os.getloadavg()[0]
    print(to_json(measured, about) if options.json else to_text(measured, about))
    problems = [f"{m.task.title()}: {m.tool}: {m.problem}" for m in measured.values() if m.problem]
    for problem in problems:
        print(f"DISAGREEMENT: {problem}", file=sys.stderr)
    return 1 if problems or "mmcheck" in missing else 0


if __name__ == "__main__":
    sys.exit(main())
