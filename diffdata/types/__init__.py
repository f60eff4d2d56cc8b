"""Field types: how a value is written in a cell, and what a column is in each library and format.

`definitions` has one row for each type, `text` reads and writes cells, `arrow` converts columns of
text, `dtypes` names the types of pandas, and `columns` types the columns of any engine. Each module
imports only the library that it is about.
"""
