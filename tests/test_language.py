from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import messages

TRANSLATORS = {"_", "N_", "ngettext"}

NOT_SAID = (
    # Words of formats, protocols, libraries and other programs.
    r"collections OrderedDict|torch.*",
    r"(SELECT|INSERT|CREATE|PRAGMA) .*",
    r"HTTP {}|HTTP \\d.*|gzip, deflate|Bearer {}|{} filetype:bitmap|default-src .*|(img|script|style)-src .*|.* 'none'",
    r"(upper|lower) (left|right|center)|offset points",
    r"\.?(\w+ )+\.?\w+",
)

OF_PROGRAMMERS = {"ValueError", "AttributeError", "TypeError", "RuntimeError", "_Refusal"}
"""What only a mistake of ours raises, and the reason in brackets of a file that no program of ours wrote."""


def parents_of(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def text_of(node: ast.Constant | ast.JoinedStr) -> str:
    """Returns a literal with {} for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def ancestors(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[ast.AST, ast.AST]]:
    while node in parents:
        yield node, parents[node]
        node = parents[node]


def called(node: ast.AST) -> str:
    """Returns the last name of what a call calls, "" for what is none."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def find_unwrapped(path: Path) -> Iterator[str]:
    """Yields the texts of at least two words that a person might read, and that nothing translates."""
    tree = ast.parse(path.read_text("utf-8"))
    parents = parents_of(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant | ast.JoinedStr) or isinstance(parents[node], ast.Expr | ast.JoinedStr):
            continue  # no literal, a docstring, a part of a longer literal
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            continue
        if " " not in text_of(node).strip("\n") or not re.search(r"[a-z]{2}", text_of(node).replace("{}", "")):
            continue
        around = [*ancestors(node, parents)]
        if any(called(above) in TRANSLATORS | OF_PROGRAMMERS for below, above in around):
            continue
        yield f"{path.relative_to(messages.HOUSE)}:{node.lineno}: {text_of(node)!r}"


if __name__ == "__main__":
    for path in messages.SOURCES:
        for found in find_unwrapped(path):
            print(found)
