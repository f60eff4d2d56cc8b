"""What a table schema says, and what it becomes.

`standard` holds the descriptor objects of the standard, `profile` narrows them to what a dataset of
diffdata promises, `reader` makes them from text. `rules` turns constraints and rules into checks,
`compile` makes the pandera schema, the Arrow schema and the data dictionary.
"""
