"""What the faults are made with: installed when missing, and tried before use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGES: Final = {
    "ip": "iproute2",
    "tc": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "mount": "mount",
    "strace": "strace",
}
INSTALL_S_MAX: Final = 300
FAKETIME: Final = "faketime/libfaketimeMT.so.1"
"""libfaketime for programs with threads, in the folder of each architecture."""


def missing() -> str | None:
    """Install what is missing; return why the test cannot run here, or nil."""
    if sys.platform != "linux":
        return "network namespaces are Linux’s"
    if os.geteuid() != 0:
        return "building networks and disks takes root"
    wanted = {PACKAGES[tool] for tool in PACKAGES if shutil.which(tool) is None}
    wanted |= set() if faketime() else {"libfaketime"}
    if not wanted:
        return None
    if shutil.which("apt-get") is None:
        return f"{', '.join(sorted(wanted))} missing, and there is no apt-get"
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "--no-install-recommends", *sorted(wanted))):
        done = subprocess.run(
            ("apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=120", *words),
            env=env,
            capture_output=True,
            text=True,
            timeout=INSTALL_S_MAX,
            check=False,
        )
        if done.returncode:
            return f"apt-get {words[0]}: {done.stderr.strip()[-300:]}"
    return None


def faketime() -> Path | None:
    """Return libfaketime, or nil when it is not installed."""
    return next(iter(sorted(Path("/usr/lib").glob(f"*/{FAKETIME}"))), None)


def no_strace() -> str | None:
    """Return why strace cannot make a call fail here, or nil when it can."""
    inject = ("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO")
    code = "import os; os.fdatasync(os.open('/tmp', os.O_TMPFILE | os.O_RDWR))"
    done = subprocess.run(
        ("strace", "-f", "-qq", *inject, sys.executable, "-c", code),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "OSError: [Errno 5]" in done.stderr:
        return None
    return f"strace injects no error here: {done.stderr.strip()[-200:]}"
