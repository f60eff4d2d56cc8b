"""Packages: folders, archives and released editions of a dataset; files and their digests."""
