"""Markdown as sections: headings, text, code blocks, tables."""

from __future__ import annotations

from trainspec.conformance.pages.markdown import find_code, find_link, read_sections, read_tables

TEXT = """# Title

Before. [link](https://example.org/a)

## One

Words.

```python
x = 1
```

| name | value |
|---|---|
| `a` | `b; c` |
| d | e \\| f |

### `two`

- an item
"""


def test_a_page_is_read_into_sections():
    sections = read_sections(TEXT)
    assert [(s.level, s.title) for s in sections] == [(0, ""), (1, "Title"), (2, "One"), (3, "two")]
    one = sections[2]
    assert one.text == "Words.\n"
    assert one.fences == [("python", "x = 1\n")]
    # Code alone in a cell loses its marks; a list of changes keeps them.
    assert one.rows == [{"name": "a", "value": "`b; c`"}, {"name": "d", "value": "e | f"}]


def test_tables_are_found_by_heading():
    title, found = read_tables(TEXT)
    assert title == "Title"
    assert list(found) == ["One"]


def test_links_and_code_are_found_in_text():
    assert find_link("see [a](https://example.org/a) and [b](b.md)") == "https://example.org/a"
    assert find_link("no link") == ""
    assert find_code("set `a = 1` and `b`") == ["a = 1", "b"]
