"""Editing a dataset: files written in the standard form, and rows added at their place."""
