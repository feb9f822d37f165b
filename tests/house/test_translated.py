"""Everything people read is there in Korean, too: nothing is missing, nothing is left over, nothing is cut."""

import ast
import re
import string

import pytest

from bot.registry import discover
from bot.words import Words, catalogue
from tests.house.code import ROOT, calls, modules, name, tree
from tests.house.sentences import blank, finished, spoken, templates

KOREAN = catalogue("ko")
SPOKEN, FINISHED = spoken(), finished()
HANGUL = re.compile("[가-힣]")
# Same in both languages: made of values and signs only.
ALIKE = {"{help} ({low} … {high})", "{group}: {list}.", "{day}: {arrow} {change}, {profit}"}
SHOWN = {"Reply": ("title", "text", "footer"), "Button": ("label",), "Row": ("label", "value", "detail")}
UNSAID = {
    "Tradewind {}": "a name and a number",
    "Leave it": "the dispatcher says it",
    "English it is.": "in the language that was just chosen",
    "한국어로 말씀드리겠습니다.": "in the language that was just chosen",
}
# What speaks before anybody is known, or to programs: in English.
ENGLISH = {"bot/app.py", "bot/platforms/terminal.py"}


def listed(sentences: dict[str, str]) -> str:
    """Lines to paste into the catalogue; `{}` gets a name there."""
    return "\n".join(f'"{named(sentence)}" = ""  # {where}' for sentence, where in sentences.items())


def named(sentence: str) -> str:
    names = iter(string.ascii_lowercase)
    return re.sub(r"\{\}", lambda _: f"{{{next(names)}}}", sentence)


def names_in(sentence: str) -> list[str]:
    return sorted({field for _, field, _, _ in string.Formatter().parse(sentence) if field is not None})


def test_every_sentence_of_the_chat_is_there_in_korean():
    missing = {sentence: where for sentence, where in SPOKEN.items() if sentence not in KOREAN.words}

    assert not missing, f"bot/words/ko.toml lacks, in [words]:\n{listed(missing)}"


def test_every_sentence_that_trading_makes_is_there_in_korean():
    sayings = [sentence for sentence in KOREAN.words if " " in sentence]
    known = {blank(sentence) for sentence in [*KOREAN.finished, *sayings]}

    missing = {sentence: where for sentence, where in FINISHED.items() if sentence not in known}

    assert not missing, f"bot/words/ko.toml lacks, in [finished]:\n{listed(missing)}"


def test_no_translation_is_left_over():
    assert [sentence for sentence in KOREAN.words if sentence not in SPOKEN] == []
    assert [sentence for sentence in KOREAN.finished if blank(sentence) not in FINISHED] == []


@pytest.mark.parametrize("table", [KOREAN.words, KOREAN.finished], ids=["words", "finished"])
def test_a_translation_fills_in_the_same_things(table):
    differing = {
        english: korean for english, korean in table.items() if names_in(english) != names_in(korean)
    }

    assert differing == {}


@pytest.mark.parametrize("table", [KOREAN.words, KOREAN.finished], ids=["words", "finished"])
def test_a_translation_is_korean(table):
    english = [
        key
        for key, said in table.items()
        if not HANGUL.search(said) and key not in ALIKE and re.search("[a-z]{2}", blank(key))
    ]

    assert english == []


@pytest.mark.parametrize("sentence", KOREAN.finished)
def test_a_finished_sentence_is_said_again_with_its_values(sentence):
    point = "" if "hint" in names_in(sentence) else " 7.5"  # before a hint stands a full stop
    values = {name: f"<{name}{point}>" for name in names_in(sentence)}

    said = Words("ko").again(sentence.format(**values))

    assert said == KOREAN.finished[sentence].format(**values)


def test_endings_are_polite_and_of_one_kind():
    plain = re.compile(r"(?<!니)다\.|해요|에요|예요|십시오")

    rude = [said for said in [*KOREAN.words.values(), *KOREAN.finished.values()] if plain.search(said)]

    assert rude == []


def test_no_particle_depends_on_what_is_filled_in():
    """은/는, 이/가, 을/를, 과/와 and (으)로 change with the sound before them; a value may end in any."""
    risky = re.compile(
        r"[}][은는이가을를과와](?![가-힣])|[}]으?로(?![가-힣])|\(으\)|[은이을과]\([는가를와]\)"
    )

    spoiled = [said for said in [*KOREAN.words.values(), *KOREAN.finished.values()] if risky.search(said)]

    assert spoiled == []


def test_descriptions_of_commands_fit_where_platforms_show_them():
    """Discord cuts a description at 100 characters."""
    helps = {text for c in discover().values() for text in (c.help, *(p.help for p in c.parameters))}

    assert {said for said in map(KOREAN.words.get, helps) if len(said) > 100} == set()


# --- layout -----------------------------------------------------------------------------------------------


def test_korean_is_never_aligned_with_spaces():
    aligned = [
        said for said in [*KOREAN.words.values(), *KOREAN.finished.values()] if re.search(r"  |\t|`{3}", said)
    ]

    assert aligned == []


def test_no_text_of_a_chat_is_padded_or_set_in_columns():
    """Hangul is as wide as one and a half to two letters, so columns of it never meet."""
    padding = [
        f"{name(path)}:{node.lineno}"
        for path in modules("bot")
        if "bot/ops/" not in name(path)  # log files are English and for programs
        for node in ast.walk(tree(path))
        if _pads(node) or _is_monospace(node)
    ]

    assert padding == []


def _pads(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("ljust", "rjust", "center", "expandtabs")
    if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
        spec = "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.format_spec.values)
        return bool(re.match(r".?[<>^=]|[1-9]", spec))
    return False


def _is_monospace(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(re.search("<pre|```", node.value))
    )


# --- nothing goes past the translator ---------------------------------------------------------------------


def test_nothing_is_shown_that_was_not_said():
    past = [
        f"{name(path)}:{call.lineno}: {text}"
        for path in modules("bot")
        if name(path) not in ENGLISH
        for called, call in calls(tree(path))
        for shown in _shown(called, call)
        for text in templates(shown)
        if re.search("[A-Za-z가-힣]{2}", text) and text not in UNSAID
    ]

    assert past == []


def _shown(called: str, call: ast.Call) -> list[ast.expr]:
    names = SHOWN.get(called.split(".")[-1], ())
    by_place = list(call.args[: 1 if called.endswith("Button") else len(names)]) if names else []
    return by_place + [keyword.value for keyword in call.keywords if keyword.arg in names]


def test_what_is_said_is_written_where_it_is_said():
    """A sentence put together before it is said could not be found, and not be translated."""
    built = [
        f"{name(path)}:{call.lineno}"
        for path in modules("bot", "charts")
        if name(path) not in ENGLISH
        for called, call in calls(tree(path))
        if called.split(".")[-1] == "say"
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]

    assert built == []


# --- the READMEs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(r"^(#+) ", id="headings"),
        pytest.param(r'<img src="([^"]+?)(?:-ko)?[.]png" width="(\d+)"', id="pictures"),
        pytest.param(r"^```(\w*)", id="blocks of code"),
        pytest.param(r"(?<![\w`])`(/[a-z-]+)", id="commands"),
        pytest.param(r"^(\|).*\|$", id="rows of tables"),
        pytest.param(r"^ ?\d+  (\S+/\S*)", id="steps of the flow"),
        pytest.param(r"^- (\*\*)", id="decisions"),
    ],
)
def test_the_korean_readme_keeps_in_step_with_the_english_one(part):
    english, korean = ((ROOT / file).read_text() for file in ("README.md", "README.ko.md"))

    found = re.findall(part, english, re.MULTILINE)

    assert found
    assert re.findall(part, korean, re.MULTILINE) == found
