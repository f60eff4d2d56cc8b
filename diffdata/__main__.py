"""Run the command line as ``python -m diffdata``."""

from diffdata.cli import main

main()
