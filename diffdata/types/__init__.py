"""Field types: how a value is written in a cell, and what a column is in each library and format.

`definitions` has one row for each type, `text` reads and writes cells, `columns` types columns of
text and of frames of any engine, and `dtypes` names the types of pandas.
"""
