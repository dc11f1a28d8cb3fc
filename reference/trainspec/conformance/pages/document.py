"""The sections of a page by their headings: `text -> sections, tables, code`.

Whatever a page lacks is a `PageError` that names the page and the place.
"""

from __future__ import annotations

from collections.abc import Iterator

from trainspec.conformance.pages.markdown import Section, read_sections
from trainspec.conformance.pages.parts import PageError


class Document:
    """The text of the page `name`, in sections."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.sections = read_sections(text)

    @property
    def title(self) -> str:
        """The heading of the page, or its name."""
        return next((s.title for s in self.sections if s.level == 1), self.name)

    def section(self, name: str) -> Section:
        """A section of the second level."""
        for s in self.sections:
            if s.level == 2 and s.title == name:
                return s
        raise PageError(f"{self.name}: the page has no section “## {name}”")

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of the table in a section that a page need not have."""
        return next((s.rows for s in self.sections if s.level == 2 and s.title == name), [])

    def below(self, name: str) -> Iterator[Section]:
        """The sections of the third level in one of the second."""
        inside = False
        for s in self.sections:
            if s.level <= 2:
                inside = s.title == name
            elif inside and s.level == 3:
                yield s

    def code_of(self, section: Section, language: str) -> str:
        """The first code block of a language in a section."""
        for kind, content in section.fences:
            if kind == language:
                return content
        raise PageError(f"{self.name}: “{section.title}” has no ```{language} block")
