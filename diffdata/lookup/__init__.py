"""Find figures: estimates and evaluated values, what a source states, the ancestry of a figure."""
