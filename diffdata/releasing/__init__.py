"""Releases: generated files, the changelog, the archive of an edition, and its publication."""

from diffdata.releasing.archive import make_archive
from diffdata.releasing.changelog import Section, section_of, unnamed
from diffdata.releasing.publish import release

__all__ = ["Section", "make_archive", "release", "section_of", "unnamed"]
