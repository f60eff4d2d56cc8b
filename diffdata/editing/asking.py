"""Asking for what a row still needs, one question after the other.

How a line is read and shown is the caller's: `typer.prompt` and `typer.echo` on the command line,
anything in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from diffdata.editing.cells import fault, whole_date
from diffdata.editing.questions import Blank, Question, questions
from diffdata.editing.references import meant, no_such
from diffdata.errors import suggestion
from diffdata.package.packages import Package

Read = Callable[[str], str]
Tell = Callable[[str], None]


def fill_in(
    package: Package, table: str, given: Mapping[str, str], read: Read, tell: Tell
) -> dict[str, str]:
    """Ask until nothing more must be asked, and return all cells that were given or answered.

    Parameters
    ----------
    package, table
        Where the row will stand.
    given
        Cells that are known already.
    read
        Shows a prompt and returns the line that is typed.
    tell
        Shows a line.
    """
    cells = dict(given)
    while asked := questions(package, table, cells):
        cells |= ask(asked[0], read, tell)
    return cells


def ask(question: Question, read: Read, tell: Tell) -> dict[str, str]:
    """Ask one question until the answer can be used; an answer left open is an empty text.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> first, *_ = questions(open_package(), "model_dates", {})
    >>> lines = iter(["gpt3", "gpt-3"])
    >>> ask(first, lambda prompt: next(lines), print)
    model_id: The model, by its stable identifier in models.
    there is no 'gpt3'; did you mean gpt-3 or gpt-4 or gpt-2?
    {'model_id': 'gpt-3'}
    """
    if question.choose == "exactly one":
        tell(f"About one of these: {', '.join(question.columns)} ({question.reason})")
        blank = _pick(question, read, tell)
        return _fill(blank, True, read, tell)
    if question.choose == "at least one":
        tell(f"At least one of these: {', '.join(question.columns)} ({question.reason})")
        while True:
            answers: dict[str, str] = {}
            for blank in question.blanks:
                answers |= _fill(blank, False, read, tell)
            if any(answers.values()) or not question.required:
                return answers
            tell("at least one of them is needed")
    tell(str(question))
    return _fill(question.blanks[0], question.required, read, tell)


def _pick(question: Question, read: Read, tell: Tell) -> Blank:
    while True:
        name = read("which").strip()
        for blank in question.blanks:
            if name in (blank.field.name, blank.field.name.removesuffix("_id")):
                return blank
        tell(suggestion(name, question.columns, f"one of: {', '.join(question.columns)}"))


def _fill(blank: Blank, required: bool, read: Read, tell: Tell) -> dict[str, str]:
    name = blank.field.name
    prompt = name if required else f"{name} (Enter: leave empty)"
    while True:
        text = read(prompt).strip()
        if not text:
            if not required:
                return {name: ""}
            tell("the row needs it")
            continue
        if blank.known is not None and (found := meant(text, blank.known)):
            return {name: found}
        wrong = _wrong(text, blank)
        if not wrong:
            return {name: text}
        tell(wrong)


def _wrong(text: str, blank: Blank) -> str:
    """Say what is wrong with an answer; an empty string where nothing is."""
    if blank.known is not None:
        return no_such(text, blank.known)
    whole = whole_date(text)[0] if blank.part_of_date else ""
    return fault(whole or text, blank.field)
