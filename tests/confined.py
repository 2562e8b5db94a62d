"""Run one attack in a process that may take little memory and little time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PREAMBLE = """
import json, resource, sys
from pathlib import Path
{imports}
data = Path(sys.argv[1]).read_bytes()

def kilobytes(name):
    # Not ru_maxrss: that of a new process begins with its parent's.
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))

before = kilobytes("VmHWM:")
room = (kilobytes("VmSize:") + 1024 * {megabytes}) * 1024
resource.setrlimit(resource.RLIMIT_AS, (room, room))
used = resource.getrusage(resource.RUSAGE_SELF)
seconds = int(used.ru_utime + used.ru_stime) + 1 + {seconds}
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
try:
    said = repr({call})
    kind = ""
except RemoteError as error:
    said, kind = str(error), type(error).__name__
grown = kilobytes("VmHWM:") - before
print(json.dumps({{"said": said, "kind": kind, "megabytes": grown // 1024}}))
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the attack ended."""

    said: str
    """What was returned, or the error's sentence."""
    kind: str
    """The error's class; empty when something was returned."""
    megabytes: int
    """At most, more than before."""


def confined(
    call: str,
    data: bytes,
    folder: Path,
    *,
    imports: str,
    megabytes: int,
    seconds: int,
) -> Outcome:
    """Return how `call`, an expression over `data`, ends within the limits.

    Whatever is no RemoteError, or is killed by a limit, fails here.
    """
    attack = folder / "attack"
    attack.write_bytes(data)
    script = PREAMBLE.format(
        imports=imports + "\nfrom fabnet.errors import RemoteError",
        megabytes=megabytes,
        seconds=seconds,
        call=call,
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(attack)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60 + 10 * seconds,
        env={
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": str(Path(__file__).parents[1]),
        },
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return Outcome(**json.loads(done.stdout))
