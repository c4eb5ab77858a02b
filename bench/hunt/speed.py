#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast are campaigns, and where does their time go?

    bench/hunt/speed.py build/mmcheck [--design linux-6.12] [--programs 2000] [--rounds 3] [--perf]

For 2 and 3 operations a sample of programs, the same each time, is explored by one thread: the
median of programs, executions and steps a second, of the clock and of CPU time, without and with
`--coverage` in turns. With --perf, the share of the samples that fall to each part of the program.
"""
import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile

# The first that matches counts. Of an inlined function, the one that it is inlined in.
PARTS = (
    ("the kernel: stacks, memory", r"^\[k\]"),
    ("scout: few preemptions first", r"Bounded|search_bounded"),
    ("states: search, hashes", r"[Ss]tateful|XXH|hash_of|[Hh]ash"),
    ("log: accesses, clocks, predecessors", r"TraceLog|merge_step|append_step"),
    ("DPOR: races, wakeup trees, search", r"Race|Lane|Node|insert|begins|[Dd]por|Branch"),
    ("running and taking back steps", r"Engine|Fibers|fcontext|Rewinder|memmove|memcpy"),
    ("parsing, building the scenario", r"pegtl|parse|workload|hunt"),
    ("the model", r"mmcheck::(machine|kernel|mm|fs|rules)"),
    ("malloc and free", r"malloc|free|operator new|operator delete|_int_|realloc"),
    ("the rest", r""),
)


def campaign(options, operations):
    return [options.mmcheck, "hunt", "--design", options.design, "--operations", str(operations),
            "--programs", str(options.programs), "-j", "1", "--json"]


def run(command):
    """Programs, executions, steps, seconds by the clock, seconds of CPU time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    summary = next(line for line in lines if line["schema"] == "mmcheck.hunt/1")
    # All levels: of N operations there are those of fewer, too.
    sums = [sum(level[key] for level in summary["levels"])
            for key in ("programs", "executions", "steps")]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return sums + [summary["seconds"], cpu]


def measure(options, operations):
    runs = {"": [], "--coverage": []}
    for _ in range(options.rounds):
        for extra, results in runs.items():
            results.append(run(campaign(options, operations) + ([extra] if extra else [])))
    for extra, results in runs.items():
        rates = [statistics.median(result[i] / result[j] for result in results)
                 for j in (3, 4) for i in (0, 1, 2)]
        print(f"{operations} operations {extra:<10}  a second: {rates[0]:,.0f} programs, "
              f"{rates[1]:,.0f} executions, {rates[2]:,.0f} steps; "
              f"of CPU time: {rates[3]:,.0f}, {rates[4]:,.0f}, {rates[5]:,.0f}")


def profile(options, operations):
    shares = dict.fromkeys((name for name, _ in PARTS), 0.0)
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        subprocess.run(["perf", "record", "-q", "-F", "997", "-o", data,
                        *campaign(options, operations)], stdout=subprocess.DEVNULL, check=False)
        report = subprocess.run(["perf", "report", "-i", data, "--no-children", "--sort", "symbol",
                                 "--stdio", "-q"], stdout=subprocess.PIPE, text=True, check=True)
    for line in report.stdout.splitlines():
        found = re.match(r"\s*([\d.]+)%\s+(\[.\].*)", line)
        if found:
            part = next(name for name, pattern in PARTS if re.search(pattern, found[2]))
            shares[part] += float(found[1])
    print(f"{operations} operations, shares of CPU time:")
    for name, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        print(f"  {share:5.1f} %  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmcheck")
    parser.add_argument("--design", default="linux-6.12")
    parser.add_argument("--programs", type=int, default=2000, help="of each number of operations")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--perf", action="store_true", help="needs perf")
    options = parser.parse_args()
    for operations in (2, 3):
        measure(options, operations)
        if options.perf:
            profile(options, operations)
    return 0


if __name__ == "__main__":
    sys.exit(main())
