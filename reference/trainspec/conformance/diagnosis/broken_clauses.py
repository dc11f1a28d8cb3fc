"""Which clauses a change of a rule breaks: those that the page's own edits of the same lines break.

A page says of every variant and every named error which clauses it does not follow. What else is
wrong with a line, or with an output, concerns the same clauses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import Edit
from trainspec.conformance.pages.rule import Rule


def find_clauses_of_lines(page: Page, lines: Iterable[str]) -> tuple[str, ...]:
    """The clauses that edits of nothing but these lines break, the most frequent only."""
    chosen = set(lines)
    return _count_clauses(
        edit for edit in page.edits.values() if _list_lines(edit) and _list_lines(edit) <= chosen
    )


def find_clauses_of_outputs(page: Page, outputs: Iterable[str]) -> tuple[str, ...]:
    """The clauses that edits break which reach all of these outputs and no other one.

    Where there is no such edit, those of edits that change lines of these outputs only.
    """
    wrong, every = set(outputs), set(page.outputs)
    edits = [(edit, own) for edit in page.edits.values() if (own := _list_lines(edit))]
    return _count_clauses(
        edit for edit, own in edits if _find_reached(page.rule, own, every) == wrong
    ) or _count_clauses(edit for edit, own in edits if own & every and own & every <= wrong)


def _count_clauses(edits: Iterable[Edit]) -> tuple[str, ...]:
    counts = Counter(clause for edit in edits for clause in edit.clauses)
    most = max(counts.values(), default=0)
    return tuple(sorted(clause for clause, count in counts.items() if 2 * count >= most))


def _list_lines(edit: Edit) -> frozenset[str]:
    """The names that an edit gives other values to."""
    return frozenset(line.name for line in (*edit.change.start, *edit.change.body))


def _find_reached(rule: Rule, changed: frozenset[str], outputs: Iterable[str]) -> set[str]:
    """The outputs that a change of some names reaches."""
    reached = set(changed)
    # Lines for layers may read what stands below them: twice is enough for both ways.
    for line in (*rule.body, *rule.body):
        if line.reads & reached:
            reached.add(line.name)
    return reached & set(outputs)
