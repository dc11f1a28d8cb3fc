"""How long whole commands take: `python benchmarks/whole_process.py [OTHER_TRAINSPEC]`.

Runs `--help`, `list` and `check` as processes of their own, imports and all. With the path of
another `trainspec` (an older version in an environment of its own) the two are run in turn, and the
ratio of their CPU times is printed: the machine's speed drifts, a ratio within one run does not.
"""

import shutil
import statistics
import subprocess
import sys
import time

import psutil

ROUNDS = 7
COMMANDS = (["--help"], ["list"], ["check"])


def measure(command):
    """The CPU time and the wall time of one run, in seconds."""
    start = time.perf_counter()
    before = psutil.Process().cpu_times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = psutil.Process().cpu_times()
    cpu = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return cpu, time.perf_counter() - start


def main():
    programs = [shutil.which("trainspec"), *sys.argv[1:2]]
    for words in COMMANDS:
        runs = [[measure([program, *words]) for program in programs] for _ in range(ROUNDS)]
        cpu, wall = (statistics.median(run[0][i] for run in runs) for i in (0, 1))
        line = f"trainspec {' '.join(words)}: {cpu:.2f} s of CPU, {wall:.2f} s"
        if len(programs) > 1:
            ratio = statistics.median(run[0][0] / run[1][0] for run in runs)
            line += f"; {ratio:.2f} of the other's CPU time"
        print(line)


if __name__ == "__main__":
    main()
