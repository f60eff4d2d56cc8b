"""What a new row need not be asked for, because it follows from what is given."""

from __future__ import annotations

from collections.abc import Mapping

from diffdata.editing.cells import with_precision
from diffdata.editing.formatting import normal_cell
from diffdata.editing.identifiers import own_key, propose
from diffdata.editing.references import keys, matching
from diffdata.errors import UnknownNameError
from diffdata.package.packages import Package
from diffdata.schemas.standard import ForeignKey

# What a column says unless somebody says otherwise, if its enum allows it; and the column that must
# be given for that.
_USUAL = {"status": ("current", None), "statistic": ("unspecified", "value")}


def table_named(package: Package, name: str) -> str:
    """Return the table that a name in the singular or plural means.

    Raises
    ------
    UnknownNameError
        If there is none; the nearest names are suggested.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> [table_named(open_package(), name) for name in ("model", "case-study", "hardware")]
    ['models', 'case_studies', 'hardware']
    """
    plain = name.replace("-", "_")
    forms = [plain, f"{plain}s", f"{plain}es", f"{plain.removesuffix('y')}ies"]
    for form in forms:
        if form in package.tables:
            return form
    raise UnknownNameError("table", name, package.tables)


def derive(package: Package, table: str, given: Mapping[str, str]) -> dict[str, str]:
    """Complete a row as far as it follows from what is given.

    Derived are: the precision of a date, and its full form, from how much of it was given; the
    part of a reference that its other parts decide (the unit of a quantity that has only one);
    ``current`` as status and ``unspecified`` as statistic; the identifier. A column that is given
    as an empty text stays empty.

    Parameters
    ----------
    package
        The package.
    table
        The name of the table.
    given
        Cells as text, by column.

    Returns
    -------
    row
        All columns of the table in their order; the cells that are not known are empty.

    Raises
    ------
    UnknownNameError
        If there is no such table or column.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> given = {"model_id": "gpt-2", "quantity_id": "training_compute", "value": "1.5e21",
    ...          "source_id": "jones-2020-overhang"}
    >>> row = derive(open_package(), "estimates", given)
    >>> row["estimate_id"], row["unit"], row["status"], row["statistic"], row["basis"]
    ('gpt-2-training-compute-jones-2020-overhang', 'FLOP', 'current', 'unspecified', '')
    """
    schema = package.schema(table)
    for name in given:
        if name not in schema.column_names:
            raise UnknownNameError(f"column of {table}", name, schema.column_names)
    cells = {name: normal_cell(text, schema.field(name)) for name, text in given.items()}
    cells = with_precision(cells, schema)
    for name, (usual, needed) in _USUAL.items():
        if name in schema.column_names and (needed is None or cells.get(needed)):
            allowed = schema.field(name).constraints.enum
            if allowed is None or usual in allowed:
                cells.setdefault(name, usual)
    for key in schema.foreign_keys:
        cells |= _decided(package, table, key, cells)
    row = {name: cells.get(name, "") for name in schema.column_names}
    own = own_key(schema)
    if own and own not in cells:
        row[own], _ = propose(table, schema, row, keys(package, table))
    return row


def _decided(
    package: Package, table: str, key: ForeignKey, cells: Mapping[str, str]
) -> dict[str, str]:
    """Return the missing parts of a reference that the given parts leave no choice about."""
    missing = [name for name in key.fields if name not in cells]
    if not missing or not any(cells.get(name) for name in key.fields):
        return {}
    found = matching(package, table, key, cells)
    decided = {}
    for name in missing:
        there = key.reference.fields[key.fields.index(name)]
        values = {row.get(there, "") for row in found}
        if len(values) == 1:
            decided[name] = values.pop()
    return decided
