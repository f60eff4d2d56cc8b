"""What a cold process runs; it is timed as a whole, from the start of Python on."""

# {models} and {csv} are the files with the table that is loaded.
COLD = {
    "nothing": "pass",
    "import_diffdata": "import diffdata",
    "import_pandas": "import pandas",
    "load": "import diffdata; diffdata.load('models')",
    "load_polars": "import diffdata; diffdata.load('models', engine='polars').collect()",
    "read_parquet": "import pandas; pandas.read_parquet({models!r})",
    "read_csv": "import pandas; pandas.read_csv({csv!r})",
}
