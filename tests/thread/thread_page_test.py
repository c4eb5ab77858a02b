#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of thread_page.py: a page that is right, and each way in which it can be wrong."""

import unittest
from unittest import mock

import thread_page

GOLDEN = thread_page.read_golden("""
claim-01a   linux-6.1            held     4
claim-01a   linux-6.12           R-WRITE  2
claim-01a   s390                 held     7
claim-01a   linux-6.12/mutation  R-PIN    1
claim-02    linux-6.1            R-FREE   3
claim-02    linux-6.12           held     3
claim-02    s390                 held     3
""".strip())

PAGE = """
### 1. One
| scenario | design | verdict | executions | |
| --- | --- | --- | --- | --- |
| `claim-01a` | `linux-6.12` | R-WRITE | 2 | |
| | all others | held | 4 to 7 | |
| | `linux-6.12/mutation` | R-PIN | 1 | a step less |
### 2. Two
| scenario | design | verdict | executions | |
| --- | --- | --- | --- | --- |
| `claim-02` | `linux-6.12`, `s390` | held | 3 | |
| | all others | R-FREE | 3 | |
## Designs
| design | breaks | holds | flushes |
| --- | --- | --- | --- |
| `linux-6.1` | R-FREE | `claim-01a` | 2 |
| `linux-6.12` | - | - | 2 |
| `s390` | - | `claim-01a` | 9 |
"""

COSTS = {"linux-6.1": ["2"], "linux-6.12": ["2"], "s390": ["9"]}

# What is changed in the page, into what, and what is then said.
FAULTS = [
    ("| held | 4 to 7 |", "| R-FREE | 4 to 7 |", "claim-01a on s390 is held, not R-FREE"),
    ("R-PIN", "held", "claim-01a on linux-6.12/mutation is R-PIN, not held"),
    ("4 to 7", "4", "claim-01a: 4 to 7 executions, not 4"),
    ("| | all others | R-FREE | 3 | |\n", "", "claim-02: no verdict of linux-6.1"),
    ("| `claim-02`", "| `claim-01a`", "claim-02: no verdict of linux-6.1, linux-6.12, s390"),
    ("`linux-6.12/mutation`", "`linux-6.12/other`", "claim-01a on linux-6.12/other is not pinned"),
    ("all others | held", "all designs | held", "claim-01a: not all designs"),
    ("### 2. Two", "### 3. Three", "the claims are not 1 to 2"),
    ("a step less", "as claim-09z", "there is no scenario claim-09z"),
    ("| `linux-6.12`, `s390` |", "| |", "a row without designs"),
    ("| R-FREE | `claim-01a` |", "| - | `claim-01a` |", "linux-6.1 breaks R-FREE"),
    ("| - | `claim-01a` | 9", "| - | - | 9", "s390 holds under claim-01a"),
    ("| 9 |", "| 8 |", "s390 costs 9"),
    ("| `s390` | - | `claim-01a` | 9 |\n", "", "the table of designs lacks s390"),
]


def problems_of(text):
    page = thread_page.Page(text, GOLDEN, ["claim-01a", "claim-02"])
    with mock.patch.object(thread_page, "CLAIMS", 2):
        page.check()
    page.check_designs(COSTS)
    return page.problems


class ThreadPage(unittest.TestCase):
    def test_that_is_right(self):
        self.assertEqual(problems_of(PAGE), [])

    def test_each_fault_is_found(self):
        for old, new, message in FAULTS:
            with self.subTest(old=old, new=new):
                self.assertIn(old, PAGE)
                found = problems_of(PAGE.replace(old, new, 1))
                self.assertTrue(any(message in problem for problem in found), found)

    def test_that_nothing_else_is_said_of_a_wrong_number(self):
        self.assertEqual(problems_of(PAGE.replace("4 to 7", "5")),
                         ["docs/thread.md:6: claim-01a: 4 to 7 executions, not 5"])

    def test_update_mends_numbers_and_no_verdicts(self):
        wrong = PAGE.replace("4 to 7", "5").replace("R-PIN", "held")
        page = thread_page.Page(wrong, GOLDEN, ["claim-01a", "claim-02"])
        page.check()
        self.assertEqual(page.updated(), PAGE.replace("R-PIN", "held"))

    def test_costs_are_those_of_unmapping_many_pages(self):
        line = ('{"design": "d", "work": "%s", "pages": %d, "flushes": %d, "ipis": {"16": %d},'
                ' "ptl_longest": 5}')
        lines = [line % case for case in [("munmap of 1", 1, 7, 8), ("munmap of 8", 8, 2, 3),
                                          ("munmap of 512", 512, 4, 6), ("fork", 8, 9, 9)]]
        self.assertEqual(thread_page.costs_of(lines), {"d": ["2", "4", "6", "5"]})


if __name__ == "__main__":
    unittest.main()
