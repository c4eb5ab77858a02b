#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the build keeps the layers apart: each layer, compiled with the include path that its
library hands out, finds the headers of those layers that it may include, and of no others.

    layers_test.py INCLUDE_PATHS COMPILER

INCLUDE_PATHS is written by CMake: a line per layer, its name and its include path, between bars.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tidy

COMPILER = []
INCLUDE_PATHS = {}


def compile_source(layer, source):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.cc"
        path.write_text(source)
        flags = [f"-I{path}" for path in INCLUDE_PATHS[layer]]
        command = COMPILER + ["-std=c++20", "-fsyntax-only", *flags, str(path)]
        return subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C"})


def a_header_of(layer):
    for path in INCLUDE_PATHS[layer]:
        for header in sorted(Path(path).glob(f"{layer}/*.h")):
            return f"{layer}/{header.name}"
    return None


class LayersTest(unittest.TestCase):
    def test_table_and_build_name_the_same_layers(self):
        self.assertEqual(set(INCLUDE_PATHS), set(tidy.LAYERS))

    def test_table_is_the_one_of_the_documentation(self):
        text = (Path(__file__).parents[2] / "docs/internals/architecture.md").read_text()
        documented = {}
        for layer, names in re.findall(r"^\| `(\w+)` \| ([^|]*?) ?\|", text, re.MULTILINE):
            below = set(re.findall(r"`(\w+)`", names))
            if names == "all":
                below = set(tidy.LAYERS) - {layer}
            documented[layer] = below.union(*(documented[name] for name in below))
        self.assertEqual(documented, tidy.LAYERS)

    def test_each_pair(self):
        headers = {layer: a_header_of(layer) for layer in tidy.LAYERS}
        for layer, allowed in tidy.LAYERS.items():
            lines = []
            for other, header in headers.items():
                if header is None or other == layer:
                    continue
                wrong = "!" if other in allowed else ""
                verb = "does not find" if other in allowed else "finds"
                lines += [f'#if {wrong}__has_include("{header}")',
                          f"#error src/{layer} {verb} {header}", "#endif"]
            with self.subTest(layer=layer):
                result = compile_source(layer, "\n".join(lines) + "\n")
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_forbidden_include_does_not_compile(self):
        source = '#include "explore/execution.h"\n'
        self.assertEqual(compile_source("machine", source).returncode, 0)
        forbidden = compile_source("report", source)
        self.assertNotEqual(forbidden.returncode, 0)
        self.assertRegex(forbidden.stderr, "explore/execution.h.*(No such file|file not found)")


if __name__ == "__main__":
    for text in Path(sys.argv[1]).read_text().splitlines():
        name, paths = text.split("|")
        INCLUDE_PATHS[name] = paths.split(";") if paths else []
    COMPILER += sys.argv[2:]
    unittest.main(argv=sys.argv[:1])
