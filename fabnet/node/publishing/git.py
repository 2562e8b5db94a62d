"""What git knows of a folder: which files it tracks, at which commit, from where.

Only the program `git` is asked, and nothing is fetched. Of a remote's address whatever
could be a password is left out, for it would be published.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fabnet.errors import InputError

GIT_S_MAX: Final = 60
"""Seconds for one question: looking for changes in a large copy takes some."""
ANSWER_BYTES_MAX: Final = 1024 * 1024
"""Bytes of one answer: more tracked files than a design may have fit."""
REMOTE_CHARS_MAX: Final = 400
"""Letters of a remote's address that go into a source location."""

_LINK: Final = "120000"
_MODULE: Final = "160000"
_QUIET: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
"""A copy's own settings may name programs to run; these two are not wanted."""
_SCP: Final = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)([\w./~-]+)")
_PUBLIC: Final = frozenset({"https", "http", "ssh", "git"})


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """A folder as git sees it."""

    tracked: tuple[str, ...]
    """Of what was asked for, the files that git tracks, by their path in the folder."""
    changed: tuple[str, ...]
    """Of those, the ones that differ from the commit."""
    modules: tuple[str, ...]
    """Folders that are repositories of their own, and left out."""
    commit: str | None
    """The id of the commit that is checked out; nil before the first."""
    remote: str | None
    """Where it is fetched from, without names and passwords; nil if nowhere public."""
    is_pushed: bool
    """Whether git knows of a remote branch that holds the commit."""

    @property
    def source_location(self) -> str | None:
        """Where this commit can be had, as SPDX writes it; nil if nowhere public."""
        if self.commit is None or self.remote is None:
            return None
        return f"git+{self.remote}@{self.commit}"


def is_working_copy(folder: Path) -> bool:
    """Whether a folder lies in one, without asking git."""
    inside = folder.resolve()
    return any((each / ".git").exists() for each in (inside, *inside.parents))


def read_copy(folder: Path, paths: Sequence[str] | None) -> WorkingCopy:
    """Return what git knows of some files in a folder; of all if `paths` is nil.

    Raises InputError when git is not installed, or refuses.
    """
    wanted = (".",) if paths is None else tuple(paths)
    tracked, modules = _listed(folder, wanted)
    commit = _ask_or_nil(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    changed = _changed(folder, wanted) if tracked else ()
    held = commit and _ask_or_nil(folder, "branch", "--remotes", "--contains", commit)
    return WorkingCopy(
        tracked, changed, modules, commit, _remote(folder), is_pushed=bool(held)
    )


def public_address(url: str) -> str | None:
    """Return a remote's address as a stranger could use it; nil for a local one."""
    scp = _SCP.fullmatch(url)
    if scp is not None:
        return f"ssh://git@{scp[1]}/{scp[2].lstrip('/')}"
    try:
        found = urlsplit(url)
        port = f":{found.port}" if found.port else ""
    except ValueError:
        return None
    if found.scheme not in _PUBLIC or not found.hostname or len(url) > REMOTE_CHARS_MAX:
        return None
    user = "git@" if found.scheme == "ssh" else ""
    return f"{found.scheme}://{user}{found.hostname}{port}{found.path}"


def _listed(
    folder: Path, wanted: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tracked files, and the modules; links and conflicts are refused."""
    files, modules = [], []
    for line in _ask(folder, "ls-files", "-z", "--stage", "--", *wanted).split("\0"):
        if not line:
            continue
        about, _, path = line.partition("\t")
        mode, _, stage = about.split(" ")
        if mode == _MODULE:
            modules.append(path)
        elif mode == _LINK:
            raise InputError(path, "is a link; expected the file itself")
        elif stage != "0":
            raise InputError(path, "has a merge conflict; resolve it first")
        else:
            files.append(path)
    return tuple(files), tuple(modules)


def _changed(folder: Path, wanted: Sequence[str]) -> tuple[str, ...]:
    prefix = _ask(folder, "rev-parse", "--show-prefix").rstrip("\n")
    told = _ask(
        folder,
        *("status", "-z", "--porcelain=v1", "--untracked-files=no", "--no-renames"),
        *("--", *wanted),
    )
    lines = [line for line in told.split("\0") if line]
    # The paths of `status -z` count from the top of the copy.
    return tuple(line[3:].removeprefix(prefix) for line in lines)


def _remote(folder: Path) -> str | None:
    """Return where the branch is fetched from, else `origin`, else the only one."""
    names = (_ask_or_nil(folder, "remote") or "").split("\n")
    upstream = _ask_or_nil(folder, "rev-parse", "--abbrev-ref", "@{upstream}") or ""
    only = names if len(names) == 1 else []
    for name in (upstream.partition("/")[0], "origin", *only):
        if name and name in names:
            url = _ask_or_nil(folder, "remote", "get-url", name)
            return public_address(url) if url else None
    return None


def _ask(folder: Path, *words: str) -> str:
    """Return what git answers, or raise InputError with what it said."""
    code, out, err = _run(folder, *words)
    if code:
        said = err.strip().split("\n")[0].removeprefix("fatal: ")[:200]
        raise InputError(str(folder), f"git: {said}; --no-git leaves it unasked")
    return out


def _ask_or_nil(folder: Path, *words: str) -> str | None:
    code, out, _ = _run(folder, *words)
    return out.strip() or None if not code else None


def _run(folder: Path, *words: str) -> tuple[int, str, str]:
    program = shutil.which("git")
    if program is None:
        absent = (
            "is a git working copy, and the program git is not installed; "
            "install it, or take the folder as it is with --no-git"
        )
        raise InputError(str(folder), absent)
    command = [program, "-C", str(folder), *_QUIET, "--literal-pathspecs", *words]
    kept = {name: text for name, text in os.environ.items() if name[:4] != "GIT_"}
    asked = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603  # git, with words of ours and plain paths
            command,
            env={**kept, **asked},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_S_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(str(folder), f"git does not answer: {error}") from error
    if len(done.stdout) > ANSWER_BYTES_MAX:
        most = f"git lists more than {ANSWER_BYTES_MAX} bytes of files"
        raise InputError(str(folder), most)
    out = done.stdout.decode(errors="surrogateescape")
    return done.returncode, out, done.stderr.decode(errors="replace")
