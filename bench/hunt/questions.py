#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the campaigns that the rule book's answers rest on, and holds the page against them.

    bench/hunt/questions.py build/mmcheck [--update] [PATTERN]

Rows of docs/rules/README.md that begin with a command, | `mmcheck hunt ...` | programs | result |,
are campaigns. Each is run again (those whose command matches PATTERN, if there is one), which takes
minutes for most. Prints each row that differs, and exits with 1 if there is one; --update writes
what was measured instead.
"""
import argparse
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/rules/README.md"
ROW = re.compile(r"^\| `mmcheck (hunt [^`]*)` \|.*\|$")


def measure(mmcheck, command):
    """What the row should say: programs, and the result."""
    run = subprocess.run([mmcheck, *shlex.split(command), "--json"], stdout=subprocess.PIPE,
                         text=True, check=False)
    if run.returncode not in (0, 1, 3):
        sys.exit(f"mmcheck {command}: exit code {run.returncode}")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    summary, findings = lines[-1], lines[:-1]
    programs = sum(level["programs"] for level in summary["levels"])
    unrun = sum(level["refused"] + level["cut_short"] for level in summary["levels"])
    extent = "" if summary["complete"] or "--first" in command else ", not complete"
    result = f"held{extent}"
    if findings:
        first = {}
        for finding in findings:
            first.setdefault(finding["rule"], f"{finding['program']} [{finding['start']}]")
        result = "; ".join(f"{rule}: `{first[rule]}`" for rule in sorted(first)) + extent
    return f"{programs:,}" + (f", {unrun:,} not run" if unrun else ""), result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    differ = 0
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        row = ROW.match(line)
        if not row or not re.search(arguments.pattern, row[1]):
            continue
        programs, result = measure(arguments.mmcheck, row[1])
        measured = f"| `mmcheck {row[1]}` | {programs} | {result} |"
        print(measured, flush=True)
        if measured == line:
            continue
        differ += 1
        if arguments.update:
            text = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(text.replace(line, measured), encoding="utf-8")
        else:
            print(f"  but the page says\n{line}", flush=True)
    return 1 if differ and not arguments.update else 0


if __name__ == "__main__":
    sys.exit(main())
