"""The code of each cold process; its total time is measured, with the start of Python."""

# {models} and {csv} are the files with the table that is loaded. "load_validated" reads the CSV
# file and validates it, as without pinned Parquet files.
COLD = {
    "nothing": "pass",
    "import_diffdata": "import diffdata",
    "import_pandas": "import pandas",
    "load": "import diffdata; diffdata.load('models')",
    "load_validated": (
        "import diffdata.loading as loading; loading.bundled_tables = lambda *_: None; "
        "loading.pinned_tables = lambda *_: None; loading.load('models')"
    ),
    "load_polars": "import diffdata; diffdata.load('models', engine='polars').collect()",
    "read_polars": "import polars; polars.scan_parquet({models!r}).collect()",
    "read_parquet": "import pandas; pandas.read_parquet({models!r})",
    "read_csv": "import pandas; pandas.read_csv({csv!r})",
}
