"""The documents of the working tree and the reference from docstrings, as pages of the site."""

from __future__ import annotations

import html
import importlib
import logging
import posixpath
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import diffdata
from diffdata.errors import PackageError, optional_library
from diffdata.package.files import bundled_root
from diffdata.site.layout import page

# The files of the working tree by the names of their pages, in the order of the list of documents.
_FIRST = {"README.md": "index.md"}
_LAST = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
# What the reference describes beside the public names: modules, by the names of their pages.
_MODULES = ("derive", "uncertainty", "plot", "validation")
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_TITLE = re.compile(r"<title>(.*?)(?: - diffdata)?</title>")
# A parameter whose description is where others have the type.
_DESCRIBED = re.compile(
    r"\s*\(<code>([^<]* [^<]*)</code>(?:,\s*(default:\s*<code>[^<]*</code>))?\s*\)\s*\u2013"
    r"\s*<div class=\"doc-md-description\">\s*</div>",
    re.S,
)
_CODE = re.compile(r"``([^`]+)``|`([^`]+)`")
_STYLES = re.compile(r' style="text-align: (\w+);?"')
_OPTIONS = {
    "docstring_style": "numpy", "show_source": False, "show_root_heading": True, "heading_level": 2,
    "show_root_full_path": False, "show_root_toc_entry": True, "docstring_section_style": "list",
    "show_bases": False, "members": False, "show_signature_annotations": False,
}  # fmt: skip


def document_pages(edition: str) -> Iterator[tuple[str, str | bytes]]:
    """Yield path and content of the documents; PackageError without a working tree.

    Raises InvalidInputError if the libraries of the extra ``site`` are missing.
    """
    root = bundled_root()
    if not (root / "docs").is_dir():
        raise PackageError(
            "docs: this installation has no documents, which need a working tree of diffdata; "
            "leave them out with --no-docs"
        )
    optional_library("mkdocs")
    optional_library("mkdocstrings_handlers.python")
    with tempfile.TemporaryDirectory(prefix="diffdata-docs-") as made:
        source, built = Path(made, "docs"), Path(made, "site")
        nav = _write_sources(root, source)
        _build(source, built, nav, edition)
        for path in sorted(built.rglob("*")):
            name = path.relative_to(built).as_posix()
            if path.is_file() and path.suffix in (".html", ".svg") and name != "404.html":
                yield f"docs/{name}", path.read_text("utf-8")


def document_titles(pages: Mapping[str, str | bytes]) -> Iterator[tuple[str, str]]:
    """Yield the address and the title of each document, for the search."""
    for path, text in pages.items():
        if isinstance(text, str) and (found := _TITLE.search(text)):
            yield path, html.unescape(found[1])


def _write_sources(root: Path, folder: Path) -> list[dict[str, Any]]:
    """Write the documents as MkDocs reads them, and return their order."""
    folder.mkdir()
    guides = {
        f"docs/guides/{path.name}": f"guide-{path.name}"
        for path in sorted((root / "docs/guides").glob("*.md"), key=_order)
    }
    documents = {f"docs/{path.name}": path.name for path in sorted((root / "docs").glob("*.md"))}
    names = {**_FIRST, **guides, **documents, **_LAST}
    names = {source: name for source, name in names.items() if (root / source).is_file()}
    for source, name in names.items():
        text = (root / source).read_text("utf-8")
        (folder / name).write_text(_relinked(text, source, names), "utf-8")
    for picture in sorted((root / "docs").rglob("*.svg")):
        target = folder / picture.relative_to(root / "docs")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture.read_bytes())
    reference = []
    for title, name, text in _reference():
        (folder / name).write_text(text, "utf-8")
        reference.append({title: name})
    return [
        {"Start": [{"Getting started": "index.md"}]},
        {"Guides": [name for source, name in names.items() if source in guides]},
        {"Documents": [name for source, name in names.items() if source in documents]},
        {"Reference": reference},
        {"Project": [name for source, name in names.items() if source in _LAST]},
    ]


def _order(guide: Path) -> tuple[bool, bool, str]:
    """Put the guide to start with first, and then the questions with their answers."""
    return guide.stem != "first-steps", guide.stem != "gallery", guide.stem


def _relinked(text: str, source: str, names: dict[str, str]) -> str:
    """Let links of a document lead to pages; a link to another file becomes its text."""

    def link(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        path, hash_, fragment = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if path in names:
            return f"[{words}]({names[path]}{hash_}{fragment})"
        if path.endswith(".svg"):
            return f"{picture}[{words}]({path.removeprefix('docs/')})"
        return words

    return _LINK.sub(link, text)


def _reference() -> Iterator[tuple[str, str, str]]:
    """Yield title, file and text of each page of the reference."""
    rooms: dict[str, list[str]] = {}
    for name in diffdata.__dict__["__all__"]:
        thing = getattr(diffdata, name)
        home = getattr(thing, "__wrapped__", thing) if not isinstance(thing, type) else thing
        rooms.setdefault(home.__module__.split(".")[1], []).append(_place(home))
    for room in _MODULES:
        module: Any = importlib.import_module(f"diffdata.{room}")
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if callable(thing) and getattr(thing, "__doc__", None) and hasattr(thing, "__module__"):
                place = _place(thing)
                if place not in rooms.setdefault(room, []) and place.startswith("diffdata."):
                    rooms[room].append(place)
    for room, places in rooms.items():
        module = importlib.import_module(f"diffdata.{room}")
        about = (module.__doc__ or "").partition("\n")[0]
        blocks = [f"::: {place}" for place in places]
        text = "\n\n".join([f"# diffdata.{room}", about, *blocks])
        yield f"diffdata.{room}", f"reference-{room}.md", text + "\n"


def _place(thing: Any) -> str:
    name = getattr(thing, "__qualname__", getattr(thing, "__name__", ""))
    return f"{thing.__module__}.{name}"


def _build(source: Path, built: Path, nav: list[dict[str, Any]], edition: str) -> None:
    from markupsafe import Markup
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.plugins import BasePlugin

    class Pages(BasePlugin):  # type: ignore[type-arg, no-untyped-call]
        """Puts the content of each document into a page of the site."""

        def on_nav(self, nav: Any, **_: Any) -> Any:
            self.nav = nav
            return nav

        def on_post_page(self, _output: str, *, page: Any, **_: Any) -> str:
            path = f"docs/{page.file.dest_uri}"
            content = _STYLES.sub(r' class="\1"', page.content)
            content = _DESCRIBED.sub(_description, content)
            groups = [
                (
                    group.title,
                    [(one.title, one.file.dest_uri, one is page) for one in group.children],
                )
                for group in self.nav.items
            ]
            return _document(
                path, title=str(page.title), edition=edition, content=Markup(content),
                groups=groups, contents=[(one.title, one.url) for top in page.toc
                                         for one in top.children],
            )  # fmt: skip

    theme = source.parent / "theme"
    theme.mkdir()
    (theme / "main.html").write_text("{{ page.content }}", "utf-8")
    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    config = load_config(
        config_file=_settings(source, built, theme, nav),
        docs_dir=str(source),
        site_dir=str(built),
    )
    config.plugins["pages"] = Pages()
    build(config)


def _description(found: re.Match[str]) -> str:
    text = _CODE.sub(lambda code: f"<code>{code[1] or code[2]}</code>", found[1])
    return f": {text}" + (f" ({found[2]})" if found[2] else "")


def _document(path: str, **values: Any) -> str:
    return page("document.html.j2", path, **values)


def _settings(source: Path, built: Path, theme: Path, nav: list[dict[str, Any]]) -> str:
    """Write the settings of MkDocs, and return their path."""
    import yaml

    settings = {
        "site_name": "diffdata", "docs_dir": str(source), "site_dir": str(built), "nav": nav,
        "use_directory_urls": False, "theme": {"name": None, "custom_dir": str(theme)},
        "markdown_extensions": [
            "tables", "fenced_code", "sane_lists", {"toc": {"permalink": False}},
            {"pymdownx.highlight": {"use_pygments": True, "pygments_lang_class": False}},
        ],
        "plugins": [{"mkdocstrings": {"handlers": {"python": {
            "paths": [str(Path(diffdata.__file__).parents[1])], "options": _OPTIONS,
        }}}}],
    }  # fmt: skip
    path = source.parent / "mkdocs.yml"
    path.write_text(yaml.safe_dump(settings), "utf-8")
    return str(path)
