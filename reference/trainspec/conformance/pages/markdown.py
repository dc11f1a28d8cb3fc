"""Markdown as sections: the headings of a page, with the text, code blocks and table under each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from markdown_it import MarkdownIt


class Section:
    """A heading and what stands under it, up to the next heading; it is read when asked for."""

    def __init__(self, level: int, title: str, lines: Sequence[str] = ()) -> None:
        self.level = level
        self.title = title
        self.lines = list(lines)

    @property
    def text(self) -> str:
        """The paragraphs, each followed by a line break."""
        return self._blocks[0]

    @property
    def fences(self) -> list[tuple[str, str]]:
        """The code blocks with their languages."""
        return self._blocks[1]

    @property
    def rows(self) -> list[dict[str, str]]:
        """The table rows by column."""
        return self._blocks[2]

    @cached_property
    def _blocks(self) -> tuple[str, list[tuple[str, str]], list[dict[str, str]]]:
        text, fences, rows = "", [], []
        cells: list[str] = []
        header: list[str] = []
        tokens = _MARKDOWN.parse("\n".join(self.lines))
        for before, token in zip([None, *tokens], tokens):
            kind = before.type if before else ""
            if token.type == "fence":
                fences.append((token.info.strip(), token.content))
            elif token.type == "tr_open":
                cells = []
            elif token.type == "tr_close":
                if kind == "th_close":
                    header = cells
                else:
                    rows.append(dict(zip(header, cells)))
            elif token.type == "inline":
                if kind in ("th_open", "td_open"):
                    cells.append(_read_cell(token.content))
                elif kind == "paragraph_open":
                    text += token.content + "\n"
        return text, fences, rows


# Only the blocks matter: what stands inside a line is read as it was written.
_MARKDOWN = MarkdownIt("commonmark").enable("table").disable("inline")
#: The lines that part a page into sections; those inside a code block do not.
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")


def read_tables(text: str) -> tuple[str, dict[str, list[dict[str, str]]]]:
    """The title of any page, and the rows of the table under each of its headings."""
    sections = read_sections(text)
    title = next((s.title for s in sections if s.level == 1), "")
    return title, {s.title: s.rows for s in sections if s.rows}


def read_sections(text: str) -> list[Section]:
    """The sections of a page, the first one for what stands before any heading."""
    sections = [Section(0, "")]
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        heading = None if fence else _HEADING.match(line)
        if heading:
            sections.append(Section(len(heading[1]), heading[2].strip("`")))
            continue
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = ""
        sections[-1].lines.append(line)
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
