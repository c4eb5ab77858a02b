#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the tidy test: a repository with one fault, and the one finding that it must give.

Each case is a small repository. `fires` names the places that a rule must find; a case without any
is one that a hasty rule would get wrong.
"""

import tempfile
import unittest
from dataclasses import dataclass, field
from pathlib import Path

import cpp_text
import tidy

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "#pragma once\n"


def body(nr_lines):
    return "  call();\n" * nr_lines


@dataclass
class Case:
    rule: str
    files: dict
    fires: list = field(default_factory=list)  # "path:line"
    executable: str = ""


def cpp(code, path="src/mm/a.cc"):
    return {path: SPDX + code}


BAN_CASES = [
    Case("banned", cpp(f"int f() {{ return {code}; }}\n", path), ["src/mm/a.cc:2"] if bad else [])
    for path, code, bad in [
        ("src/mm/a.cc", "rand()", True),
        ("src/mm/a.cc", "std::rand()", True),
        ("src/mm/a.cc", "srand(1)", True),
        ("src/mm/a.cc", "operand(1) + brand()", False),
        ("src/mm/a.cc", "std::random_device{}()", True),
        ("src/mm/a.cc", "std::cout << 1", True),
        ("src/cli/a.cc", "std::cout << 1", False),
        ("src/mm/a.cc", "printf(x)", True),
        ("src/mm/a.cc", "fmt::print(x)", True),
        ("src/mm/a.cc", "std::fputs(x, stderr)", True),
        ("src/mm/a.cc", "fprintf(stderr, x)", True),
        ("src/mm/a.cc", "snprintf(x) + report.print(x)", False),
        ("src/mm/a.cc", "exit(1)", True),
        ("src/mm/a.cc", "std::abort()", True),
        ("src/mm/a.cc", "std::terminate()", True),
        ("src/mm/a.cc", "thread_exit(1) + loop.exit(1)", False),
        ("src/cli/a.cc", "std::exit(1)", False),
        ("src/mm/a.cc", "getenv(x)", True),
        ("src/mm/a.cc", "std::chrono::steady_clock::now()", True),
        ("src/cli/a.cc", "std::chrono::steady_clock::now()", False),
        ("src/lab/a.cc", "std::chrono::steady_clock::now()", False),
        ("src/mm/a.cc", "x == NULL", True),
        ("src/mm/a.cc", "x << std::endl", True),
        ("src/mm/a.cc", 'f("NULL, rand() and exit(1)")', False),
        ("src/mm/a.cc", "0;  // NULL, rand() and exit(1)\n", False),
        ("src/mm/a.cc", "0; /* rand()\n rand() */\n", False),
        ("src/mm/a.cc", 'f(R"x(rand() " )x")', False),
        ("src/mm/a.cc", "'\"' + rand() + '\"'", True),
        ("src/mm/a.cc", "1'000 + rand() + 1'000", True),
    ]
] + [
    Case("banned", cpp("using namespace std;\n"), ["src/mm/a.cc:2"]),
    Case("banned", cpp("using namespace mmcheck;\n"), []),
    Case("banned", {"src/mm/a.h": HEADER + "using namespace mmcheck;\n",
                    "src/mm/a.cc": SPDX + '#include "mm/a.h"\n'}, ["src/mm/a.h:3"]),
    Case("banned", {"src/mm/a.h": HEADER + "#ifndef MM_A_H\n#endif\n",
                    "src/mm/a.cc": SPDX + '#include "mm/a.h"\n'}, ["src/mm/a.h:3"]),
]


def includes(layer, name, bracket='""'):
    return cpp(f"#include {bracket[0]}{name}{bracket[1]}\n", f"src/{layer}/a.cc")


LAYER_CASES = [
    Case("layering", includes(layer, name), [f"src/{layer}/a.cc:2"] if bad else [])
    for layer, name, bad in [
        ("base", "trace/record.h", True),
        ("trace", "base/types.h", False),
        ("trace", "explore/execution.h", True),
        ("explore", "machine/cpu.h", True),
        ("machine", "explore/cell.h", False),
        ("machine", "explore/explorer.h", True),
        ("mm", "mm/page.h", False),
        ("mm", "design/design.h", True),
        ("mm", "rules/rules.h", True),
        ("fs", "mm/page.h", False),
        ("mm", "fs/inode.h", True),
        ("design", "mm/policy.h", False),
        ("rules", "explore/explorer.h", True),
        ("workload", "explore/explorer.h", False),
        ("workload", "report/columns.h", True),
        ("report", "trace/record.h", False),
        ("report", "explore/execution.h", True),
        ("report", "mm/page.h", True),
        ("cli", "report/columns.h", False),
        ("mm", "../rules/rules.h", True),
        ("mm", "page.h", True),
        ("elsewhere", "base/types.h", True),
    ]
] + [
    Case("layering", includes("elsewhere", "base/types.h"), ["src/elsewhere/a.cc:1"]),
    Case("layering", includes("mm", "mm/page.h", "<>"), ["src/mm/a.cc:2"]),
    Case("layering", includes("mm", "vector", "<>"), []),
    Case("layering", includes("mm", "CLI/CLI.hpp", "<>"), ["src/mm/a.cc:2"]),
    Case("layering", includes("report", "nlohmann/json.hpp", "<>"), []),
    Case("layering", includes("explore", "nlohmann/json.hpp", "<>"), ["src/explore/a.cc:2"]),
]
LAYER_CASES = [case for case in LAYER_CASES if case.fires != ["src/elsewhere/a.cc:2"]]

TEXT_CASES = [
    Case("line-length", cpp("int " + "x" * 97 + ";\n"), ["src/mm/a.cc:2"]),
    Case("line-length", cpp("int " + "x" * 95 + ";\n"), []),
    Case("line-length", cpp("// " + "\u00e9" * 97 + "\n"), []),
    Case("line-length", {"catalog/a.litmus": "x" * 101 + "\n"}, ["catalog/a.litmus:1"]),
    Case("file-length", cpp("\n" * 499 + "int x;\n"), ["src/mm/a.cc:501"]),
    Case("file-length", cpp("\n" * 498 + "int x;\n"), []),
    Case("spdx", {"src/mm/a.cc": "int x;\n"}, ["src/mm/a.cc:1"]),
    Case("spdx", {"src/mm/a.cc": "\n" + SPDX}, ["src/mm/a.cc:1"]),
    Case("spdx", cpp("int x;\n"), []),
    Case("spdx", {"a": "#!/bin/sh\necho\n"}, ["a:1"], executable="a"),
    Case("spdx", {"a": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"}, [], executable="a"),
    Case("pragma-once", {"src/mm/a.h": SPDX, "src/mm/a.cc": SPDX + '#include "mm/a.h"\n'},
         ["src/mm/a.h:1"]),
    Case("pragma-once", {"src/mm/a.h": HEADER, "src/mm/a.cc": SPDX + '#include "mm/a.h"\n'}, []),
    Case("underscore", cpp("int _x;\n"), ["src/mm/a.cc:2"]),
    Case("underscore", cpp("int __x();\n"), ["src/mm/a.cc:2"]),
    Case("underscore", cpp('int x_y_ = __LINE__ + __builtin_ctz(_SC_PAGESIZE) + "_x"_json;\n'), []),
    Case("open-end", cpp("// TO" "DO: later\n"), ["src/mm/a.cc:2"]),
    Case("open-end", cpp("// FIX" "ME(someone): later\n"), ["src/mm/a.cc:2"]),
    Case("open-end", cpp("// TO" "DO(#12): later\n"), []),
    Case("nolint", cpp("int x;  // NOLINT\n"), ["src/mm/a.cc:2"]),
    Case("nolint", cpp("int x;  // NOLINT(a-check)\n"), ["src/mm/a.cc:2"]),
    Case("nolint", cpp("int x;  // NOLINT(a-check): the ABI wants it\n"), []),
    Case("nolint", cpp("// NOLINTBEGIN(a-check): it must\n// NOLINTEND(a-check)\n"), []),
    Case("whitespace", cpp("int\tx;\n"), ["src/mm/a.cc:2"]),
    Case("whitespace", cpp("int x; \n"), ["src/mm/a.cc:2"]),
    Case("whitespace", cpp("int x;\r\n"), ["src/mm/a.cc:2"]),
    Case("whitespace", cpp("int x;"), ["src/mm/a.cc:2"]),
    Case("whitespace", cpp("int x;\n\n"), ["src/mm/a.cc:3"]),
    Case("whitespace", cpp('auto x = R"(a\tb \n)"; \nauto y = R"(\t)";\n'), ["src/mm/a.cc:3"]),
    Case("whitespace", {"tests/x_corpus/a.md": "x \t"}, []),
    Case("machine-path", {"a.md": "# A\n\nsee /ho" "me/me/x\n"}, ["a.md:3"]),
    Case("machine-path", {"tests/x_corpus/a": "/wo" "rk/main"}, ["tests/x_corpus/a:1"]),
    Case("machine-path", {"a.md": "# A\n\nsee .." "/shared/x\n"}, ["a.md:3"]),
    Case("machine-path", {"a.md": "# A\n\nsrc/ho" "me/x and ~/ho" "me/\n"}, []),
    Case("registry-host", {"a.md": "# A\n\npy" "pi.org/x\n"}, ["a.md:3"]),
    Case("registry-host", {"a.md": "# A\n\nregistry" ".example.com\n"}, ["a.md:3"]),
    Case("registry-host", {"a.md": "# A\n\nkernel.org and debian, proxy. An archive.\n"}, []),
    Case("executable", {"a": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"}, ["a:1"]),
    Case("executable", {"a.md": "# A\n"}, ["a.md:1"], executable="a.md"),
    Case("executable", {"a.md": "# A\n"}, []),
    Case("title", {"a.md": "text\n"}, ["a.md:1"]),
    Case("title", {"a.md": "# A\n\n# B\n"}, ["a.md:3"]),
    Case("title", {"a.md": "# A\n\n```\n# comment\n```\n\n## B\n"}, []),
    Case("name", cpp("int x;\n", "src/mm/MyFile.cc"), ["src/mm/MyFile.cc:1"]),
    Case("name", {"src/mm/a.cpp": SPDX}, ["src/mm/a.cpp:1"]),
    Case("name", cpp("int x;\n", "src/mm/my_file_2.cc"), []),
    Case("dead-header", {"src/mm/a.h": HEADER}, ["src/mm/a.h:1"]),
    Case("dead-header", {"src/mm/a.h": HEADER, "src/fs/a.cc": SPDX + '#include "mm/a.h"\n'}, []),
    Case("dead-header", {"src/mm/a.h": HEADER, "src/mm/a.cc": SPDX + '// #include "mm/a.h"\n'},
         ["src/mm/a.h:1"]),
    Case("dead-source", {"src/a.cc": SPDX}, ["src/a.cc:1"]),
    Case("dead-source", {"tests/mm/a_test.cc": SPDX}, ["tests/mm/a_test.cc:1"]),
    Case("dead-source", {"tests/mm/a_test.cc": SPDX,
                         "tests/mm/CMakeLists.txt": "mmcheck_test(a SOURCES aa_test.cc)\n"},
         ["tests/mm/a_test.cc:1"]),
    Case("dead-source", {"tests/mm/a_test.cc": SPDX,
                         "tests/mm/CMakeLists.txt": "mmcheck_test(a SOURCES a_test.cc)\n"}, []),
    Case("dead-link", {"a.md": "# A\n\n[b](b.md)\n"}, ["a.md:3"]),
    Case("dead-link", {"a.md": "# A\n\n[b](docs/b.md#x) [c](docs) [d](https://x) [e](#a)\n",
                       "docs/b.md": "# B\n"}, []),
]

LONG = body(70)
FUNCTION_CASES = [
    Case("function-length", cpp(code), ["src/mm/a.cc:2"] if bad else [])
    for code, bad in [
        (f"void f() {{\n{LONG}}}\n", True),
        (f"void f() {{\n{body(68)}}}\n", False),
        (f"namespace a {{\n{'int x();' * 3}\n{chr(10) * 80}}}\n", False),
        (f"class A {{\n public:\n{'  int x() { return 1; }' + chr(10)}{chr(10) * 80}}};\n", False),
        (f"enum class A {{\n{'  x,' + chr(10) * 80}}};\n", False),
        (f"const int table[] = {{\n{'  1,' + chr(10) * 80}}};\n", False),
        (f"struct A f() {{\n{LONG}}}\n", True),
        (f"A::A() : a_{{1}}, b_(2), c_{{3}} {{\n{LONG}}}\n", True),
        (f"template <typename T>\nauto f(T x) -> int {{\n{LONG}}}\n", True),
        (f"bool operator=(const A& a) {{\n{LONG}}}\n", True),
        (f"TEST(A, b) {{\n{LONG}}}\n", True),
        (f"void f() {{\n  auto g = [] {{\n{LONG}  }};\n}}\n", True),
        (f"void f(int x = g({{1, 2}})) {{\n{LONG}}}\n", True),
        (f'void f() {{\n  g("}}}}");  // }}}}\n{LONG}}}\n', True),
        (f"void f() {{ g('}}'); }}\n\nvoid g() {{ h(); }}\n{chr(10) * 80}void h() {{}}\n", False),
    ]
] + [
    Case("function-length",
         cpp(f"namespace a {{\nclass A {{\n public:\n  int x() {{\n{LONG}  }}\n}};\n}}\n"),
         ["src/mm/a.cc:5"]),
    Case("function-length", {"a.py": "# SPDX-License-Identifier: Apache-2.0\ndef f():\n"
                             + "    pass\n" * 70}, ["a.py:2"]),
]

CASES = BAN_CASES + LAYER_CASES + TEXT_CASES + FUNCTION_CASES


def places(case):
    """What the rule of the case finds, as "path:line"."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in case.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, newline="")
            path.chmod(0o755 if name == case.executable else 0o644)
        found = [finding.split(": ") for finding in tidy.check(root)]
        return [finding[0] for finding in found if finding[1] == case.rule]


class RulesTest(unittest.TestCase):
    def test_cases(self):
        for case in CASES:
            with self.subTest(rule=case.rule, files=case.files):
                self.assertEqual(places(case), case.fires)

    def test_each_rule_has_a_case_that_fires_and_one_that_does_not(self):
        rules = tidy.CONTENT_RULES + tidy.FORMAT_RULES + tidy.REPOSITORY_RULES
        for rule in rules:
            mine = [case for case in CASES if case.rule == tidy.rule_id(rule)]
            with self.subTest(rule=tidy.rule_id(rule)):
                self.assertTrue(any(case.fires for case in mine))
                self.assertTrue(any(not case.fires for case in mine))

    def test_every_rule_is_run(self):
        defined = {value for name, value in vars(tidy).items()
                   if name.startswith("rule_") and name != "rule_id"}
        run = tidy.CONTENT_RULES + tidy.FORMAT_RULES + tidy.REPOSITORY_RULES
        self.assertEqual(defined, set(run))

    def test_each_ban_is_needed(self):
        """Without any one of the bans, some case no longer fires."""
        bans = list(tidy.BANS)
        for ban in bans:
            tidy.BANS[:] = [other for other in bans if other is not ban]
            missed = any(places(case) != case.fires for case in BAN_CASES if case.fires)
            tidy.BANS[:] = bans
            with self.subTest(ban=ban.pattern):
                self.assertTrue(missed)

    def test_no_layer_includes_itself_through_another(self):
        for layer, allowed in tidy.LAYERS.items():
            self.assertNotIn(layer, allowed)
            for other in allowed:
                self.assertLessEqual(tidy.LAYERS[other], allowed, f"{layer} -> {other}")

    def test_functions_are_named(self):
        found = cpp_text.functions("int A::f() {\n}\nTEST(B, c) {\n}\n")
        self.assertEqual([function.name for function in found], ["A::f", "TEST(B, c)"])


if __name__ == "__main__":
    unittest.main()
