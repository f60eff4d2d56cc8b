"""Load tables as frames."""
