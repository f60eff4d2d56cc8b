"""The schema of the table of the benchmarks in dataframely, without the foreign key."""

# ruff: noqa: N805  (dataframely calls rules with the class)

from __future__ import annotations

import datetime

import dataframely as dy
import polars as pl
import tables

col = pl.col


class Figures(dy.Schema):
    """The same types, constraints, key and rules as in `tables.schema`."""

    figure_id = dy.String(primary_key=True, regex=f"^(?:{tables.SLUG})$")
    family_id = dy.String()
    kind = dy.String(check=lambda kind: kind.is_in(tables.KINDS))
    currency = dy.String(nullable=True, regex="^[A-Z]{3}$")
    chips = dy.Int64(nullable=True, min=1)
    low = dy.Float64(nullable=True, min=0)
    value = dy.Float64()
    high = dy.Float64(nullable=True)
    level = dy.Float64(nullable=True, min=0, max=1)
    explicit = dy.Bool(nullable=True)
    as_of = dy.Date(nullable=True, min=datetime.date(1950, 1, 1))
    as_of_precision = dy.String(nullable=True, check=lambda p: p.is_in(tables.PRECISIONS))

    @dy.rule()
    def in_order(cls) -> pl.Expr:
        """Check that low, value and high are in this order."""
        low, value, high = col("low"), col("value"), col("high")
        pairs = (low <= value, value <= high, low <= high)
        return pl.all_horizontal(pair.fill_null(True) for pair in pairs)

    @dy.rule()
    def both_bounds(cls) -> pl.Expr:
        """Check that there are both bounds or none."""
        return col("low").is_null() == col("high").is_null()

    @dy.rule()
    def level_of_bounds(cls) -> pl.Expr:
        """Check that a level has bounds."""
        return col("level").is_null() | col("low").is_not_null()

    @dy.rule()
    def as_of_precision_fits(cls) -> pl.Expr:
        """Check that a date known to the month or year is its first day."""
        day, month, precision = (
            col("as_of").dt.day(), col("as_of").dt.month(), col("as_of_precision")
        )  # fmt: skip
        fits = (
            pl.when(precision == "month").then(day == 1)
            .when(precision == "year").then((day == 1) & (month == 1))
            .otherwise(precision == "day")
        )  # fmt: skip
        return (col("as_of").is_null() == precision.is_null()) & fits.fill_null(True)
