# SPDX-License-Identifier: Apache-2.0
"""C++ source as text: without comments and strings, and cut into functions.

Not a parser. It is right for code that clang-format has formatted; tidy_test.py says for what.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
  | (?P<raw>     (?:u8|[uUL])?R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)" )
  | (?P<string>  "(?:[^"\\\n]|\\.)*" )
  | (?P<number>  \b[0-9](?:'?[0-9a-zA-Z_.])* )
  | (?P<char>    '(?:[^'\\\n]|\\.)+' )
    """,
    re.DOTALL | re.VERBOSE,
)


def blank(text):
    """Spaces of the same shape: every newline stays where it is."""
    return re.sub(r"[^\n]", " ", text)


def strip(text, keep_comments=False):
    """`text` with the inside of comments and literals blanked; positions do not change."""

    def replace(match):
        token = match.group(0)
        if match.group("number"):
            return token
        if match.group("comment"):
            return token if keep_comments else blank(token)
        if len(token) < 2:
            return token
        return token[0] + blank(token[1:-1]) + token[-1]

    return TOKEN.sub(replace, text)


def fill_raw_strings(text):
    """`text` with the inside of raw strings replaced: their white space is somebody's input."""

    def replace(match):
        return re.sub(r"[^\n]", "x", match.group(0)) if match.group("raw") else match.group(0)

    return TOKEN.sub(replace, text)


def strip_preprocessor(code):
    """Blanks directives together with their continuation lines. `code` is the result of strip()."""
    return re.sub(
        r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: blank(m.group(0)), code, flags=re.MULTILINE
    )


@dataclass
class Function:
    name: str
    first_line: int
    last_line: int

    @property
    def nr_lines(self):
        return self.last_line - self.first_line + 1


NOT_A_FUNCTION = re.compile(r"^(?:export\s+)?(?:namespace|class|enum|union|concept)\b")
ACCESS = re.compile(r"^\s*(?:public|private|protected)\s*$")
TEMPLATE = re.compile(r"^template\s*<[^{}]*?>\s*(?=[a-zA-Z_\[])", re.DOTALL)


def classify(head, inside):
    """What a `{` after the text `head` opens, in a scope of the kind `inside`."""
    if inside in ("function", "other"):
        return "other"
    while TEMPLATE.match(head):
        head = TEMPLATE.sub("", head, count=1)
    if re.match(r"^(?:inline\s+)?namespace\b", head) or re.match(r'^extern\s*"\s*"$', head):
        return "namespace"
    if NOT_A_FUNCTION.match(head):
        return "other" if head.startswith("enum") else "class"
    before_parameters = head.split("(", 1)[0]
    if re.match(r"^(?:struct|class|union)\b", head) and "(" not in head:
        return "class"
    if "(" not in head or re.search(r"(?<!operator)(?<![=!<>])=(?!=)", before_parameters):
        return "other"
    return "function"


def function_name(head):
    match = re.search(r"([\w:~]+|operator\s*\S+)\s*\(", head)
    if match and match.group(1).startswith("TEST"):
        arguments = head[match.end() :].split(")", 1)[0]
        return f"{match.group(1)}({arguments.strip()})"
    return match.group(1) if match else "?"


def functions(text):
    """All functions outside of functions, in order. A lambda counts as part of what it is in."""
    code = strip_preprocessor(strip(text))
    found = []
    scopes = []  # [kind, name, first line, open parentheses before it, where the head began]
    head_start = 0
    parens = 0
    for position, character in enumerate(code):
        if character in "()":
            parens += 1 if character == "(" else -1
        elif character == ";" and parens == 0:
            head_start = position + 1
        elif character == ":" and ACCESS.search(code[head_start:position]):
            head_start = position + 1
        elif character == "{":
            head = code[head_start:position].lstrip()
            line = 1 + code.count("\n", 0, position - len(head))
            inside = scopes[-1][0] if scopes else "namespace"
            kind, name = classify(head.rstrip(), inside), function_name(head)
            if parens > 0:
                kind = "other"
            elif inside in ("namespace", "class") and found and (not head or head[0] == ","):
                # `Type() : a_{1}, b_{2} {`: what looked like bodies were initialisers.
                last = found.pop()
                kind, name, line = "function", last.name, last.first_line
            scopes.append((kind, name, line, parens, head_start))
            parens = 0
            head_start = position + 1
        elif character == "}" and scopes:
            kind, name, line, parens, outer_head = scopes.pop()
            if kind == "function":
                found.append(Function(name, line, 1 + code.count("\n", 0, position)))
            head_start = outer_head if parens > 0 else position + 1
    return found
