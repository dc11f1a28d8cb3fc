"""LaTeX as MathML, which every browser draws by itself: no script, and screen readers read it."""

from __future__ import annotations

import re
from functools import cache

from trainspec.conformance.basics.plain_math import FORMULA


@cache
def write_formula(latex: str, *, display: bool = False) -> str:
    """One formula as MathML, with its LaTeX for those who copy it."""
    from latex2mathml.converter import convert  # the extra `docs`

    written = str(convert(latex.strip(), display="block" if display else "inline"))
    source = latex.strip().replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    written = written.replace("&#x0005E;</mo></mover>", "&#x002C6;</mo></mover>")  # a hat
    return written.replace("<math ", f'<math alttext="{source}" ', 1)


def write_formulas(text: str) -> tuple[dict[str, str], str]:
    """The formulas of a text as MathML, by the marks that stand in their place in the text."""
    formulas: dict[str, str] = {}

    def mark(match: re.Match[str]) -> str:
        key = f"formula-{len(formulas)}-"
        formulas[key] = write_formula(match[1] or match[2], display=bool(match[1]))
        return key

    return formulas, FORMULA.sub(mark, text)
