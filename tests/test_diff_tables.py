"""Two tables by key: matching, changes, and that nothing is merged or guessed."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.diff import TableDiff, as_dict, compare
from diffdata.diff.table_diff import compare_tables
from diffdata.diff.tables import (
    Consequence,
    Table,
    canonical,
    difference,
    guess_type,
    make_table,
    parse_table,
)
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError

from . import independent

# Typical faults of public model tables: a byte order mark, lines within cells, CRLF, a key with
# a line end, duplicate and blank keys, renamed and reordered columns, a row under another name.
OLD = (
    "\ufeffSystem,Notes,FLOP,Size (datapoints),Organization,Open\r\n"
    'GPT-3,"From the paper,\r\nsection 2",3.14e+23,3e11,OpenAI,\r\n'
    "OPT-175B,,4.3e23,1.8e11,Meta AI,yes\r\n"
    "Gopher,,6.3e23,3e11,DeepMind,\r\n"
    "PaLM (540B),,2.5e24,7.8e11,Google,\r\n"
    "BLOOM,,3.7e23,366000000000,BigScience,yes\r\n"
    "Anonymized,,1e20,,,\r\n"
    "Anonymized,,2e20,,,\r\n"
    "Yuan 1.0,,4e23,1.8e11,Inspur,\r\n"
    ",,5e20,,Nobody,\r\n"
    "Gone,,7e20,1e9,Somebody,\r\n"
    "Twice later,,8e20,2e9,Others,\r\n"
)
NEW = (
    "Model,Organization,Size (gradients),FLOP,Notes,Country\n"
    'GPT-3,OpenAI,3e11,3.14e22,"From the paper,\nsection 2",US\n'
    '"OPT-175B\n",Meta AI,1.8e11,4.30e23,,US\n'
    "Gopher,DeepMind,3e11,6.31e23,,UK\n"
    "PaLM 540B,Google,7.8e11,2.5e24,,US\n"
    "BLOOM,BigScience,366000000000,3.7e23,The model card says so in its second part,\n"
    "Yuan 1.0,Inspur,1.9e11,4e23,,CN\n"
    "Twice later,Others,2e9,8e20,,\n"
    "Twice later,Others,2e9,9e20,,\n"
    "Anonymized,,,1e20,,\n"
    ",,,,,\n"
    " ,Nobody,,5e20,,\n"
    "LLaMA,Meta AI,1.4e12,5.5e23,,US\n"
)
RENAMED = {"Size (datapoints)": "Size (gradients)"}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "old.csv", tmp_path / "new.csv"
    for path, text in zip(paths, (OLD, NEW), strict=True):
        path.write_bytes(text.encode())
    return paths


@pytest.fixture
def found(files: tuple[Path, Path]) -> TableDiff:
    diff = compare(*files, key="Model")
    assert isinstance(diff, TableDiff)
    return diff


def table(text: str) -> Table:
    return parse_table(text, "a.csv")


def test_counts_agree_with_an_independent_computation(
    files: tuple[Path, Path], found: TableDiff
) -> None:
    expected = independent.compare(*files, "System", "Model", RENAMED)
    # As text, two cells differ that are only written differently: 4.30e23, and a line end within a
    # cell (in a row with another change).
    expected["rows"]["changed"] -= {"OPT-175B"}
    expected["cells"] -= 2
    assert independent.ours(as_dict(found)) == expected


def test_the_key_and_other_columns_are_found_under_new_names(found: TableDiff) -> None:
    assert [(pair.old, pair.new) for pair in found.renamed_columns] == [
        ("System", "Model"),
        ("Size (datapoints)", "Size (gradients)"),
    ]
    assert found.columns.added == ("Country",)
    assert found.columns.removed == ("Open",)
    assert len(found.columns.moved) > 0


def test_duplicate_and_blank_keys_are_reported_with_their_lines(found: TableDiff) -> None:
    assert as_dict(found)["duplicate_keys"] == {
        "old": [{"key": "Anonymized", "lines": [8, 9], "on_other_side": 1}],
        "new": [{"key": "Twice later", "lines": [10, 11], "on_other_side": 1}],
    }
    assert as_dict(found)["blank_keys"] == {"old": [11], "new": [13, 14]}


def test_a_row_whose_key_is_a_duplicate_on_the_other_side_is_neither_removed_nor_added(
    found: TableDiff,
) -> None:
    assert found.old.not_compared(found.new) == [("Twice later",)]
    assert found.new.not_compared(found.old) == [("Anonymized",)]
    assert [row.key for row in found.rows.removed] == [("Gone",)]
    assert [row.key for row in found.rows.added] == [("LLaMA",)]


def test_the_same_content_under_another_key_is_a_renamed_row(found: TableDiff) -> None:
    (row,) = found.rows.renamed
    assert (row.old_key, row.new_key) == (("PaLM (540B)",), ("PaLM 540B",))


def test_line_ends_and_blanks_around_a_cell_are_only_written_differently(found: TableDiff) -> None:
    written = {(cell.key[0], cell.column) for cell in found.reformatted}
    assert written == {("GPT-3", "Notes"), ("OPT-175B", "Model"), ("OPT-175B", "FLOP")}


_KEYS = st.sampled_from(["", " ", "a", "b", "c", "d", "e ", "f"])
_CELLS = st.sampled_from(["", "x", "y", "z"])
_ROWS = st.lists(st.tuples(_KEYS, _CELLS, _CELLS), max_size=8)


@given(_ROWS, _ROWS)
def test_counts_of_any_two_tables_agree_with_the_independent_computation(
    old: list[tuple[str, str, str]], new: list[tuple[str, str, str]]
) -> None:
    # A folder for each example: a fixture would be shared by all of them.
    with tempfile.TemporaryDirectory() as name:
        paths = Path(name, "old.csv"), Path(name, "new.csv")
        for path, rows, header in zip(paths, (old, new), ("k,p,q,r", "k,q,p,s"), strict=True):
            lines = [header, *(f"{key},{p},{q},1" for key, p, q in rows)]
            path.write_text("".join(f"{line}\n" for line in lines))
        found = compare(*paths, key="k", rename={"r": "s"})
        assert isinstance(found, TableDiff)
        expected = independent.compare(*paths, "k", "k", {"r": "s"})
        assert independent.ours(as_dict(found)) == expected


@given(_ROWS, _ROWS)
def test_every_row_is_counted_once(
    old: list[tuple[str, str, str]], new: list[tuple[str, str, str]]
) -> None:
    found = compare_tables(make_table("o", "kpq", old), make_table("n", "kpq", new), "k")
    for side, other, alone in (
        (found.old, found.new, found.rows.removed), (found.new, found.old, found.rows.added),
    ):  # fmt: skip
        repeated = sum(map(len, side.duplicates.values()))
        apart = len(alone) + len(found.rows.renamed) + len(side.not_compared(other))
        assert len(side.table.rows) == found.matched + apart + repeated + len(side.blanks)


@given(_ROWS)
def test_a_table_equals_itself(rows: list[tuple[str, str, str]]) -> None:
    table = make_table("a", "kpq", rows)
    assert compare_tables(table, table, "k").same


@pytest.mark.parametrize("rows", ["b,1\nb,3\n", "b,1\nb,2\n,4\n", "b,1\nb,2\nb,2\n"])
def test_tables_differ_if_rows_without_a_unique_key_differ(rows: str) -> None:
    old = table("k,a\nx,1\nb,2\nb,1\n")
    assert compare_tables(old, table("k,a\nb,1\nx,1\nb,2.0\n"), "k").same
    assert not compare_tables(old, table(f"k,a\nx,1\n{rows}"), "k").same


def test_columns_with_the_same_content_are_not_guessed() -> None:
    rows = "".join(f"m{i},{i}e20,{i}e20\n" for i in range(1, 8))
    found = compare_tables(table("k,a,b\n" + rows), table("k,c,d\n" + rows), "k")
    assert found.renamed_columns == ()
    assert {(pair.old, pair.new) for pair in found.columns.similar} == {
        ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"),
    }  # fmt: skip


def test_a_column_of_rare_flags_is_not_confused_with_another() -> None:
    old = "k,Frontier model\n" + "".join(f"m{i},{'True' * (i < 20)}\n" for i in range(100))
    new = "k,Foundation model\n" + "".join(f"m{i},{'True' * (15 <= i < 30)}\n" for i in range(100))
    found = compare_tables(table(old), table(new), "k")
    assert found.columns.added == ("Foundation model",)
    assert found.columns.removed == ("Frontier model",)


def test_a_renamed_column_is_found_even_if_some_cells_changed() -> None:
    old = "k,a\n" + "".join(f"m{i},{i}\n" for i in range(20))
    new = "k,b\n" + "".join(f"m{i},{i + (i < 3)}\n" for i in range(20))
    found = compare_tables(table(old), table(new), "k")
    (pair,) = found.renamed_columns
    assert (pair.old, pair.new) == ("a", "b")
    assert len(found.cells) == 3


def test_rows_of_the_same_content_are_not_guessed() -> None:
    found = compare_tables(table("k,a\nx,1\ny,1\n"), table("k,a\nz,1\n"), "k")
    assert not found.rows.renamed
    (alike,) = found.rows.ambiguous
    assert (alike.old_keys, alike.new_keys) == ((("x",), ("y",)), (("z",),))
    assert len(found.rows.removed) == 2


def test_keys_with_similar_spelling_are_reported() -> None:
    found = compare_tables(table("k,a\nGrok-3,1\n"), table("k,a\ngrok 3,2\n"), "k")
    assert [(row.old_key, row.new_key) for row in found.rows.similar] == [
        (("Grok-3",), ("grok 3",))
    ]
    assert len(found.rows.removed) == len(found.rows.added) == 1


def test_a_key_may_have_several_columns_and_another_name_on_each_side() -> None:
    old = table("chip,day,usd\nA100,2020-05-14,10000\nA100,,9000\n,,1\n")
    new = table("usd,hardware,day\n11000,A100,2020-05-14\n9000,A100,\n")
    found = compare_tables(old, new, ["chip=hardware", "day"])
    (cell,) = found.cells
    assert cell.key == ("A100", "2020-05-14")
    assert found.matched == 2
    assert found.old.lines(found.old.blanks) == [4]


def test_a_column_that_refers_to_the_key_is_not_used_as_the_key() -> None:
    rows = "".join(f"m{i},{f'm{i - 1}' if i in (2, 3, 4, 5) else ''}\n" for i in range(1, 13))
    found = compare_tables(table("System,Base\n" + rows), table("Model,Parent\n" + rows), "Model")
    assert [(pair.old, pair.new) for pair in found.key] == [("System", "Model")]
    assert found.matched == 12


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ((), InvalidInputError, "expected the columns that identify a row.*: k$"),
        ("kk", UnknownNameError, "did you mean k"),
        ("a=b", UnknownNameError, "'b'"),
        ("c", InvalidInputError, "no column 'c', and no column there contains most of its values"),
    ],
)
def test_an_unclear_key_is_an_error(key: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compare_tables(table("k,a\nx,1\ny,1\n"), table("k,c\nx,1\ny,2\n"), key)


def test_a_wrong_rename_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="'z'"):
        compare_tables(table("k,a\nx,1\n"), table("k,b\nx,1\n"), "k", rename={"z": "b"})
    with pytest.raises(InvalidInputError, match="cannot both become 'b'"):
        compare_tables(
            table("k,a,c\nx,1,1\n"), table("k,b\nx,1\n"), "k", rename={"a": "b", "c": "b"}
        )


@pytest.mark.parametrize(
    ("old", "new", "kind", "consequence"),
    [
        ("3e23", "3.14e23", "number", Consequence.NUMBER),
        ("1.2e24", "1.2e23", "number", Consequence.TENFOLD),
        ("1.2e24", "1.21e23", "number", Consequence.NUMBER),
        ("0", "1", "number", Consequence.TENFOLD),
        ("5", "-5", "number", Consequence.TENFOLD),
        ("3.0e23", "3e23", "form", Consequence.FORM),
        ("9007199254740992", "9007199254740993", "number", Consequence.NUMBER),
        ("007", "7", "code", Consequence.CODE),
        ("2020-05", "2020-05-28", "precision", Consequence.PRECISION),
        ("2020-05", "2021-05-28", "date", Consequence.DATE),
        ("2020-05-28", "2020-05-29", "date", Consequence.DATE),
        ("2025-03-11 19:27:29+00:00", "2025-03-11T19:27:29Z", "form", Consequence.FORM),
        ("2025-02-28", "2025-02-30", "code", Consequence.CODE),
        ("", "NaN", "filled", Consequence.NEW),
        ("1", " ", "emptied", Consequence.GONE),
        ("Language", "Language,Vision", "code", Consequence.CODE),
        ("It is said so in section two.", "It is stated so in section two.", "wording",
         Consequence.WORDING),
    ],
)  # fmt: skip
def test_each_kind_of_change_is_recognized(
    old: str, new: str, kind: str, consequence: Consequence
) -> None:
    found = difference(old, new)
    assert found is not None
    assert (found.kind, found.consequence) == (kind, consequence)


def test_numbers_are_compared_by_value_except_in_columns_of_text() -> None:
    assert canonical(" 3.0e23 ") == canonical("3e23")
    assert canonical("1.0", "text") != canonical("1", "text")


def test_the_content_of_a_column_is_judged_by_its_name() -> None:
    names = ("Currency", "as_of_precision", "Size notes", "Model")
    assert [guess_type(name) for name in names] == ["unit", "precision", "text", "any"]


def test_a_date_change_is_given_in_days() -> None:
    found = difference("2020", "2019-12-01")
    assert found is not None
    assert found.days == -31


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_ratios_of_numbers_are_finite_or_missing(old: float, new: float) -> None:
    found = difference(repr(old), repr(new))
    if found is None:
        assert old == new
    elif found.ratio is not None:
        assert 0 < found.ratio < float("inf")
        assert (found.consequence is Consequence.TENFOLD) == (
            found.ratio >= 10 or found.ratio <= 0.1 or _at_the_bound(found.ratio)
        )


def _at_the_bound(ratio: float) -> bool:
    return abs(ratio - 10) < 1e-12 or abs(ratio - 0.1) < 1e-15


def test_a_number_with_a_changed_unit_has_a_remark() -> None:
    old = table("k,value,unit\na,1,kW\n")
    found = compare_tables(old, table("k,value,unit\na,1000,W\n"), "k")
    value, unit = found.cells
    assert value.difference.remark == "the unit changed too"
    assert unit.difference.consequence is Consequence.MEANING


def test_a_column_that_changed_by_one_factor_is_reported() -> None:
    old = "k,hours\n" + "".join(f"m{i},{i}\n" for i in range(1, 9))
    new = "k,hours\n" + "".join(f"m{i},{i * 3600}\n" for i in range(1, 9))
    (column,) = compare_tables(table(old), table(new), "k").distributions.values()
    assert column["same_factor"] == 3600
    assert (column["numbers"], column["tenfold"], column["median_ratio"]) == (8, 8, 3600)
    assert column["bins"]["tenfold or more"] == 8


def test_long_rows_are_an_error_and_short_rows_are_reported() -> None:
    with pytest.raises(PackageError, match=r"line 3: the row has 3 cells, expected 2 .*','"):
        table("a,b\n1,2\n1,2,3\n")
    short = table("a,b\n1\n")
    assert short.rows == (("1", ""),)
    assert "line 2" in short.remarks[0]


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("a,a\n", "two columns 'a'")])
def test_a_file_without_a_usable_header_is_an_error(text: str, message: str) -> None:
    with pytest.raises(PackageError, match=message):
        table(text)


def test_long_cells_are_read() -> None:
    assert len(table(f"a\n{'x' * 300_000}\n").rows[0][0]) == 300_000


def test_a_tolerance_separates_rounding_from_changes() -> None:
    old, new = table("k,a\nx,100\ny,100\nz,0\n"), table("k,a\nx,101\ny,102\nz,1e-9\n")
    exact = compare_tables(old, new, "k")
    assert [cell.key[0] for cell in exact.cells] == ["x", "y", "z"]
    found = compare_tables(old, new, "k", atol=1e-9, rtol=0.01)
    assert [cell.key[0] for cell in found.cells] == ["y"]
    assert [(c.key[0], c.difference.remark) for c in found.reformatted] == [
        ("x", "within the tolerance"), ("z", "within the tolerance"),
    ]  # fmt: skip
    for bad in (-1, float("nan"), float("inf")):
        with pytest.raises(InvalidInputError, match="rtol: expected a number from 0"):
            compare_tables(old, new, "k", rtol=bad)


def test_other_delimiters_and_encodings_are_read(tmp_path: Path) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_bytes("k;a\nEté;1,5\n".encode("cp1252"))
    new.write_bytes("k;a\nEté;1,6\n".encode("cp1252"))
    found = compare(old, new, key="k", delimiter=";", encoding="cp1252")
    assert isinstance(found, TableDiff)
    assert [(cell.key, cell.old, cell.new) for cell in found.cells] == [(("Eté",), "1,5", "1,6")]
    with pytest.raises(PackageError, match="line 2 is not UTF-8"):
        compare(old, new, key="k", delimiter=";")
    with pytest.raises(PackageError, match="not encoded as ascii"):
        compare(old, new, key="k", delimiter=";", encoding="ascii")
    with pytest.raises(InvalidInputError, match="no encoding 'latin-99'"):
        compare(old, new, key="k", encoding="latin-99")
    with pytest.raises(InvalidInputError, match="delimiter: expected one character"):
        compare_tables(parse_table("k\n", "o", ";;"), table("k\n"), "k")


def test_errors_show_control_characters_of_column_names_as_codes() -> None:
    for key, error in (("x", UnknownNameError), ((), InvalidInputError)):
        with pytest.raises(error) as raised:
            compare_tables(table("k\x1b[2J,b\n1,2\n"), table("k\x1b[2J,c\n1,2\n"), key)
        assert "\x1b" not in str(raised.value)
        assert "k\\x1b[2J" in str(raised.value)
