"""Find and open a dataset: a folder, an archive, a released edition; files and their digests."""
