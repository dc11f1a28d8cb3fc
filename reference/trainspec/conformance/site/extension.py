"""What Sphinx is taught for the site: formulas as MathML, and the pages made from golden files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes

from trainspec.conformance.site.case_pages import make_pages
from trainspec.conformance.site.formulas import write_formula


def setup(app: Any) -> dict[str, Any]:
    """Register it with Sphinx."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    app.connect("html-collect-pages", _collect_pages)
    app.connect("html-page-context", _open_to_everyone, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _visit_inline(translator: Any, node: nodes.Element) -> None:
    translator.body.append(write_formula(node.astext()))
    raise nodes.SkipNode


def _visit_block(translator: Any, node: nodes.Element) -> None:
    formula = write_formula(node.astext(), display=True)
    translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>')
    raise nodes.SkipNode


def _open_to_everyone(
    app: Any, name: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """What keyboards and screen readers miss: code that can be scrolled, levels of captions."""
    if "body" in context:
        body = context["body"].replace("<pre>", '<pre tabindex="0">')
        context["body"] = body.replace(
            '<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'
        )
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def _collect_pages(app: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    for page in make_pages():
        yield page.name, dict(page.values), page.template
