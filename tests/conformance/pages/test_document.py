"""The sections of a page by heading, and what is said where one is missing."""

from __future__ import annotations

import pytest

from trainspec.conformance.pages.document import Document
from trainspec.conformance.pages.parts import PageError

TEXT = """# A page

## Table

| name | value |
|---|---|
| `a` | 1 |

## Cases

### one

```yaml
x: 1
```

### two

## Rule

### three
"""


def test_sections_are_found_by_heading():
    document = Document("family/page", TEXT)
    assert document.title == "A page"
    assert document.rows("Table") == [{"name": "a", "value": "1"}]
    assert document.rows("Errors") == []
    assert [section.title for section in document.below("Cases")] == ["one", "two"]
    assert document.code_of(next(document.below("Cases")), "yaml") == "x: 1\n"


def test_a_page_without_a_heading_is_called_by_its_name():
    assert Document("family/page", "## Rule\n").title == "family/page"


def test_what_is_missing_is_named():
    document = Document("family/page", TEXT)
    with pytest.raises(PageError, match="family/page: the page has no section “## Clauses”"):
        document.section("Clauses")
    with pytest.raises(PageError, match="family/page: “one” has no ```python block"):
        document.code_of(next(document.below("Cases")), "python")
