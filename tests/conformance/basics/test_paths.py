"""Where files are: pages, golden files, adapters and templates."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.paths import (
    TEMPLATES,
    find_folder,
    golden_path,
    list_adapters,
    list_techniques,
    page_path,
)


def test_every_technique_has_a_page_and_a_golden_file():
    assert len(list_techniques()) >= 31
    for technique in list_techniques():
        assert page_path(technique).is_file()
        assert golden_path(technique).is_file()


def test_pages_about_libraries_are_no_techniques():
    assert not [t for t in list_techniques() if t.startswith(("profiles/", "frameworks/"))]


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="'nonesuch' is neither in the package"):
        find_folder("nonesuch")


def test_adapters_and_templates_are_there():
    assert {"reference", "torch", "keras"} <= set(list_adapters())
    assert not [name for name in list_adapters() if name.startswith("_")]
    assert (TEMPLATES / "adapter.py").is_file()
