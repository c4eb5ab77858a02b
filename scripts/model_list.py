#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists what is modelled of Linux: each function that src/ cites, and what is simplified there.

    scripts/model_list.py            writes docs/model.md
    scripts/model_list.py --check    exits with 1 if that would change it

Comments in src/machine, src/kernel, src/mm and src/fs say it: `linux v6.12 mm/gup.c: gup_fast`
(and `v6.1 ...` behind a semicolon or in parentheses, where it differs), and `differs: ` to the end
of the paragraph.
"""

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/tidy"))

import cpp_text  # noqa: E402: found by the line above

LAYERS = ["machine", "kernel", "mm", "fs"]
PAGE = "docs/model.md"
HEAD = """# What is modelled of Linux

Written by `scripts/model_list.py` from the comments in `src/`; a test checks that it is up to
date.

One table per file of the kernel. "here" is the function or type of the model that stands for it;
"differs" is what it simplifies. A file that is named as a whole has `-` for its function. What is
not listed is not modelled: a bug in such code is not found. The variants that designs choose
between are in `src/mm/policy.h`; `mmcheck designs` lists the designs.
"""
REST = """
## Not of one function

What the model's own types simplify.

| here | differs |
| --- | --- |
"""

PATH = r"(?:arch|fs|include|kernel|mm)/[\w/*.-]*[\w*]"
NAME = r"[A-Za-z_][\w.]*\w(?:\([^()]*\))?"
CITATION = re.compile(rf"\blinux (?:(v\d[\d.]*\d) )?(?={PATH})")
WITHOUT_FILE = re.compile(rf"\blinux v\d[\d.]*\d\b(?! {PATH})")
CLAUSE = re.compile(rf"(?:(v\d[\d.]*\d) )?({PATH})")
NAMES_OF_VERSION = re.compile(rf"(v\d[\d.]*\d):? (?:also )?({NAME}(?:, {NAME})*)(?=[.,;)]|$| \[)")
DIFFERS = re.compile(r"\bdiffers: (.*?)(?=\s*\bdiffers: |\s*\blinux v\d|$)")


class Unreadable(Exception):
    pass


@dataclass
class Modelled:
    """A function of the kernel, as one place of the model has it."""

    kernel_file: str
    name: str
    versions: list
    here: str


@dataclass
class Comment:
    path: str
    symbol: str  # what it is about
    paragraphs: list
    cited: list = field(default_factory=list)
    differs: list = field(default_factory=list)

    @property
    def here(self):
        return f"{self.path}: {self.symbol}" if self.symbol else self.path


def blocks_of(text):
    """The comments: (line, line behind it, its lines). Lines that follow each other are one."""
    blocks = []
    for match in cpp_text.TOKEN.finditer(text):
        if not match.group("comment"):
            continue
        line = 1 + text.count("\n", 0, match.start())
        begin = text.rfind("\n", 0, match.start()) + 1
        alone = not text[begin : match.start()].strip()
        content = re.sub(r"^(///?<?) ?", "", match.group(0)).rstrip()
        if alone and blocks and blocks[-1][1] == line and blocks[-1][3]:
            blocks[-1][1] = line + 1
            blocks[-1][2].append(content)
        else:
            blocks.append([line, line + 1, [content], alone])
    return blocks


def paragraphs_of(lines):
    """Each as a list of lines, without drawings of interleavings."""
    found = [[]]
    for line in lines:
        if not line or line.startswith(("   ", "SPDX-", "NOLINT")):
            found.append([])
        else:
            found[-1].append(line)
    return [paragraph for paragraph in found if paragraph]


def join(lines):
    text = ""
    for line in lines:
        text += line if not text or text.endswith("/") else f"\n{line}"
    return text


def symbol_at(text, functions, first, behind):
    """The function that the comment is in, or else what is declared behind it."""
    for function in functions:
        if function.first_line < first <= function.last_line:
            return function.name.rsplit("::", 1)[-1]
    code = cpp_text.strip_preprocessor(cpp_text.strip(text)).split("\n")
    declared = "\n".join(code[behind - 1 :]).lstrip()
    if first == 1 or not declared:
        return ""
    head = re.split(r"[;{=]", declared, maxsplit=1)[0]
    match = (re.match(r"(?:template <[^>]*>\s*)?(?:enum class|class|struct)\s+"
                      r"(?:alignas\(\w+\)\s*)?(\w+)", head)
             or re.search(r"([\w~]+)\s*\(", head) or re.search(r"(\w+)\s*$", head))
    return match.group(1) if match else ""


def names_of(text):
    """The names at the beginning of `text`, up to where prose begins."""
    names = []
    while True:
        match = re.match(rf"(?:with |and )?({NAME})(?=(.)|\Z)", text, re.DOTALL)
        if not match:
            return names
        name, behind = match.group(1), match.group(2)
        if "_" not in name and behind == " " and not text[match.end() :].startswith((" (", " [")):
            return names
        names.append(name)
        rest = re.match(r"(?:, ?\n?| -> |(?= and \w+_))", text[match.end() :])
        if not rest:
            return names
        text = text[match.end() + rest.end() :].lstrip()


def citations_of(text):
    """(kernel file, function or "", versions) for each that the paragraph names."""
    found = []
    for start in CITATION.finditer(text):
        version, rest = start.group(1), text[start.end() :]
        last_file = ""
        while True:
            clause = CLAUSE.match(rest)
            if not clause:
                break
            version = clause.group(1) or version
            last_file, rest = clause.group(2), rest[clause.end() :]
            names = []
            if rest.startswith(":"):
                rest = rest[1:].lstrip()
                names = names_of(rest)
                for name in names:
                    rest = rest[rest.index(name) + len(name) :]
            found += [(last_file, name, [version]) for name in names or [""]]
            separator = re.match(r"\s*[;,]\s*", rest)
            if not separator:
                break
            rest = rest[separator.end() :]
        add_other_version(found, last_file, rest)
    return found


def add_other_version(found, kernel_file, rest):
    """`(v6.1: name)` or `; v6.12 name` behind a citation: the same, in another version."""
    other = re.match(r"\s*[(;]?\s*", rest)
    match = NAMES_OF_VERSION.match(rest[other.end() :].split("\n\n")[0])
    if not match:
        return
    found += [(kernel_file, name, [match.group(1)]) for name in match.group(2).split(", ")
              if "_" in name]


def differs_of(text):
    """The sentences behind `differs:`. In parentheses: up to the closing one."""
    found = []
    for match in DIFFERS.finditer(text.replace("\n", " ")):
        said = match.group(1).strip()
        if text.replace("\n", " ")[: match.start()].endswith("("):
            said = said.split(")", 1)[0]
        said = re.sub(r"\s*\[[^\]]*\]$", "", said)
        found.append(said.rstrip("."))
    return found


def comments_of(path, text):
    functions = cpp_text.functions(text)
    for first, behind, lines, alone in blocks_of(text):
        joined = [join(paragraph) for paragraph in paragraphs_of(lines)]
        comment = Comment(path, symbol_at(text, functions, first, behind if alone else first),
                          joined)
        for paragraph in joined:
            if WITHOUT_FILE.search(paragraph.replace("\n", " ")):
                raise Unreadable(f"{path}:{first}: a citation without the kernel's file")
            comment.cited += [Modelled(*citation, comment.here)
                              for citation in citations_of(paragraph)]
            comment.differs += differs_of(paragraph)
        if comment.cited or comment.differs:
            yield comment


def rows_of(comments):
    """Rows (kernel file, function, versions, here, differs), and what is about no function."""
    about = {}
    for comment in comments:
        if comment.cited and comment.symbol:
            about.setdefault((Path(comment.path).parent, comment.symbol), comment)
    differs = {id(comment): list(comment.differs) for comment in comments}
    rest = []
    for comment in comments:
        if comment.cited or not comment.differs:
            continue
        same = about.get((Path(comment.path).parent, comment.symbol)) if comment.symbol else None
        if same is None:
            rest.append(comment)
        else:
            differs[id(same)] += comment.differs
    rows = {}
    for comment in comments:
        for cited in comment.cited:
            row = rows.setdefault((cited.kernel_file, cited.name), ([], [], []))
            for column, values in zip(
                    row, (cited.versions, [f"`{cited.here}`"], differs[id(comment)])):
                column += [value for value in values if value and value not in column]
    return rows, rest


def merged(rows):
    """Functions of one file of which the same is to be said, in one row."""
    names = {}
    for (kernel_file, name), (versions, here, differs) in sorted(rows.items()):
        rest = tuple(cell(column) for column in (sorted(versions), here, differs))
        names.setdefault((kernel_file, rest), []).append(f"`{name}`" if name else "-")
    for (kernel_file, rest), functions in names.items():
        yield kernel_file, [", ".join(functions), *rest]


def cell(values):
    return "<br>".join(values).replace("|", "\\|") or "-"


def page_of(comments):
    rows, rest = rows_of(comments)
    out, last = [HEAD], ""
    for kernel_file, cells in merged(rows):
        if kernel_file != last:
            out.append(f"\n## {kernel_file}\n\n| function | version | here | differs |\n"
                       "| --- | --- | --- | --- |\n")
            last = kernel_file
        out.append(f"| {' | '.join(cells)} |\n")
    if rest:
        out.append(REST)
        out += [f"| `{comment.here}` | {cell(comment.differs)} |\n" for comment in rest]
    return "".join(out)


def page_of_repository(root):
    comments = []
    for layer in LAYERS:
        for path in sorted((root / "src" / layer).rglob("*")):
            if path.suffix in {".cc", ".h"}:
                name = path.relative_to(root).as_posix()
                comments += comments_of(name, path.read_text(encoding="utf-8"))
    return page_of(comments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        page = page_of_repository(options.root)
    except Unreadable as problem:
        sys.exit(str(problem))
    path = options.root / PAGE
    if not options.check:
        path.write_text(page, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != page:
        sys.exit(f"{PAGE} is not up to date: run scripts/model_list.py")


if __name__ == "__main__":
    main()
