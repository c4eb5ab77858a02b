#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/peers/peers.py with stand-ins for the checkers: scripts that print what those print."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "bench/peers/peers.py"

COUNTS = """
import sys
text = " ".join(sys.argv)
buggy = "uggy" in text.lower()
three = "race 3" in text or "NW=3" in text or "race_3" in text
count = 2 if buggy else 1 if "trivial" in text else 1576 if three else 7
"""

CLASSIC = COUNTS + """
print('{"executions": %d, "blocked": 4, "steps": 9, "complete": true, "rss_kb": 2048, '
      '"found_at": %s}' % (count, count if buggy else "null"))
"""

GENMC = COUNTS + """
if "--version" in text:
    print("GenMC v7.8.9\\n  Built with LLVM 14.0.6")
    sys.exit(0)
print("*** Verification unsuccessful." if buggy else "*** Verification complete.")
print("Number of complete executions explored: %d" % count)
print("Number of blocked executions seen: 5")
sys.exit(42 if buggy else 0)
"""

NIDHUGG = COUNTS + """
print("Trace count: %d" % count)
print("Sleepset-blocked trace count: 6")
print("\\n Error detected:\\n  (0) Assertion violation" if buggy else "No errors were detected.")
"""

NOTHING = ""


class Peers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.classic = self.program("classic", CLASSIC)

    def program(self, name, text):
        path = Path(self.folder.name) / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)
        return str(path)

    def run_script(self, *arguments):
        return subprocess.run(
            [sys.executable, "-B", str(SCRIPT), "--only", "race", "--repetitions", "2",
             "--classic", self.classic, *arguments],
            capture_output=True, text=True, check=False)

    def measurement(self, result, tool, numbers, buggy=False):
        for row in json.loads(result.stdout)["measurements"]:
            if (row["tool"], row["numbers"], row["buggy"]) == (tool, numbers, buggy):
                return row
        self.fail(f"no {tool} {numbers} {buggy} in {result.stdout}")

    def test_peers_that_are_not_there_are_named_and_left_out(self):
        result = self.run_script("--nidhugg", "/nowhere/nidhugg", "--clang", self.classic)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("left out: genmc: --genmc is not given", result.stdout)
        self.assertIn("left out: nidhugg: --nidhugg /nowhere/nidhugg: not a program", result.stdout)
        self.assertIn("mmcheck", result.stdout)

    def test_without_our_own_side_there_is_nothing_to_compare(self):
        result = self.run_script("--classic", "/nowhere/classic")
        self.assertEqual(result.returncode, 1)
        self.assertIn("left out: mmcheck:", result.stdout)

    def test_output_of_each_peer_is_read(self):
        result = self.run_script(
            "--json", "--genmc", self.program("genmc", GENMC),
            "--nidhugg", self.program("nidhugg", NIDHUGG), "--clang", self.program("cl", NOTHING))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["versions"]["genmc"], "7.8.9")
        for tool, blocked in (("mmcheck", 4), ("genmc", 5), ("nidhugg", 6)):
            fixed = self.measurement(result, tool, [3, 2])
            self.assertEqual(fixed["executions"], 1576)
            self.assertEqual(fixed["blocked"], blocked)
            self.assertEqual(fixed["repetitions"], 2)
            self.assertFalse(fixed["violated"])
            self.assertTrue(self.measurement(result, tool, [1, 1], buggy=True)["violated"])
        self.assertEqual(self.measurement(result, "mmcheck", [1, 1])["rss_kb"], 2048)

    def test_tables_fit_a_terminal(self):
        result = self.run_script("--genmc", self.program("genmc", GENMC))
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100, result.stdout)

    def test_another_number_of_executions_fails(self):
        result = self.run_script("--genmc", self.program("genmc", GENMC),
                                 "--classic", self.program("c", CLASSIC.replace("1576", "1577")))
        self.assertEqual(result.returncode, 1)
        self.assertIn("DISAGREEMENT: race 3 2: mmcheck: 1577 executions, published are 1576",
                      result.stderr)
        self.assertIn("1577 WRONG", result.stdout)

    def test_a_wrong_verdict_fails(self):
        wrong = GENMC.replace("unsuccessful", "complete")
        result = self.run_script("--genmc", self.program("genmc", wrong))
        self.assertEqual(result.returncode, 1)
        self.assertIn("race 1 1 buggy: genmc: the violation was not found", result.stderr)

    def test_output_that_is_not_understood_fails(self):
        result = self.run_script("--genmc", self.program("genmc", "print('no such option')"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("no such option", result.stderr)
        self.assertIn("FAILED", result.stdout)

    def test_a_run_that_takes_too_long_is_not_a_disagreement(self):
        slow = "import sys, time\nif '--version' not in sys.argv: time.sleep(60)"
        result = self.run_script("--timeout", "0.3", "--genmc", self.program("genmc", slow))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("not finished", result.stdout)


if __name__ == "__main__":
    unittest.main()
