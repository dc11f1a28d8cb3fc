"""Errors that a user can cause, and that one line explains."""

from __future__ import annotations


class UserError(ValueError):
    """A mistake in a command, a page or an adapter; the message says what is allowed."""


class CaseError(UserError):
    """A technique, case or variant that does not exist; names those that do."""


class NoAnswerError(Exception):
    """An implementation that returned no answer; `reason` is the class of what happened."""

    reason = ""
