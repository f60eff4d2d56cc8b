"""Releases: generated files, the changelog, the archive of an edition, and its publication."""

from diffdata.releasing.publish import Section, make_archive, release, section_of, unnamed

__all__ = ["Section", "make_archive", "release", "section_of", "unnamed"]
