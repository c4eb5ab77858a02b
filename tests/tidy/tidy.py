#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lints the repository: what compilers and clang-format do not see. Needs nothing but Python.

    tests/tidy/tidy.py [--root FOLDER]

Prints FILE:LINE: RULE: MESSAGE for each finding and exits with 1 if there is any. A finding cannot
be silenced in the file itself: change the file, or the rule together with its test in tidy_test.py.
"""

import argparse
import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cpp_text

COLUMNS_MAX = 100
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

# Which layers each layer may include, besides itself: the table of docs/internals/architecture.md.
ORDER = ["base", "trace", "explore", "machine", "kernel", "mm", "fs", "design", "rules", "syscall",
         "workload", "cost"]
LAYERS = {name: set(ORDER[:i]) for i, name in enumerate(ORDER)}
LAYERS["host"] = {"base"}
LAYERS["workload"] -= {"syscall"}
LAYERS["cost"] -= {"syscall"}
LAYERS["hunt"] = set(ORDER) - {"syscall", "cost"}
LAYERS["conform"] = set(ORDER[:ORDER.index("syscall") + 1])
LAYERS["guest"] = set(ORDER[:ORDER.index("syscall") + 1]) | {"host"}
LAYERS["lab"] = set(ORDER[:ORDER.index("workload") + 1]) - {"syscall"} | {"host"}
LAYERS["report"] = {"base", "trace"}
LAYERS["book"] = set(ORDER[:ORDER.index("rules") + 1]) | {"report"}
LAYERS["cli"] = set(ORDER) | {"host", "hunt", "conform", "guest", "lab", "report", "book"}

# The model sees what a program may do to the explorer, not how the explorer searches.
MODEL_LAYERS = {"machine", "kernel", "mm", "fs", "design", "rules", "syscall"}
EXPLORE_FOR_MODELS = {
    "explore/cell.h",
    "explore/class_hash.h",
    "explore/execution.h",
    "explore/memory.h",
}

# Libraries stay behind the layer that is made for them.
THIRD_PARTY = {
    "boost/context/": {"explore"},
    "CLI/": {"cli"},
    "nlohmann/": {"report", "cli"},
    "tao/": {"workload"},
    "tbb/": {"explore", "hunt", "cli"},
    "SQLiteCpp/": {"hunt"},
    "oneapi/": {"cli"},
    "archive": {"lab"},
}

CPP = {".cc", ".h"}
CODE = CPP | {".py", ".sh", ".cmake", ".ts", ".txt"}
FORMATTED = CODE | {".md", ".json", ".yml", ".yaml", ""}


@dataclass(frozen=True)
class Ban:
    pattern: str
    instead: str
    within: str = ""  # regular expression on the path; "" is every C++ file
    outside: str = "^$"


NOT_CLI = r"^src/(?!cli/)"
# These wait for other programs and for machines, which may never answer.
NOT_WAITING = r"^src/(?!(?:cli|host|lab)/)"
BANS = [
    Ban(r"\b(?:s?rand|srandom|drand48)\s*\(", "use a generator that is seeded from the options"),
    Ban(r"\brandom_device\b", "use a generator that is seeded from the options"),
    Ban(r"\bstd::(?:cout|cerr|clog)\b", "a library does not print: return a string", NOT_CLI),
    Ban(r"(?<![\w.>])(?:std::|fmt::)?(?:f|v)?(?:printf|print|puts)\s*\(",
        "a library does not print: return a string", NOT_CLI),
    Ban(r"(?<![\w.>])(?:std::)?(?:_?exit|quick_exit|abort|terminate)\s*\(",
        "throw InternalError or InputError", NOT_CLI),
    Ban(r"\bgetenv\s*\(", "a library does not read the environment: take an option", NOT_CLI),
    Ban(r"\b(?:system|steady|high_resolution)_clock\b|\b(?:gettimeofday|clock_gettime)\b",
        "time is only order: results do not depend on a clock", NOT_WAITING),
    Ban(r"\busing\s+namespace\s+std\b", "write std::"),
    Ban(r"^\s*using\s+namespace\b", "a header imposes no names on others", r"\.h$"),
    Ban(r"\bNULL\b", "write nullptr"),
    Ban(r"\bstd::endl\b", "write '\\n'"),
    Ban(r"#\s*ifndef\s+\w+_H_?\b", "write #pragma once"),
]

# To the programs that mmcheck runs these files are the C library, whose names they have.
GUESTS_LIBRARY = re.compile(r"^src/guest/functions_\w+\.cc$")

# Identifiers with a leading underscore belong to the compiler; these are the compiler's.
COMPILERS_OWN = re.compile(
    r"^(?:__(?:FILE|LINE|func|VA_ARGS|VA_OPT|cplusplus|has_include|has_feature|has_builtin"
    r"|attribute|SANITIZE_\w+|x86_64|clang|GNUC|PRETTY_FUNCTION|int128)(?:__)?(?:_t)?"
    r"|__(?:builtin|sanitizer|asan|tsan|ubsan|lsan)_\w+|_GNU_SOURCE|_SC_\w+|_[0-9])$"
)

MACHINE_PATH = re.compile(r"(?<![\w.~*-])/(?:home|work|root)/|\.\./" + "shared")
NOLINT = re.compile(r"\bNOLINT")
NOLINT_WITH_REASON = re.compile(
    r"\bNOLINT(?:NEXTLINE|BEGIN)?\([\w., -]+\): \S|\bNOLINTEND\([\w., -]+\)"
)
REGISTRY_HOST = re.compile(
    r"\b(?:registry|pypi|deb|mirrors?|proxy|ghcr|crates|docker|quay|npmjs|security|archive|ftp)"
    r"(?:\.[a-z0-9-]+)*\.(?:org|com|io|net)\b"
)
OPEN_END = re.compile(r"\b((?:TO)DO|(?:FIX)ME|(?:XX)X)\b(?!\(#[0-9]+\))")


class File:
    def __init__(self, root, path):
        self.path = path
        self.suffix = Path(path).suffix
        full = root / path
        self.executable = os.access(full, os.X_OK)
        raw = full.read_bytes()
        self.binary = b"\0" in raw
        self.text = "" if self.binary else raw.decode("utf-8", errors="replace")
        self.lines = self.text.split("\n")

    def is_cpp(self):
        return self.suffix in CPP

    def layer(self):
        parts = self.path.split("/")
        return parts[1] if parts[0] == "src" and len(parts) > 2 else None

    def first_words(self):
        """The first line, or the second after `#!`."""
        return "\n".join(self.lines[1:2] if self.text.startswith("#!") else self.lines[:1])

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if match:
                yield number, match.group(1), match.group(2)


def is_corpus(path):
    return any(part == "corpus" or part.endswith("_corpus") for part in path.split("/"))


# --- rules for one file: each yields (line, message) ------------------------------------


def rule_line_length(file):
    if file.suffix in CODE | {".litmus"} or file.text.startswith("#!"):
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield number, f"{len(line)} columns; at most {COLUMNS_MAX}"


def rule_file_length(file):
    nr_lines = len(file.lines) - 1
    if re.match(r"(?:src|tests|bench)/", file.path) and file.suffix in CPP | {".py"}:
        if nr_lines > FILE_LINES_MAX:
            yield nr_lines, f"{nr_lines} lines; at most {FILE_LINES_MAX}: split it by subject"


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield cpp_text.Function(node.name, node.lineno, node.end_lineno)


def rule_function_length(file):
    found = []
    if file.is_cpp():
        found = cpp_text.functions(file.text)
    elif file.suffix == ".py":
        found = python_functions(file.text)
    for function in found:
        if function.nr_lines > FUNCTION_LINES_MAX:
            yield (function.first_line,
                   f"{function.name} has {function.nr_lines} lines; at most {FUNCTION_LINES_MAX}")


def rule_layering(file):
    layer = file.layer()
    if layer is None or not file.is_cpp():
        return
    if layer not in LAYERS:
        yield 1, f"src/{layer} is not in the table of layers"
        return
    for number, bracket, name in file.includes():
        other = name.split("/", 1)[0]
        if bracket == '"':
            if ".." in name.split("/") or "/" not in name:
                yield number, f'include "{name}" as "folder/file.h", from src'
            elif other != layer and other not in LAYERS[layer]:
                yield number, f'src/{layer} must not include "{name}"'
            elif layer in MODEL_LAYERS and other == "explore" and name not in EXPLORE_FOR_MODELS:
                yield number, f'src/{layer} may include {sorted(EXPLORE_FOR_MODELS)} only'
        else:
            if other in LAYERS:
                yield number, f'write "{name}" in quotes: it is ours'
            for prefix, owners in THIRD_PARTY.items():
                if name.startswith(prefix) and layer not in owners:
                    yield number, f"<{prefix}...> belongs to {sorted(owners)}"


def rule_spdx(file):
    if file.is_cpp() or file.suffix in {".py", ".sh"} or file.text.startswith("#!"):
        if "SPDX-License-Identifier: Apache-2.0" not in file.first_words():
            yield 1, "the first line says SPDX-License-Identifier: Apache-2.0"


def rule_pragma_once(file):
    if file.suffix == ".h" and not re.search(r"^#pragma once$", file.text, re.MULTILINE):
        yield 1, "a header needs #pragma once"


def rule_banned(file):
    if not file.is_cpp() or GUESTS_LIBRARY.match(file.path):
        return
    code = cpp_text.strip(file.text).split("\n")
    for ban in BANS:
        if not re.search(ban.within, file.path):
            continue
        pattern = re.compile(ban.pattern)
        for number, line in enumerate(code, 1):
            match = pattern.search(line)
            if match:
                yield number, f"`{match.group(0).strip()}`: {ban.instead}"


def rule_underscore(file):
    if not file.is_cpp() or GUESTS_LIBRARY.match(file.path):
        return
    for number, line in enumerate(cpp_text.strip(file.text).split("\n"), 1):
        for match in re.finditer(r'(?<![\w"])_\w+', line):
            if not COMPILERS_OWN.match(match.group(0)):
                yield number, f"`{match.group(0)}`: names with a leading underscore are reserved"


def rule_open_end(file):
    if file.suffix in CODE or file.text.startswith("#!"):
        text = cpp_text.strip(file.text, keep_comments=True) if file.is_cpp() else file.text
        for number, line in enumerate(text.split("\n"), 1):
            match = OPEN_END.search(line)
            if match:
                yield number, f"{match.group(1)} names its issue: {match.group(1)}(#12)"


def rule_nolint(file):
    if file.is_cpp():
        for number, line in enumerate(file.lines, 1):
            if NOLINT.search(line) and not NOLINT_WITH_REASON.search(line):
                yield number, "NOLINT names its check and the reason: NOLINT(check): reason"


def rule_whitespace(file):
    if file.suffix not in FORMATTED | {".litmus"}:
        return
    text = cpp_text.fill_raw_strings(file.text) if file.is_cpp() else file.text
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line and file.suffix != ".litmus":
            yield number, "tab"
        if line != line.rstrip():
            yield number, "white space at the end of the line"
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "no newline at the end of the file"
    if file.text.endswith("\n\n"):
        yield len(file.lines) - 1, "empty lines at the end of the file"


def rule_machine_path(file):
    for number, line in enumerate(file.lines, 1):
        match = MACHINE_PATH.search(line)
        if match:
            yield number, f"`{match.group(0)}...` is a path of one machine"


def rule_registry_host(file):
    for number, line in enumerate(file.lines, 1):
        match = REGISTRY_HOST.search(line)
        if match:
            yield number, f"`{match.group(0)}`: no registry is named here"


def rule_executable(file):
    script = file.text.startswith("#!")
    if script and not file.executable:
        yield 1, "begins with #! but is not executable"
    if file.executable and not script and not file.binary:
        yield 1, "executable, but does not begin with #!"


def rule_title(file):
    if file.suffix != ".md":
        return
    titles, fenced = [], False
    for number, line in enumerate(file.lines, 1):
        if re.match(r"\s*(```|~~~)", line):
            fenced = not fenced
        elif not fenced and line.startswith("# "):
            titles.append(number)
    if len(titles) != 1:
        place = titles[1] if titles else 1
        yield place, f"{len(titles)} lines begin with `# `; exactly one is the title"


def rule_name(file):
    name = Path(file.path).name
    if file.suffix in CPP | {".py"} and not re.fullmatch(r"[a-z0-9_]+\.(?:cc|h|py)", name):
        yield 1, "file names are snake_case.cc, snake_case.h, snake_case.py"
    if file.suffix in {".cpp", ".cxx", ".hpp", ".hh"}:
        yield 1, "C++ files end with .cc and .h"


CONTENT_RULES = [rule_machine_path, rule_registry_host]
FORMAT_RULES = [rule_line_length, rule_file_length, rule_function_length, rule_layering, rule_spdx,
                rule_pragma_once, rule_banned, rule_underscore, rule_open_end, rule_nolint,
                rule_whitespace, rule_executable, rule_title, rule_name]


# --- rules for all files together: each yields (path, line, message) --------------------


def rule_dead_header(files):
    included = {name for file in files if file.is_cpp() for _, _, name in file.includes()}
    for file in files:
        if file.suffix == ".h" and file.path.startswith("src/"):
            if file.path.removeprefix("src/") not in included:
                yield file.path, 1, "no file includes this header"
        elif file.suffix == ".h" and not any(file.path.endswith(name) for name in included):
            yield file.path, 1, "no file includes this header"


def rule_dead_source(files):
    """The layers of src are globbed. Elsewhere a source is named in a CMakeLists.txt above it."""
    lists = {
        str(Path(f.path).parent): f.text for f in files if Path(f.path).name == "CMakeLists.txt"
    }
    for file in files:
        if file.suffix != ".cc":
            continue
        if file.path.startswith("src/"):
            if file.layer() is None:
                yield file.path, 1, "not in a layer: no target builds it"
            continue
        for folder in Path(file.path).parents:
            named = os.path.relpath(file.path, folder)
            text = lists.get(str(folder), "")
            if re.search(rf"(?<![\w/]){re.escape(named)}(?!\w)", text):
                break
        else:
            yield file.path, 1, "no CMakeLists.txt names this file"


def rule_dead_link(files):
    """Links from one file of the repository to another lead somewhere."""
    known = {file.path for file in files}
    folders = {str(parent) for path in known for parent in Path(path).parents}
    for file in files:
        if file.suffix != ".md":
            continue
        for number, line in enumerate(file.lines, 1):
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                path = os.path.normpath(Path(file.path).parent / target)
                if path not in known and path not in folders:
                    yield file.path, number, f"`{target}` is not a file of the repository"


REPOSITORY_RULES = [rule_dead_header, rule_dead_source, rule_dead_link]


def rule_id(rule):
    return rule.__name__.removeprefix("rule_").replace("_", "-")


def list_files(root):
    """The files of the repository: those that git knows or would add; without git, all."""
    git = ["git", "-C", str(root), "-c", f"safe.directory={root}", "ls-files", "-z", "--cached",
           "--others", "--exclude-standard"]
    try:
        names = subprocess.run(git, check=True, capture_output=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(root):
            skipped = re.compile(r"(\.git|__pycache__|build|build-.*)$")
            folders[:] = [name for name in folders if not skipped.match(name)]
            names += [os.path.relpath(os.path.join(folder, file), root) for file in files]
    return sorted({name for name in names if name and (root / name).is_file()})


def check(root):
    """All findings, as lines of text, in order."""
    files = [File(root, path) for path in list_files(root)]
    findings = []
    for file in files:
        rules = CONTENT_RULES + ([] if is_corpus(file.path) else FORMAT_RULES)
        for rule in rules:
            findings += [(file.path, line, rule_id(rule), text) for line, text in rule(file)]
    for rule in REPOSITORY_RULES:
        findings += [(path, line, rule_id(rule), text) for path, line, text in rule(files)]
    return [f"{path}:{line}: {rule}: {text}" for path, line, rule, text in sorted(findings)]


def main():
    parser = argparse.ArgumentParser(description="Lints the repository.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    findings = check(parser.parse_args().root.resolve())
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings" if findings else "tidy: clean", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
