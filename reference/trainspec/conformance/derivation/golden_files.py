"""The golden files as text: how they are written, and the manifest that seals them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from trainspec.conformance.basics.paths import golden_path, list_techniques

#: The golden file of no technique: the end points of an effect.
PATHS = "effects/update_paths"


def format_golden(golden: dict[str, Any]) -> str:
    """The text of a golden file: a line for every field of a case, so that a diff can be read."""
    head = {key: value for key, value in golden.items() if key != "cases"}
    lines = [f" {_format_json(key)}: {_format_json(value)}," for key, value in head.items()]
    cases = []
    for case in golden["cases"]:
        fields = []
        for key, value in case.items():
            if key in ("variants", "margins") and value:
                inner = ",\n".join(
                    f"    {_format_json(k)}: {_format_json(v)}" for k, v in value.items()
                )
                fields.append(f"   {_format_json(key)}: {{\n{inner}\n   }}")
            else:
                fields.append(f"   {_format_json(key)}: {_format_json(value)}")
        cases.append("  {\n" + ",\n".join(fields) + "\n  }")
    body = ",\n".join(cases)
    return "{\n" + "\n".join(lines) + f'\n "cases": [\n{body}\n ]\n}}\n'


def _format_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def format_manifest() -> str:
    """The text of ``golden/manifest.json``: the SHA-256 of every golden file as it is now."""
    sums = {
        f"{technique}.json": hash_file(golden_path(technique))
        for technique in (*list_techniques(), PATHS)
        if golden_path(technique).exists()
    }
    return json.dumps({"sha256": sums}, indent=1) + "\n"


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
