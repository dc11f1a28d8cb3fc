"""What the checker needs of an implementation, however it is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import Offering
from trainspec.conformance.cases.case import Case


class AdapterError(UserError):
    """An adapter that cannot be loaded; says what it must be."""


class Implementation(Protocol):
    """What the checker needs of an implementation."""

    @property
    def name(self) -> str:
        """Its name, for the report."""

    @property
    def version(self) -> str:
        """Its version, for the report."""

    @property
    def variants(self) -> Mapping[str, str]:
        """Operation -> the form that the implementation declares."""

    @property
    def forms(self) -> Sequence[str]:
        """Further forms that it offers, as ``adam:amsgrad``."""

    @property
    def profile(self) -> str:
        """The profile that it declares, or nothing."""

    @property
    def undeclared(self) -> bool:
        """Whether it is an object that declares no forms: it is found out which ones it has."""

    @property
    def types(self) -> Sequence[str]:
        """The types that it computes in."""

    @property
    def operations(self) -> frozenset[str] | None:
        """The operations that it has, or None where one must ask for each."""

    @property
    def known_failures(self) -> Mapping[str, str]:
        """Case (or ``case in type``) -> the reason why it fails."""

    def offers(self, operation: str) -> bool:
        """Whether it has the operation at all."""

    def accepts(self, offering: Offering) -> frozenset[str]:
        """The names of the hyperparameters that an offering may be given, as far as it says."""

    def call(self, case: Case, kind: str) -> Any:
        """The answer to a case in a type.

        Raises `CallError` with the outcome where there is none.
        """

    def close(self) -> None:
        """Let go of whatever it holds."""


def title_of(implementation: Implementation) -> str:
    """Its name with its version."""
    return f"{implementation.name} {implementation.version}".strip()


def list_offerings(implementation: Implementation, operation: str) -> list[Offering]:
    """The further forms of an operation that the implementation offers."""
    every = map(Offering.parse, implementation.forms)
    return [offering for offering in every if offering.operation == operation]


def check_types(name: str, given: object) -> Sequence[str]:
    """The types that an adapter names.

    Raises `AdapterError` where these are not some of the four.
    """
    if isinstance(given, (list, tuple)) and given and all(kind in TYPES for kind in given):
        return tuple(given)
    raise AdapterError(f"{name}: types = {given!r} must be a list of some of {', '.join(TYPES)}")
