"""Descriptor objects: what a package and its table schemas say, read strictly.

`model` holds the objects, `reader` makes them of text.
"""

from diffdata.descriptor.model import (
    AllOrNone,
    AtLeastOne,
    Constraints,
    DatePrecision,
    ExactlyOne,
    Field,
    ForeignKey,
    Ordered,
    PackageDescriptor,
    Reference,
    RequiredIf,
    Resource,
    Rule,
    Scalar,
    Severity,
    TableSchema,
)
from diffdata.descriptor.reader import parse_package, parse_schema

__all__ = [
    "AllOrNone",
    "AtLeastOne",
    "Constraints",
    "DatePrecision",
    "ExactlyOne",
    "Field",
    "ForeignKey",
    "Ordered",
    "PackageDescriptor",
    "Reference",
    "RequiredIf",
    "Resource",
    "Rule",
    "Scalar",
    "Severity",
    "TableSchema",
    "parse_package",
    "parse_schema",
]
