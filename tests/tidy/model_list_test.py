#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of scripts/model_list.py: what it reads from comments, and that an old page is seen."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/model_list.py"
sys.path.insert(0, str(SCRIPT.parent))

import model_list  # noqa: E402: found by the line above

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"

# Citation in a comment, and the (file, function, version) that it names.
CITATIONS = [
    ("linux v6.12 mm/gup.c: gup_fast", [("mm/gup.c", "gup_fast", "v6.12")]),
    ("linux v6.12 mm/rmap.c: folio_mkclean. The page is locked.",
     [("mm/rmap.c", "folio_mkclean", "v6.12")]),
    ("Frees it. linux v6.12 mm/a.c: a_b, c_d; fs/e.c: f_g",
     [("mm/a.c", "a_b", "v6.12"), ("mm/a.c", "c_d", "v6.12"), ("fs/e.c", "f_g", "v6.12")]),
    ("linux v6.12 mm/a.c: a_b,\nc_d\nA sentence.",
     [("mm/a.c", "a_b", "v6.12"), ("mm/a.c", "c_d", "v6.12")]),
    ("linux v6.1 mm/a.c: a_b; v6.12 mm/b.c: c_d",
     [("mm/a.c", "a_b", "v6.1"), ("mm/b.c", "c_d", "v6.12")]),
    ("linux v6.12 mm/a.c: a_b (v6.1: c_d, of one page)",
     [("mm/a.c", "a_b", "v6.12"), ("mm/a.c", "c_d", "v6.1")]),
    ("linux v6.1 mm/a.c: a_b; v6.12 also c_d",
     [("mm/a.c", "a_b", "v6.1"), ("mm/a.c", "c_d", "v6.12")]),
    ("linux v6.12 mm/a.c: a_b; v6.1 inlines it in c_d", [("mm/a.c", "a_b", "v6.12")]),
    ("linux v6.12 mm/a.c: munlock", [("mm/a.c", "munlock", "v6.12")]),
    ("linux v6.12 mm/a.c: a_b, of one page table", [("mm/a.c", "a_b", "v6.12")]),
    ("linux v6.12 mm/a.c: the checks before that", [("mm/a.c", "", "v6.12")]),
    ("linux mm/a.c, arch/*/b.h", [("mm/a.c", "", None), ("arch/*/b.h", "", None)]),
    ("as in linux-6.12 and in Linux", []),
]

SAMPLE = SPDX + """// Reading. linux mm/a.c
#include "mm/a.h"

/// linux v6.12 mm/a.c: read_page
/// differs: one page; no
/// read-ahead.
///
///     CPU0     differs: a drawing
int read_page_here(thread& task) {
  go();  // differs: never comes back.
}

// differs: of nothing in Linux.
class Own {};
"""


class Citations(unittest.TestCase):
    def test_each_form(self):
        for text, expected in CITATIONS:
            with self.subTest(text=text):
                found = [(path, name, versions[0])
                         for path, name, versions in model_list.citations_of(text)]
                self.assertEqual(found, expected)

    def test_without_the_file_is_refused(self):
        with self.assertRaisesRegex(model_list.Unreadable, "src/mm/a.cc:3: a citation without"):
            list(model_list.comments_of("src/mm/a.cc", SPDX + "\n// linux v6.12: A_BIT\nint x;\n"))


class Page(unittest.TestCase):
    def test_has_functions_files_and_what_differs(self):
        page = model_list.page_of(list(model_list.comments_of("src/mm/a.cc", SAMPLE)))
        rows = [line for line in page.split("\n") if line.startswith("| ") and "src/" in line]
        self.assertEqual(rows, [
            "| - | - | `src/mm/a.cc` | - |",
            "| `read_page` | v6.12 | `src/mm/a.cc: read_page_here` |"
            " one page; no read-ahead<br>never comes back |",
            "| `src/mm/a.cc: Own` | of nothing in Linux |",
        ])
        self.assertIn("\n## mm/a.c\n", page)

    def test_what_differs_is_found_from_header_to_source(self):
        header = SPDX + "\n/// linux v6.12 mm/a.c: a_b\nvoid own(int x);\n"
        source = SPDX + "\n// differs: not at all.\nvoid own(int x) {\n}\n"
        comments = [*model_list.comments_of("src/mm/a.h", header),
                    *model_list.comments_of("src/mm/a.cc", source)]
        self.assertIn("| `a_b` | v6.12 | `src/mm/a.h: own` | not at all |",
                      model_list.page_of(comments))

    def test_that_is_old_is_noticed(self):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            (root / "docs").mkdir()
            (root / "src/mm").mkdir(parents=True)
            source = root / "src/mm/a.cc"
            source.write_text(SAMPLE)

            def run(*arguments):
                return subprocess.run([sys.executable, "-B", SCRIPT, "--root", root, *arguments],
                                      capture_output=True, text=True, check=False)

            self.assertEqual(run("--check").returncode, 1)
            self.assertEqual(run().returncode, 0)
            self.assertEqual(run("--check").returncode, 0)
            source.write_text(SAMPLE.replace("read-ahead", "buffers"))
            old = run("--check")
            self.assertEqual(old.returncode, 1)
            self.assertIn("docs/model.md is not up to date", old.stderr)


if __name__ == "__main__":
    unittest.main()
