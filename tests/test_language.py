from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Iterator

import messages
import pytest

import generate
import interpolate
import latent_svm
import mine
import preprocess
import scrape
import train_dcgan
from demicouture import cli, language
from demicouture.images import MAX_PIXELS, TOO_LARGE
from demicouture.language import _
from demicouture.magazine import words
from demicouture.preprocessing import records

SCRIPTS = (generate, interpolate, latent_svm, mine, preprocess, scrape, train_dcgan)

OTHER_TEXTS = {
    *(f"demicouture/magazine/{name}.py" for name in ("words", "chapters", "home", "inlining", "page")),
    "demicouture/scraping/attribution.py",
    "demicouture/scraping/failure_reasons.py",
}
"""The page has both languages in tables of its own; ATTRIBUTION.md and data/README.md are published in English."""

OF_PROGRAMMERS = {"ValueError", "AttributeError", "TypeError", "_Refusal"}
"""What only a mistake of ours raises, and what a file holds that no program of ours wrote."""

SINKS = {"print", "report", "say", "error", "progress_bar", "add_argument_group"} | {
    f"{kind}Error" for kind in ("Demicouture", "Input", "Options", "Source", "ArgumentType")
}
KEYWORDS = {"help", "title", "label", "xlabel", "ylabel", "unit", "description"}
"""What a person reads, even where it is one word."""

NO_MESSAGES = re.compile(
    r"[A-Z][\w]+( [A-Z]\w+)+"  # names of fonts
    r"|(\.?\w+ )+\.?(pfm|jpx|vst|flc|ftu|rgba|bw|im1|fits|tqdm|avifs)"  # lists of file endings and of modules
    r"|(SELECT|INSERT|CREATE|PRAGMA) .*"
    r"|(upper|lower) (left|right|center)|offset points"
    r"|torch.*|collections OrderedDict|UpSampling2D ×2, Conv2D"
    r"|gzip, deflate|Bearer {}|{} filetype:bitmap|{desc} .*"
    r"|{} plain {} models"  # a part of a hash
    r"|text/\w+; charset=utf-8|[a-z]+(-\w+)+ ('none'|'self'|data:|{})|private, .*"  # HTTP
    r"|.*\\b.*|smaller than \(.*|HTTP \\d.*"  # regular expressions
    r"|--\w+ (\w+|{}(\.npy)?)| (only|without) {}|width at the {}|(left|right) cuff|polo shirt"  # flags, keys
    r"|pose models"
    r"|.*Apache License 2\.0|Demicouture's wardrobe"  # credits
    r"|Latents in \[-1, 1\] to .*|Made from one picture .*|demicouture {}"  # stand in generator.onnx and in *.glb
    r"|HTTP {}|smaller than {}×{}"  # data
)


def text_of(node: ast.Constant | ast.JoinedStr) -> str:
    """Returns a literal, with {} for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def called(node: ast.AST) -> str:
    """Returns the last name of what a call calls; "" for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def find_unmarked(node: ast.AST, marked: set[str], is_said: bool = False) -> Iterator[tuple[int, str]]:
    """Yields what a person might read and nothing translates: several words anywhere, one word where it is said."""
    if called(node) in {*messages.FORMS} | OF_PROGRAMMERS:
        return
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        text = text_of(node)
        is_message = (is_said or " " in text) and re.search(r"[a-z]{2}", text.replace("{}", "")) and text not in marked
        if is_message and not NO_MESSAGES.fullmatch(text):
            yield node.lineno, text
    for child in ast.iter_child_nodes(node):
        is_docstring = isinstance(node, ast.Expr) and isinstance(child, ast.Constant)
        is_part = isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)
        if not (is_docstring or is_part or isinstance(child, ast.Name | ast.expr_context)):
            yield from find_unmarked(child, marked, called(node) in SINKS or getattr(node, "arg", "") in KEYWORDS)


def test_every_message_is_marked_for_translation():
    marked = {message.id for message in messages.collect()}
    found = []
    for path in messages.SOURCES:
        name = path.relative_to(messages.HOUSE).as_posix()
        if name not in OTHER_TEXTS:
            found += [f"{name}:{line}: {text!r}" for line, text in find_unmarked(messages.parse(path), marked)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "program",
    (
        'raise InputError(f"{path}: gone")',
        'report("done")',
        'parser.add_argument("--count", help="designs")',
        'mend = "remove it" if damaged else ""',
        'title = f"{count} pictures"',
        'raise InputError(path + " gone")',
        "raise InputError(f\"{path}: {'it is gone' if gone else ''}\")",
    ),
)
def test_a_message_that_is_not_marked_is_found(program):
    assert [*find_unmarked(ast.parse(program), set())]


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes in a function's own scope."""
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, scopes + (ast.GeneratorExp,)):
            yield from own_nodes(node)


def test_no_function_hides_the_translator():
    """``for _ in …`` beside ``_("…")`` would call a number, and only where the message is due."""
    for path in messages.SOURCES:
        text = path.read_text("utf-8").replace("import _", "").replace(", _\n", "")
        functions = ast.walk(messages.parse(path)) if re.search(r"\b_\b[^(]", text) else ()
        for function in functions:
            if isinstance(function, ast.FunctionDef) and any(called(node) == "_" for node in ast.walk(function)):
                names = [node for node in own_nodes(function) if isinstance(node, ast.Name) and node.id == "_"]
                assert all(isinstance(name.ctx, ast.Load) for name in names), f"{path}: {function.name}"


def test_every_message_has_its_japanese():
    assert not messages.find_untranslated(), "run: make messages, and fill in what is empty"
    assert {message.id for message in messages.read_translations()} == {message.id for message in messages.collect()}
    assert messages.MO.read_bytes() == messages.compile_translations(), "run: make messages"


def placeholders(text: str) -> set[str]:
    if re.search(r'(?<!{){"latents"', text):  # said as it is, without format()
        return set()
    named = re.findall(r"%\(\w+\)s|%[sr]", text)
    if named:
        return {*named}
    return {f"{field}!{how}:{spec}" for _text, field, spec, how in string.Formatter().parse(text) if field}


def test_the_japanese_fills_in_the_same_and_keeps_flags_and_commands():
    for message in messages.read_translations():
        one, *more = [message.id] if isinstance(message.id, str) else message.id
        japanese = message.string if isinstance(message.string, str) else message.string[0]
        assert placeholders(japanese) == placeholders(one).union(*map(placeholders, more)), one
        for kept in re.findall(r"(?<!\w)--[a-z][a-z-]+|\w+\.(?:py|csv|npz|npy|png|keras|json)\b", one):
            assert kept in japanese or one in words.REASONS, (kept, one)
        assert one[:1].isspace() or not japanese[:1].isspace(), one
        assert one.count("\n") == 0 or "\n" in japanese, one
        assert not re.search(r"[、。] ", japanese), japanese


def test_data_that_both_the_page_and_the_console_say_have_one_japanese(japanese):
    for reason, (_english, text) in words.REASONS.items():
        assert records.describe_reason(reason) == text
    assert records.describe_reason("smaller than 128×128") == words.reason("smaller than 128×128")[1]
    assert TOO_LARGE == f"over {MAX_PIXELS // 1_000_000} megapixels"


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_in_japanese(script, japanese, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        script.main(["--help"])
    shown = capsys.readouterr().out
    assert shown.startswith("使い方: ") and "この説明を表示して終わる" in shown and "オプション:" in shown
    after_the_manual = shown.partition("オプション:")[2]
    assert max(map(language.columns, after_the_manual.splitlines())) <= 80
    english = re.sub(r"^ +-.*?(?=  |$)", "", after_the_manual, flags=re.MULTILINE)
    assert not re.search(r"\b(the|of|and|default|this)\b", re.sub(r"`.*?`|'.*?'", "", english))


def test_errors_are_in_japanese(japanese, capsys, tmp_path):
    assert cli.run(lambda: generate.main(["--home", str(tmp_path)])) == 1
    assert re.fullmatch(
        r"エラー: \S+generator\.keras: 見つかりません。.*次を実行してください: .*\n", capsys.readouterr().err
    )
    with pytest.raises(SystemExit):
        generate.main(["--count", "none"])
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.endswith("エラー: 引数 --count: 'none' は使えません。1から1000000までの整数を指定してください")
    with pytest.raises(SystemExit):
        mine.main(["casual=here"])
    assert "次の引数が必要です" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "chosen"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ja:en"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "en:ja"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "fr:ja"}, "ja"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "", "LC_ALL": ""}, "en"),
        ({}, "en"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the desktop has a language, too")
def test_the_language_is_that_of_the_locale(variables, chosen, monkeypatch):
    for name in language.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language.choose() == chosen


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", b"error: x\\xe9\\u753b\\u50cf"),
        ("cp932", "エラー: ×\\xe9画像".encode("cp932")),
        ("utf-8", "エラー: ×é画像".encode()),
    ],
)
def test_a_terminal_without_the_letters_ends_no_script(encoding, expected, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "ja")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    language.forget()
    assert cli.run(lambda: print(_("error: ") + "×é画像", end="", flush=True)) == 0
    language.forget()
    assert written.getvalue() == expected


def test_lines_break_between_japanese_letters_but_not_before_a_full_stop():
    assert language.break_lines("写真のフォルダー。", 8) == ["写真の", "フォル", "ダー。"]
    assert language.break_lines("(default: none) of all", 10) == ["(default:", "none) of", "all"]
    assert language.break_lines("", 8) == []
    assert language.right_aligned("画像", 6) == "  画像"


def test_nothing_is_said_as_nothing(japanese):
    assert _("") == "" and _("no such message") == "no such message"


def parts_of(name: str) -> dict[str, list[str]]:
    """Returns what a README has in both languages: commands, pictures, links, headings, tables, inline code."""
    text = (messages.HOUSE / name).read_text("utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return {
        "commands": [line.partition("#")[0].rstrip() for block in blocks for line in block.splitlines()],
        "pictures": re.findall(r"!\[[^]]*\]\(([^)]*)\)", text),
        "links": sorted({*re.findall(r"\]\(([^)]*)\)", text)} - {"README.md", "README.ja.md"}),
        "headings": re.findall(r"^#+", prose, re.MULTILINE),
        "rows": [line.count("|") for line in text.splitlines() if line.startswith("|")],
        "code": sorted({re.sub(r"\s+", " ", code) for code in re.findall(r"`([^`]+)`", prose) if code.isascii()}),
    }


def test_both_readmes_say_the_same():
    english, japanese = parts_of("README.md"), parts_of("README.ja.md")
    for part, found in english.items():
        assert japanese[part] == found, part
