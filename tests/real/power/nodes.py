"""A real node process, `fabnet run`, and the person who makes tokens at it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from fabnet.node.clock import SystemClock
from fabnet.node.demo.layout import Site, lay_out
from tests.house.tree import ROOT

ANSWER_S = 30
END_S = 60


def site_in(folder: Path) -> Site:
    """Return a city that calls on no other."""
    return lay_out(folder, SystemClock())[0]


@dataclass
class Node(AbstractContextManager["Node"]):
    """The process, from ready to its end."""

    folder: Path
    """With its config.toml."""
    api: str

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fabnet", "run", str(self.folder / "config.toml")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "ready at" in line:
                return self
        raise AssertionError(f"it ended: {self.ended()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """Kill -9, if it runs."""
        self.process.kill()
        self.process.communicate()

    def ended(self) -> tuple[int, str]:
        """Return its exit code and what it said, once it ends by itself."""
        _, said = self.process.communicate(timeout=END_S)
        return self.process.returncode, said

    def asked(self, path: str, body: dict[str, str] | None, token: str = "") -> int:
        """Return the status of an answer; 0 when there was none."""
        return self.answer(path, body, token)[0]

    def answer(
        self, path: str, body: dict[str, str] | None, token: str = ""
    ) -> tuple[int, dict[str, str]]:
        """Return status and JSON; (0, {}) when it ended over the question."""
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, raw)  # ours
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as reply:  # ours
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, {}
        except (OSError, ValueError):
            return 0, {}

    def page(self, path: str) -> str:
        """Return the text of a page."""
        with urllib.request.urlopen(self.api + path, timeout=ANSWER_S) as reply:
            text: bytes = reply.read()
        return text.decode()

    def first_operator(self, one_time: str) -> str:
        """Return the token of the first person."""
        body = {"one_time_token": one_time.strip(), "name": "olu"}
        status, said = self.answer("/v1/operators", body)
        assert status == 201
        return said["token"]
