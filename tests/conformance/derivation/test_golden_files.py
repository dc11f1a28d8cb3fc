"""Golden files as text, their schema, and the manifest that seals them."""

from __future__ import annotations

import hashlib
import json

import jsonschema

from helpers import ROOT
from trainspec.conformance.basics.paths import golden_path, list_techniques
from trainspec.conformance.derivation.golden_files import format_golden, format_manifest, hash_file


def test_a_golden_file_is_written_as_it_stands():
    for technique in list_techniques():
        text = golden_path(technique).read_text("utf-8")
        assert format_golden(json.loads(text)) == text


def test_the_manifest_is_what_its_schema_says():
    schema = json.loads((ROOT / "spec" / "schemas" / "manifest.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(format_manifest()), schema)


def test_a_file_is_hashed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert hash_file(path) == hashlib.sha256(b"abc").hexdigest()
