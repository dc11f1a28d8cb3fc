"""``trainspec docs``."""

from __future__ import annotations

import pytest

from command_line import run as call


def test_pictures_are_drawn_into_a_folder(tmp_path):
    pytest.importorskip("matplotlib")
    result = call("docs", "--pictures", str(tmp_path))
    assert result.exit_code == 0
    assert "failure_report.svg" in result.output
    assert (tmp_path / "dropout-dark.svg").is_file()


def test_a_folder_with_other_files_is_not_replaced(tmp_path):
    pytest.importorskip("sphinx")
    pytest.importorskip("platformdirs")
    (tmp_path / "thesis.tex").write_text("years of work")
    result = call("docs", "--build", str(tmp_path))
    assert result.exit_code == 2
    assert "holds other files" in result.output
    assert (tmp_path / "thesis.tex").is_file()
