"""The sources of the site: `spec/ -> Markdown for Sphinx`.

The pages stay as they are on GitHub. What a site can do besides is added here: anchors for
clauses, cases folded away, the rule beside the reference's code, figures that can be moved.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from trainspec.conformance.basics.names import family_of
from trainspec.conformance.basics.paths import PACKAGE, find_folder, list_techniques
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.site.beside import write_beside

#: Folders of techniques, in the order in which one learns them, with their captions.
FAMILIES = {
    "optimizers": "Update rules",
    "schedules": "Schedules",
    "initializers": "Initialisers",
    "layers": "Layers",
    "losses": "Losses",
    "regularizers": "Regularisers",
    "networks": "Networks",
    "search": "Hyperparameter search",
    "statistics": "Statistics",
}
#: The other pages: caption, and patterns of their paths.
OTHERS = {
    "Guides": ("guides/*.md",),
    "Effects": ("effects/README.md", "effects/*.md"),
    "Libraries": ("frameworks/README.md", "frameworks/*.md", "profiles/README.md", "profiles/*.md"),
    "How it works": ("README.md", "*.md", "schemas/README.md"),
}
#: Links that leave the spec: where they point on GitHub, and where the files are here.
OUTSIDE = {"golden/": "golden", "reference/trainspec/": ""}
_CLAUSE = re.compile(r"\b[A-Z][A-Z0-9]*(?:-[A-Z]+)*-\d+\b")
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def write_sources(folder: Path) -> None:
    """Write the whole source tree of the site into an empty folder."""
    spec = find_folder("spec")
    techniques = set(list_techniques())
    for path in sorted(spec.rglob("*")):
        relative = path.relative_to(spec)
        target = folder / relative
        if path.is_dir() or path.suffix == ".py":
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".md":
            shutil.copy(path, target)
            continue
        text = path.read_text("utf-8")
        name = relative.with_suffix("").as_posix()
        if name in techniques:
            text = _extend_page(text, load_page(name))
        text = _link_clauses(text, relative)
        text = _show_by_theme(_bring_outside_files(text, folder, relative))
        target.write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(_write_index(spec), encoding="utf-8")


def _write_index(spec: Path) -> str:
    """The first page: what there is, and the trees of pages for the side bar."""
    text = (spec / "guides" / "index.md").read_text("utf-8").replace("](", "](guides/")
    text = text.replace("](guides/../", "](")
    trees = []
    for caption, names in _list_pages(spec):
        listed = "\n".join(names)
        trees.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```")
    return text + "\n" + "\n\n".join(trees) + "\n"


def _list_pages(spec: Path) -> Iterator[tuple[str, list[str]]]:
    """Every caption with the names of its pages."""
    captions = list(OTHERS)
    guides = _match_pages(spec, OTHERS[captions[0]])
    yield captions[0], _put_in_order(guides, spec / "guides" / "index.md")
    known = {**{family_of(t): family_of(t).title() for t in list_techniques()}, **FAMILIES}
    for family in dict.fromkeys((*FAMILIES, *known)):
        own = [t for t in list_techniques() if family_of(t) == family]
        if own:
            yield known[family], _put_in_order(own, spec / "README.md")
    for caption in captions[1:]:
        yield caption, _match_pages(spec, OTHERS[caption])


def _put_in_order(names: list[str], listing: Path) -> list[str]:
    """Names of pages in the order in which a page links to them; the others come last."""
    text = listing.read_text("utf-8")
    places = {name: text.find(f"{PurePosixPath(name).name}.md)") for name in names}
    return sorted(names, key=lambda name: (places[name] < 0, places[name]))


def _match_pages(spec: Path, patterns: tuple[str, ...]) -> list[str]:
    found = (path for pattern in patterns for path in sorted(spec.glob(pattern)))
    names = (path.relative_to(spec).with_suffix("").as_posix() for path in found)
    return [name for name in dict.fromkeys(names) if name != "guides/index"]


def _extend_page(text: str, page: Page) -> str:
    """A technique's page with what a site can do besides."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    extended = []
    for part in parts:
        title = part.split("\n", 1)[0].removeprefix("## ").strip()
        if title == "At a glance" and page.is_update_rule:
            extended.append(_place_figure(page))
        extended.append(_fold_cases(part, page) if title == "Cases" else part)
        if title == "Rule":
            extended.append(write_beside(page))
    return "".join(extended)


def _place_figure(page: Page) -> str:
    """Where the figure stands that can be moved; a sentence for readers without scripts."""
    return (
        "## Try it\n\n"
        f'<div class="try-it" data-rule="{page.name}">\n'
        "<p>This figure needs JavaScript: it moves two numbers by the rule of this page, in any "
        "of its forms.</p>\n</div>\n\n"
    )


def _fold_cases(part: str, page: Page) -> str:
    """The cases of a page, each folded under its name, with links to pages of their own."""
    head, *cases = re.split(r"^### +", part, flags=re.MULTILINE)
    folded = [head.rstrip() + f"\n\n{len(cases)} cases. Each has a page with its numbers; "
              f'<a href="../catches/{page.name}.html">a table</a> shows which case catches which '
              "mistake.\n"]  # fmt: skip
    for case in cases:
        name, body = case.split("\n", 1)
        name = name.strip().strip("`")
        link = f'<a href="../cases/{page.name}/{name}.html">inputs, outputs and tolerances</a>'
        folded.append(
            f"`````{{dropdown}} {name}\n:name: {name_case(page, name)}\n\n"
            f"{body.strip()}\n\n{link}\n`````\n"
        )
    return "\n".join(folded) + "\n"


@cache
def _find_clauses() -> Mapping[str, str]:
    """Every clause, with the technique whose page holds it."""
    return {clause: t for t in list_techniques() for clause in load_page(t).clauses}


def _link_clauses(text: str, relative: Path) -> str:
    """The text with an anchor where a clause stands, and links wherever one is named."""
    own = relative.with_suffix("").as_posix()
    up = "../" * (len(relative.parts) - 1)

    def link(match: re.Match[str]) -> str:
        clause = match[0]
        technique = _find_clauses().get(clause)
        if technique is None:
            return clause
        page = "" if technique == own else f"{up}{technique}.html"
        return f'<a href="{page}#{clause}">{clause}</a>'

    def anchor(match: re.Match[str]) -> str:
        clause = match[1]
        return f'- <a class="clause" id="{clause}" href="#{clause}">{clause}</a>'

    parts = _FENCE.split(text)
    for index, part in enumerate(parts):
        if part.startswith("```"):
            continue
        # Code, links and headings stay as they are.
        pieces = re.split(r"(`[^`]*`|\[[^\]]*\]\([^)]*\)|^#.*$|^- \*\*[A-Z0-9-]+\*\*)", part,
                          flags=re.MULTILINE)  # fmt: skip
        for number, piece in enumerate(pieces):
            stated = re.fullmatch(r"- \*\*([A-Z0-9-]+)\*\*", piece)
            if stated and _find_clauses().get(stated[1]) == own:
                pieces[number] = anchor(stated)
            elif number % 2 == 0:
                pieces[number] = _CLAUSE.sub(link, piece)
        parts[index] = "".join(pieces)
    return "".join(parts)


def _bring_outside_files(text: str, folder: Path, relative: Path) -> str:
    """Links that leave the spec: to a copy of the file where there is one, else plain words."""
    up = "../" * (len(relative.parts) - 1)

    def bring(match: re.Match[str]) -> str:
        words, path = match[1], match[2]
        for prefix, place in OUTSIDE.items():
            if not path.startswith(prefix):
                continue
            source = (find_folder(place) if place else PACKAGE) / path.removeprefix(prefix)
            if source.is_file():
                copy = folder / "files" / path
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)
                return f"[{words}]({up}files/{path})"
        return words

    steps = r"\.\./" * len(relative.parts)
    return re.sub(rf"\[([^\]]*)\]\({steps}([^).][^)]*)\)", bring, text)


def _show_by_theme(text: str) -> str:
    """GitHub's marks for pictures in light and dark as the classes that the theme knows."""
    return re.sub(r"\]\(([^)#]+)#gh-(light|dark)-mode-only\)", r"](\1){.only-\2}", text)


def name_case(page: Page, case: str) -> str:
    """The anchor of a case on the page of its technique."""
    return f"case-{page.name}-{case}".replace("_", "-")
