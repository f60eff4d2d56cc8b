"""Releases: an edition is frozen into an archive, and listed.

`changelog` reads what is said of an edition, `naming` holds it against what changed, `archive`
makes the bytes, `publish` refuses or writes.
"""

from diffdata.releasing.archive import make_archive
from diffdata.releasing.changelog import Section, section_of
from diffdata.releasing.naming import unnamed
from diffdata.releasing.publish import release

__all__ = ["Section", "make_archive", "release", "section_of", "unnamed"]
