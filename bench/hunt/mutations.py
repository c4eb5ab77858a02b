#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which mutations does hunt find, without any scenario?

    bench/hunt/mutations.py build/mmcheck [--executions 3000] [--time 60] [NAME ...]
    bench/hunt/mutations.py build/mmcheck --output docs/rules/programs [--rule R-NAME] [NAME ...]

For each mutation, `mmcheck hunt --first` looks for a program that breaks a rule in it and not in
the design that it mutates: first among all of two operations, then of three. Prints the program, or
`missed` with how far the search came, and at the end the share that was found. Exits with 1 if it
is less than 95 %.

With --output it looks for each rule that the catalog expects a mutation to break, and for what
designs are known for (DESIGNS), and writes what it finds as DIR/RULE/NAME.litmus. A program that is
there already is left alone, unless --again is given. `mmcheck rules --book` makes pages of them.

    --rule R-NAME       only this rule
    --rounds ROUNDS     instead of all, for example "2:1:shared 3:3:no-memory 4:1:anon:load,store"
    --against NAME      instead of the design that is mutated
    --as NAME           write it by this name: a second program of one design
    --processes 2       instead of 1
    --threads 2         instead of 3
"""
import argparse
import json
import shlex
import subprocess
import sys
import textwrap
import time
from pathlib import Path


# Operations, pages, what is mapped at the start, and, where not all, the calls that programs are
# made of and how many threads: what is quick comes first. With all calls three operations take
# minutes, four take hours.
ROUNDS = (
    (2, 1, "shared"), (2, 1, "anon"), (2, 1, "private"), (2, 1, "vma-locks"), (2, 1, "no-memory"),
    (2, 1, "shared-clean"), (2, 1, "shared-none"), (2, 1, "anon-none"),
    (2, 2, "huge"), (2, 2, "anon-large"), (2, 2, "large"), (2, 2, "anon"), (2, 3, "no-memory"),
    (3, 1, "shared", "store,munmap,dontneed,mmap-file,fsync,exit,migrate"),
    (3, 1, "shared-clean", "load,store,munmap,dontneed,reclaim"),
    (3, 1, "anon", "load,store,munmap,dontneed,reclaim,gup"),
    (3, 1, "private", "load,store,munmap,dontneed"),
    (4, 1, "shared", "store,munmap,fsync,yield"),
    (4, 1, "shared-clean", "load,dontneed,reclaim"),
    (4, 1, "anon", "load,store,reclaim"),
    (4, 1, "anon", "gup,munmap,offline,remove"), (4, 1, "anon", "gup,dontneed,offline,remove"),
    (4, 2, "shared", "store,dontneed,fsync,schedule"),
    (5, 1, "shared", "pin,dirty-lock,fsync,referenced,reclaim"),
    (1, 4, "batches"), (2, 1, "anon-clean"), (2, 1, "anon-vma-locks"),
    (2, 1, "fork"), (2, 1, "fork-private"),
    (3, 1, "fork-vma-locks", "load,store,fork"),
    (3, 1, "fork", "load,store,munmap,exit,gup,pin,copy,put,fork,rmap-walk"),
    (4, 1, "fork", "store,gup-read,pin-read,pin,copy-from,fork"),
    (5, 1, "fork", "store,gup-read,munmap,copy-from,fork"),
    (5, 1, "anon", "gup,munmap,offline,synchronize-rcu,remove"),
    (3, 1, "shared", "load,store,read-only,no-access,writable,msync"),
    (3, 1, "anon", "load,store,free,read-only,no-access,writable,reclaim"),
    (4, 1, "shared-clean", "store,read-only,writable,munmap,msync"),
    (3, 1, "anon", "free,gup,copy,dirty,reclaim"),
    (5, 1, "anon", "store,free,read-only,reclaim"),
    (6, 1, "anon", "free,gup,copy,dirty,put,reclaim", "2"),
    (3, 2, "shared", "store,mremap,msync,fsync,truncate"),
    (3, 2, "anon", "load,store,mremap,mremap-keep,reclaim"),
    (2, 1, "twice", "load,store,munmap,dontneed"), (3, 2, "twice", "munmap,mremap,fsync"),
    (3, 1, "shared"), (3, 1, "anon"), (3, 3, "no-memory"))

# Designs that somebody proposed or shipped: the rule each breaks, and a design that keeps it.
DESIGNS = (
    ("linux-6.1", "R-WRITE", "linux-6.12"),
    ("torvalds-dirty-in-batch", "R-FS", "linux-6.12"),
    ("dirty-lock-hashed", "R-FS", "linux-6.12"),
    ("torvalds-rmap-at-free", "R-ANON", "linux-6.12"),
    ("torvalds-rmap-at-free-file-only", "R-COUNT", "linux-6.12"),
    ("amit-tlb-generation", "R-COUNT", "linux-6.12"),
    ("linux-6.1-pae-pv", "R-TORN", "linux-6.12"),
    ("linux-6.1-pae-pv-fixed", "R-TORN", "linux-6.12"),
    ("linux-6.1-s390", "R-META", "linux-6.12"),
    ("linux-6.12/kvm", "R-META", "linux-6.12"),
    ("linux-6.12", "R-COHERE", "flush-every-page"),
    ("linux-6.12-arm64", "R-COHERE", "linux-6.12"),
)


def lines_of(command):
    """The JSON objects that a command prints, a line each."""
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode not in (0, 1, 3, 4) or not run.stdout:
        sys.exit(f"{shlex.join(command)}: exit code {run.returncode}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def base_of(design):
    """The design that a mutation mutates; where its change of linux-6.12 is made on s390, the one
    that keeps the rules there: what the hardware breaks is not what the mutation breaks."""
    if design.get("summary", "").startswith("on s390:"):
        return "linux-6.1-s390"
    return design["design"].split("/")[0]


def hunt_options(arguments, target, round_):
    """What `mmcheck hunt` is given in this round, but for its limits."""
    design, rule, against = target
    operations, pages, start, *rest = round_
    calls, threads = *rest, *("", arguments.threads)[len(rest):]
    options = ["--design", design, "--against", against]
    options += ["--rule", rule] if rule else []
    options += ["--first", "--operations", str(operations), "--pages", str(pages), "--start", start]
    options += ["--processes", arguments.processes] if arguments.processes != "1" else []
    options += ["--threads", threads] if threads != "3" else []
    return options + (["--calls", calls] if calls else [])


def hunt(arguments, target):
    """(finding or None, the options that found it, the last summary)"""
    for round_ in arguments.rounds:
        options = hunt_options(arguments, target, round_)
        lines = lines_of([arguments.mmcheck, "hunt", *options, "--json", "--executions",
                          str(arguments.executions), "--time", str(arguments.time)])
        if len(lines) > 1:
            return lines[0], options, lines[-1]
    return None, options, lines[-1]


def write_program(arguments, target, finding, options):
    """The finding as a scenario that says what breaks it, and how it was found."""
    design, _, against = target
    title, rest = finding["scenario"].split("\n", 1)
    path = program_path(arguments, finding["rule"], design)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"{title}\n\n(* Found by\n   mmcheck hunt {command_of(options)} *)\n{rest}\n"
        f"expect {{\n  {design}: {finding['rule']};\n  {against}: held;\n}}\n", encoding="utf-8")


def command_of(options):
    """The command's options, broken into lines for a shell."""
    lines = textwrap.wrap(shlex.join(options), width=80, break_long_words=False,
                          break_on_hyphens=False)
    return " \\\n     ".join(lines)


def program_path(arguments, rule, design):
    return Path(arguments.output, rule, f"{arguments.name or design}.litmus")


def targets(arguments):
    """(design, rule or None, design that keeps it) of each hunt."""
    designs = lines_of([arguments.mmcheck, "designs", "--json"])
    bases = {design["design"]: base_of(design) for design in designs
             if design.get("kind") == "mutation" or design["design"] in arguments.names}
    if not arguments.output:
        return [(name, None, bases[name]) for name in arguments.names or bases]
    if arguments.rule and arguments.names:
        return [(name, arguments.rule, arguments.against or bases[name])
                for name in arguments.names]
    found = [(name, rule, bases[name]) for name, rule in sorted(expected_rules(arguments))
             if name in bases and "/" in name]
    found += DESIGNS
    return [target for target in found
            if (not arguments.names or target[0] in arguments.names)
            and (not arguments.rule or target[1] == arguments.rule)
            and (arguments.again or not program_path(arguments, target[1], target[0]).exists())]


def expected_rules(arguments):
    """Pairs of a design and a rule that some scenario of the catalog expects it to break."""
    scenarios = lines_of([arguments.mmcheck, "list", "--json"])
    return {(expected["design"], expected["rule"]) for scenario in scenarios
            for expected in scenario["expectations"] if expected["rule"]}


def round_of(text):
    operations, pages, *rest = text.split(":")
    return int(operations), int(pages), *rest


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--executions", type=int, default=3000)
    parser.add_argument("--time", type=float, default=60, help="seconds for one round")
    parser.add_argument("--output", metavar="DIR", help="write programs to DIR/RULE/NAME.litmus")
    parser.add_argument("--again", action="store_true", help="also those that are there")
    parser.add_argument("--rule")
    parser.add_argument("--rounds", type=str, default="")
    parser.add_argument("--against")
    parser.add_argument("--as", dest="name")
    parser.add_argument("--processes", default="1")
    parser.add_argument("--threads", default="3")
    arguments = parser.parse_intermixed_args()
    arguments.rounds = [round_of(text) for text in arguments.rounds.split()] or ROUNDS
    return arguments


def main():
    arguments = parsed()
    missed = []
    wanted = targets(arguments)
    for target in wanted:
        begun = time.monotonic()
        found, options, summary = hunt(arguments, target)
        seconds = time.monotonic() - begun
        name = f"{target[0]:<42} "
        if found:
            if arguments.output:
                write_program(arguments, target, found, options)
            print(f"{name}{found['rule']:<9} {found['program']} [{found['start']}]"
                  f"  {seconds:.1f} s", flush=True)
        else:
            missed.append(target)
            programs = sum(level["programs"] for level in summary["levels"])
            extent = "all" if summary["complete"] else "not all"
            print(f"{name}{target[1] or '':<9} missed    {programs} programs of the last start,"
                  f" {extent}  {seconds:.1f} s", flush=True)
    total = len(wanted)
    share = 100 * (total - len(missed)) / total if total else 100
    print(f"{total - len(missed)} of {total} found, {share:.0f} %")
    return 1 if len(missed) > 0.05 * total else 0


if __name__ == "__main__":
    sys.exit(main())
