#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/thread.md against what is pinned: verdicts and executions of every cell of its claims.

    tests/thread/thread_page.py [--mmcheck PROGRAM] [--update]

A row of a table with the columns scenario, design, verdict, executions states the verdict of these
designs, and the number of executions, `least to most` of several. `all others` are all designs that
no other row of this scenario names; `all designs` the same, where no design is named. A scenario
stays the same until another is named.

In the table of designs, `breaks` has the rules that a design breaks under a scenario where
linux-6.12 does not, `holds` the scenarios where it is the other way round; costs are those of
`mmcheck cost`.

--update writes the numbers of executions anew, and nothing else. Prints each difference, and exits
with 1 if there is any.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/thread.md"
GOLDEN = "tests/model/matrix.golden"
SCENARIOS = "catalog/thread"
CLAIMS = 22
BASE = "linux-6.12"
HEADER = ["scenario", "design", "verdict", "executions"]
DESIGNS = ["design", "breaks", "holds"]
OTHERS = "all others"
ALL = "all designs"
CPUS = "16"


def read_golden(text):
    """{scenario: {design: (verdict, executions)}}"""
    cells = {}
    for line in text.splitlines():
        scenario, design, verdict, executions = line.split()
        cells.setdefault(scenario, {})[design] = (verdict, int(executions))
    return cells


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables_of(text, header):
    """The tables with these first columns, each as a list of (line number, cells)."""
    tables, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            inside = False
        elif cells_of(line)[: len(header)] == header:
            inside = True
            tables.append([])
        elif inside and not line.startswith("| ---"):
            tables[-1].append((number, cells_of(line)))
    return tables


def names_in(cell):
    return re.findall(r"`([^`]+)`", cell)


class Page:
    def __init__(self, text, golden, scenarios):
        self.text = text
        self.golden = golden
        self.scenarios = scenarios
        self.problems = []
        self.counts = {}  # line number: what its executions should be

    def problem(self, number, message):
        self.problems.append(f"{PAGE}:{number}: {message}")

    def check(self):
        rows = self.rows()
        for number, scenario, designs, verdict, executions in rows:
            self.check_row(number, scenario, designs, verdict, executions)
        stated = {}
        for _, scenario, designs, _, _ in rows:
            stated.setdefault(scenario, set()).update(designs)
        for scenario in self.scenarios:
            missing = set(self.golden.get(scenario, {})) - stated.get(scenario, set())
            if missing or scenario not in stated:
                self.problem(1, f"{scenario}: no verdict of {', '.join(sorted(missing)) or 'any'}")
        for number, line in enumerate(self.text.splitlines(), 1):
            for name in re.findall(r"\bclaim-\d\d[a-z]?\b", line):
                if name not in self.scenarios:
                    self.problem(number, f"there is no scenario {name}")
        headings = re.findall(r"^### (\d+)\. ", self.text, re.MULTILINE)
        if headings != [str(claim) for claim in range(1, CLAIMS + 1)]:
            self.problem(1, f"the claims are not 1 to {CLAIMS}, in order")

    def rows(self):
        """(line number, scenario, designs, verdict, executions) of each row."""
        rows = []
        for table in tables_of(self.text, HEADER):
            scenario = ""
            for number, cells in table:
                scenario = (names_in(cells[0]) or [scenario])[0]
                rows.append([number, scenario, names_in(cells[1]), *cells[2:4], cells[1]])
        for row in rows:
            if row[5] in (OTHERS, ALL):
                named = {design for other in rows if other[1] == row[1] for design in other[2]}
                row[2] = [name for name in self.golden.get(row[1], {}) if name not in named]
            if row[5] == ALL and not self.designs() <= set(row[2]):
                self.problem(row[0], f"{row[1]}: not {ALL}, since another row names some")
        return [row[:5] for row in rows]

    def check_row(self, number, scenario, designs, verdict, executions):
        pinned = self.golden.get(scenario, {})
        counts = []
        for design in designs:
            if design not in pinned:
                self.problem(number, f"{scenario} on {design} is not pinned")
                continue
            counts.append(pinned[design][1])
            if pinned[design][0] != verdict:
                self.problem(number, f"{scenario} on {design} is {pinned[design][0]},"
                                     f" not {verdict}")
        if not counts:
            self.problem(number, "a row without designs")
            return
        least, most = min(counts), max(counts)
        expected = str(least) if least == most else f"{least} to {most}"
        self.counts[number] = expected
        if executions != expected:
            self.problem(number, f"{scenario}: {expected} executions, not {executions}")

    def check_designs(self, costs):
        """The table of designs; without `costs`, only what it says of rules."""
        tables = tables_of(self.text, DESIGNS)
        rows = [row for table in tables for row in table]
        for number, cells in rows:
            design = names_in(cells[0])[0]
            breaks, holds = self.against_base(design)
            if set(re.findall(r"R-[A-Z]+", cells[1])) != breaks:
                self.problem(number, f"{design} breaks {', '.join(sorted(breaks)) or 'nothing'}")
            if set(names_in(cells[2])) != holds:
                self.problem(number, f"{design} holds under {', '.join(sorted(holds)) or 'no'}")
            if costs and cells[3:] != costs.get(design):
                self.problem(number, f"{design} costs {' | '.join(costs.get(design, []))}")
        listed = [names_in(cells[0])[0] for _, cells in rows]
        missing = self.designs() - set(listed)
        if missing:
            self.problem(1, f"the table of designs lacks {', '.join(sorted(missing))}")

    def designs(self):
        """Those with which every scenario is run; the rest are variants and mutations."""
        return set.intersection(*(set(cells) for cells in self.golden.values()))

    def against_base(self, design):
        breaks, holds = set(), set()
        for scenario, cells in self.golden.items():
            if design not in cells:
                continue
            verdict, base = cells[design][0], cells[BASE][0]
            if verdict not in ("held", base):
                breaks.add(verdict)
            if verdict == "held" and base != "held":
                holds.add(scenario)
        return breaks, holds

    def updated(self):
        lines = self.text.splitlines(keepends=True)
        for number, count in self.counts.items():
            cells = lines[number - 1].split("|")
            cells[4] = f" {count} "
            lines[number - 1] = "|".join(cells)
        return "".join(lines)


def costs_of(lines):
    """{design: [flushes by size, IPIs and longest time under the PTL for the largest]}"""
    costs = {}
    for line in lines:
        cost = json.loads(line)
        if cost["work"].startswith("munmap") and cost["pages"] > 1:
            costs.setdefault(cost["design"], []).append(cost)
    found = {}
    for design, cases in costs.items():
        cases.sort(key=lambda cost: cost["pages"])
        last = cases[-1]
        found[design] = [str(cost["flushes"]) for cost in cases]
        found[design] += [str(last["ipis"][CPUS]), str(last["ptl_longest"])]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mmcheck", help="the program; without it costs are not compared")
    parser.add_argument("--update", action="store_true", help="write numbers of executions anew")
    options = parser.parse_args()
    path = ROOT / PAGE
    scenarios = sorted(file.stem for file in (ROOT / SCENARIOS).glob("claim-*.litmus"))
    golden = read_golden((ROOT / GOLDEN).read_text(encoding="utf-8"))
    page = Page(path.read_text(encoding="utf-8"), golden, scenarios)
    page.check()
    if options.update:
        path.write_text(page.updated(), encoding="utf-8")
        page = Page(page.updated(), golden, scenarios)
        page.check()
    costs = {}
    if options.mmcheck:
        run = subprocess.run([options.mmcheck, "cost", "--json"], capture_output=True, text=True,
                             check=True)
        costs = costs_of(run.stdout.splitlines())
    page.check_designs(costs)
    if page.problems:
        sys.exit("\n".join(page.problems))


if __name__ == "__main__":
    main()
