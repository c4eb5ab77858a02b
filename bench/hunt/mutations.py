#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which mutations does hunt find, without any scenario?

    bench/hunt/mutations.py build/mmcheck [--executions 3000] [--time 60] [NAME ...]

For each mutation, `mmcheck hunt --first` looks for a program that breaks a rule in it and not in
the design that it mutates: first among all of two operations, then of three. Prints the program, or
`missed` with how far the search came, and at the end the share that was found. Exits with 1 if it
is less than 95 %.
"""
import argparse
import json
import subprocess
import sys
import time


# Operations, pages, and what is mapped at the start: what is quick comes first.
ROUNDS = (
    (2, 1, "shared"), (2, 1, "anon"), (2, 1, "private"), (2, 1, "vma-locks"), (2, 1, "no-memory"),
    (2, 2, "huge"), (2, 2, "anon-large"), (2, 2, "large"), (2, 3, "no-memory"),
    (3, 1, "shared"), (3, 1, "anon"), (3, 3, "no-memory"))


def lines_of(command):
    """The JSON objects that a command prints, a line each."""
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode not in (0, 1, 3, 4) or not run.stdout:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def hunt(arguments, mutation, operations, pages, start):
    """The first finding, or None, and the summary."""
    lines = lines_of([
        arguments.mmcheck, "hunt", "--first", "--json",
        "--design", mutation, "--against", mutation.split("/")[0],
        "--start", start, "--operations", str(operations), "--pages", str(pages),
        "--executions", str(arguments.executions), "--time", str(arguments.time)])
    return (lines[0] if len(lines) > 1 else None), lines[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--executions", type=int, default=3000)
    parser.add_argument("--time", type=float, default=60, help="seconds for one round")
    arguments = parser.parse_intermixed_args()
    designs = lines_of([arguments.mmcheck, "designs", "--json"])
    mutations = [design["design"] for design in designs if design.get("kind") == "mutation"]
    missed = []
    for mutation in arguments.names or mutations:
        begun = time.monotonic()
        found = None
        for operations, pages, start in ROUNDS:
            found, summary = hunt(arguments, mutation, operations, pages, start)
            if found:
                break
        seconds = time.monotonic() - begun
        if found:
            print(f"{mutation:<42} {found['rule']:<9} {found['program']} [{found['start']}]"
                  f"  {seconds:.1f} s", flush=True)
        else:
            missed.append(mutation)
            programs = sum(level["programs"] for level in summary["levels"])
            extent = "all" if summary["complete"] else "not all"
            print(f"{mutation:<42} missed    {programs} programs of the last start, {extent}"
                  f"  {seconds:.1f} s", flush=True)
    total = len(arguments.names or mutations)
    print(f"{total - len(missed)} of {total} found, {100 * (total - len(missed)) / total:.0f} %")
    return 1 if len(missed) > 0.05 * total else 0


if __name__ == "__main__":
    sys.exit(main())
