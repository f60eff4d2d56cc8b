"""Find figures: estimates, names and prices, what a source states, the ancestry of a figure."""
