"""Pages of the site: each from its template, with the relative path to the top of the site."""

from __future__ import annotations

from typing import Any

from diffdata.display import template


def page(name: str, path: str, /, **values: Any) -> str:
    """Render the page that is written at `path`, such as ``models/gpt-3/index.html``.

    Links are relative, so that the site can be put anywhere and opened from disk: `root` leads from
    the page to the top of the site.

    >>> text = page("base.html.j2", "docs/index.html", title="Docs", edition="2026.3")
    >>> text.count('href="../index.html"')
    1
    """
    where = {"root": "../" * path.count("/"), "here": path.partition("/")[0], "description": ""}
    return template(__file__, name, autoescape=True).render(where | values)
