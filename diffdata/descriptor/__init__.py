"""Descriptor objects: what a package and its table schemas say.

`standard` holds the objects as the standard defines them, `profile` narrows them to what a dataset
of diffdata promises on top, `reader` makes them of text.
"""

from diffdata.descriptor.profile import (
    AllOrNone,
    AtLeastOne,
    DatePrecision,
    ExactlyOne,
    NearMedian,
    NearProduct,
    NotAfter,
    Ordered,
    PackageDescriptor,
    Referenced,
    RequiredIf,
    Resource,
    Rule,
    When,
)
from diffdata.descriptor.reader import (
    parse_package,
    parse_schema,
    parse_standard_package,
    parse_standard_schema,
)
from diffdata.descriptor.standard import (
    Constraints,
    Dialect,
    Field,
    ForeignKey,
    Reference,
    Scalar,
    Severity,
    TableSchema,
)

__all__ = [
    "AllOrNone",
    "AtLeastOne",
    "Constraints",
    "DatePrecision",
    "Dialect",
    "ExactlyOne",
    "Field",
    "ForeignKey",
    "NearMedian",
    "NearProduct",
    "NotAfter",
    "Ordered",
    "PackageDescriptor",
    "Reference",
    "Referenced",
    "RequiredIf",
    "Resource",
    "Rule",
    "Scalar",
    "Severity",
    "TableSchema",
    "When",
    "parse_package",
    "parse_schema",
    "parse_standard_package",
    "parse_standard_schema",
]
