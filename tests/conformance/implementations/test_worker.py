"""The worker: one question, one answer, over a channel that nothing printed gets into."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import numpy as np

from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.implementations import worker_messages
from trainspec.conformance.implementations.process import read_frame, write_frame

MODULE = "trainspec.conformance.implementations.worker"


def test_a_worker_describes_itself_and_answers(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\nprint('imported')\n"
        "def relu(x, dy):\n    print('called')\n    return np.maximum(x, 0), dy * (x > 0)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(path), "5"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    about = msgspec.msgpack.decode(read_frame(process.stdout))
    assert about["name"] == "mine"
    assert about["accepts"]["relu"] == ["dy", "x"]
    case = load_cases(["relu"])[0]
    question = {
        "entry": "relu",
        "type": "float32",
        "inputs": msgspec.msgpack.encode(case.inputs),
        "numbers": {},
        "script": None,
    }
    for _ in range(2):
        write_frame(process.stdin, msgspec.msgpack.encode(question))
        answer = worker_messages.decode(read_frame(process.stdout))["answer"]
        assert answer[0].dtype == np.float32
    process.stdin.close()
    assert read_frame(process.stdout) is None
    assert process.wait(10) == 0
    assert process.stderr.read().split() == [b"imported", b"called", b"called"]
    process.stdout.close()
    process.stderr.close()


def test_an_adapter_that_cannot_be_imported_is_refused_with_the_reason(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", MODULE, str(tmp_path / "none.py"), "5"],
        capture_output=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    about = msgspec.msgpack.decode(done.stdout[8:])
    assert about["refused"].startswith("there is no file")
