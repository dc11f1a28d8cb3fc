"""What Sphinx is taught."""

from __future__ import annotations

import pytest

pytest.importorskip("sphinx")

from trainspec.conformance.site import extension


class Recorder:
    def __init__(self):
        self.renderers, self.events = [], []

    def add_html_math_renderer(self, name, inline, block):
        self.renderers.append(name)

    def connect(self, event, function, priority=500):
        self.events.append((event, function))


def test_it_registers_formulas_and_made_pages():
    app = Recorder()
    assert extension.setup(app)["parallel_read_safe"]
    assert app.renderers == ["mathml"]
    (event, collect), (other, _) = app.events
    assert other == "html-page-context"
    name, values, template = next(iter(collect(app)))
    assert event == "html-collect-pages"
    assert name.startswith("cases/")
    assert template == "case.html"
    assert values["title"]


def test_code_can_be_scrolled_by_keyboard_and_captions_have_a_level():
    context = {"body": "<pre>x</pre>", "furo_navigation_tree": '<p role="heading">Guides</p>'}
    extension._open_to_everyone(None, "adam", "page.html", context, None)
    assert context["body"] == '<pre tabindex="0">x</pre>'
    assert context["furo_navigation_tree"] == '<p role="heading" aria-level="2">Guides</p>'
