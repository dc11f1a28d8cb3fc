"""How pictures look."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from trainspec.conformance.effects.themes import THEMES, list_styles, plt, save_by_theme


def draw():
    figure, axis = plt.subplots()
    axis.plot([0, 1])
    return figure


def test_a_picture_is_saved_for_each_theme_and_is_the_same_each_time(tmp_path):
    first = save_by_theme(tmp_path / "one", draw)
    second = save_by_theme(tmp_path / "two", draw)
    assert [p.name for p in first] == [f"one-{theme}.svg" for theme in THEMES]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert first[0].read_bytes() != first[1].read_bytes()
    assert not plt.get_fignums()


def test_lines_differ_in_colour_and_in_dashes():
    with plt.rc_context({}):
        styles = list_styles() if "linestyle" in plt.rcParams["axes.prop_cycle"].keys else None
    for colours in THEMES.values():
        assert len(set(colours["lines"])) == 5
    assert styles is None or len(set(styles)) == len(styles)
