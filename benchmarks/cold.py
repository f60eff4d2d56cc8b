"""What a cold process runs; it is timed as a whole, from the start of Python on."""

# {models} and {csv} are the files with the table that is loaded. "anew" is the first load ever: it
# finds no table that was validated before, for nothing can be kept.
COLD = {
    "nothing": "pass",
    "import_diffdata": "import diffdata",
    "import_pandas": "import pandas",
    "load": "import diffdata; diffdata.load('models')",
    "load_anew": (
        "import os; os.environ['DIFFDATA_CACHE'] = os.devnull; "
        "import diffdata; diffdata.load('models')"
    ),
    "load_polars": "import diffdata; diffdata.load('models', engine='polars').collect()",
    "read_polars": "import polars; polars.scan_parquet({models!r}).collect()",
    "read_parquet": "import pandas; pandas.read_parquet({models!r})",
    "read_csv": "import pandas; pandas.read_csv({csv!r})",
}
