#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the campaigns that the rule book's answers rest on, and holds the page against them.

    bench/hunt/questions.py build/mmcheck [--update] [PATTERN]

Rows of docs/rules/README.md that begin with a command, | `mmcheck hunt ...` | programs | result |,
are campaigns. Each is run again (those whose command matches PATTERN, if there is one), which takes
minutes for some. Prints each, and what the page says where it differs; then it exits with 1, or,
with --update, writes what was measured. Besides programs it counts those that the model cannot run,
and those whose search was cut short, for too many states or a deadlock in a part of them.
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
WORDS = {"programs": "", "refused": "; not run: ", "cut_short": "; cut short: ",
         "failed": "; failed: "}


def measure(mmcheck, command):
    """What the row should say: programs, and the result."""
    run = subprocess.run([mmcheck, *shlex.split(command), "--json"], stdout=subprocess.PIPE,
                         text=True, check=False)
    if run.returncode not in (0, 1, 3, 4) or not run.stdout:
        sys.exit(f"mmcheck {command}: exit code {run.returncode}")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    summary, findings = lines[-1], lines[:-1]
    counts = {key: sum(level[key] for level in summary["levels"])
              for key in ("programs", "refused", "cut_short", "failed")}
    programs = "".join(f"{word}{counts[key]:,}" for key, word in WORDS.items() if counts[key])
    extent = "" if all(level["done"] for level in summary["levels"]) else ", not all"
    result = "held" + extent
    if findings:
        first = {}
        for finding in findings:
            first.setdefault(finding["rule"], f"{finding['program']} [{finding['start']}]")
        extent = "" if "--first" in command else extent
        result = "; ".join(f"{rule}: `{first[rule]}`" for rule in sorted(first)) + extent
    return programs, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_intermixed_args()
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
