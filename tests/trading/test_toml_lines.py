"""Every key of a TOML text is found on its line, whatever way it is written."""

import string

from hypothesis import given
from hypothesis import strategies as st

from trading.toml_lines import lines


def test_tables_keys_and_list_entries_have_lines():
    found = lines('top = 1\n\n[risk]\n# a note\ndaily_loss = 0.05\nnames = [\n  "a",  # first\n  "b",\n]\n')

    assert found == {
        ("top",): 1,
        ("risk",): 3,
        ("risk", "daily_loss"): 5,
        ("risk", "names"): 6,
        ("risk", "names", "0"): 7,
        ("risk", "names", "1"): 8,
    }


def test_dotted_keys_and_headers_name_every_table_on_the_way():
    found = lines("[accounts.main]\nsleeves.rsi.share = 0.3\n")

    assert found == {
        ("accounts",): 1,
        ("accounts", "main"): 1,
        ("accounts", "main", "sleeves"): 2,
        ("accounts", "main", "sleeves", "rsi"): 2,
        ("accounts", "main", "sleeves", "rsi", "share"): 2,
    }


def test_inline_tables_are_looked_into():
    found = lines('accounts = {main = {cash = 1, "mode" = "paper"}, other = {}}\r\nzone = "UTC"\r\n')

    assert found[("accounts", "main", "cash")] == 1
    assert found[("accounts", "main", "mode")] == 1
    assert found[("accounts", "other")] == 1
    assert found[("zone",)] == 2


def test_quoted_keys_are_read_as_toml_reads_them():
    found = lines('["a.b"]\n"c \\" \\u0041" = 1\n\'d#\' = 2\n')

    assert found == {("a.b",): 1, ("a.b", 'c " A'): 2, ("a.b", "d#"): 3}


def test_strings_that_look_like_settings_are_none():
    text = (
        'a = """\nb = 1\n[c]\n"""\nd = \'\'\'\ne = 2\'\'\'\nf = "# \\" g = 3"\nh = """two quotes"""""\ni = 1'
    )

    assert lines(text) == {("a",): 1, ("d",): 5, ("f",): 7, ("h",): 8, ("i",): 9}


def test_repeated_tables_are_counted():
    found = lines("[[people]]\nname = 1\n[[people]]\nname = 2\n")

    assert found[("people", "0", "name")] == 2
    assert found[("people", "1", "name")] == 4


def test_a_text_without_a_last_line_end_is_fine():
    assert lines("") == {}
    assert lines("# only a note") == {}
    assert lines("at = 2024-08-05T12:00:00Z # noon") == {("at",): 1}


words = st.text(string.ascii_lowercase, min_size=1, max_size=8)
values = st.sampled_from(
    ["1", "0.5", "true", '"[x]\\n = 2"', "'#'", "[]", "[1, [2,\n3]]", "{a = 1}", '"""\n\n"""']
)


@given(
    st.lists(
        st.tuples(words, st.lists(st.tuples(words, values), unique_by=lambda kv: kv[0])),
        unique_by=lambda t: t[0],
    )
)
def test_any_table_and_key_is_found_where_it_was_written(tables):
    text, expected = "", {}
    for table, pairs in tables:
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}]  # a = 1\n"
        for key, value in pairs:
            expected[(table, key)] = text.count("\n") + 1
            text += f"  {key}\t= {value} # note\n\n"

    found = lines(text)

    assert {keys: line for keys, line in found.items() if keys in expected} == expected
