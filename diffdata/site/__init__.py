"""The site: pages for readers, built offline into a folder that any static host serves.

The module can be called: ``diffdata.site("site")``.

Examples
--------
>>> import diffdata
>>> diffdata.site("diffdata")
Traceback (most recent call last):
diffdata.errors.PackageError: diffdata: this is not a site; name another folder
"""

from diffdata.display import callable_module
from diffdata.site.build import build_site

__all__ = ["build_site", "site"]

site = build_site  # as it is called in ``diffdata``

callable_module(__name__, build_site)
