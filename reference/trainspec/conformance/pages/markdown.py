"""Markdown as sections: the headings of a page, with the text, code blocks and table under each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt


@dataclass
class Section:
    """A heading and what stands under it, up to the next heading.

    `fences` holds the code blocks with their languages, `rows` the table rows by column.
    """

    level: int
    title: str
    text: str
    fences: list[tuple[str, str]]
    rows: list[dict[str, str]]


# Only the blocks matter: what stands inside a line is read as it was written.
_MARKDOWN = MarkdownIt("commonmark").enable("table").disable("inline")


def read_tables(text: str) -> tuple[str, dict[str, list[dict[str, str]]]]:
    """The title of any page, and the rows of the table under each of its headings."""
    sections = read_sections(text)
    title = next((s.title for s in sections if s.level == 1), "")
    return title, {s.title: s.rows for s in sections if s.rows}


def read_sections(text: str) -> list[Section]:
    """The sections of a page, the first one for what stands before any heading."""
    tokens = _MARKDOWN.parse(text)
    sections = [Section(0, "", "", [], [])]
    cells: list[str] = []
    header: list[str] = []
    for index, token in enumerate(tokens):
        here = sections[-1]
        if token.type == "heading_open":
            title = tokens[index + 1].content.strip("`")
            sections.append(Section(int(token.tag[1]), title, "", [], []))
        elif token.type == "fence":
            here.fences.append((token.info.strip(), token.content))
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            if tokens[index - 1].type == "th_close":
                header = cells
            else:
                here.rows.append(dict(zip(header, cells)))
        elif token.type == "inline":
            kind = tokens[index - 1].type
            if kind in ("th_open", "td_open"):
                cells.append(_read_cell(token.content))
            elif kind == "paragraph_open":
                here.text += token.content + "\n"
    return sections


def find_code(text: str) -> list[str]:
    """The pieces of a text that are set as code."""
    return re.findall(r"`([^`]+)`", text)


def _read_cell(content: str) -> str:
    alone = re.fullmatch(r"`([^`]+)`", content)
    return alone[1] if alone and ";" not in content and "=" not in content else content


def find_link(text: str) -> str:
    """The first web address that a text links to, or nothing."""
    match = re.search(r"\]\((https?://[^)]+)\)", text)
    return match[1] if match else ""
