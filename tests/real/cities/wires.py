"""A network for each town, joined by a bridge: wires that can be cut, lossy or slow.

The bridge stands in a network of its own, so that no firewall of this computer has a
say in it; this process is on it too, to call on the nodes' APIs. Faults are rules in a
town's own network and spare what we say to it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SUBNET: Final = f"10.213.{os.getpid() % 250}"
"""So that two runs on one computer do not meet."""
TOWNS_MAX: Final = 9
OURS: Final = f"{SUBNET}.254"
LOST_PERCENT: Final = 30
SLOW: Final = ("rate", "128kbit", "burst", "4kb", "latency", "400ms")
"""A bad mobile line; what waits longer is dropped."""


class NoWiresError(Exception):
    """This computer does not let us build networks, and why."""


def run(*words: str, stdin: str = "") -> str:
    """Run a tool; return what it printed, or raise NoWiresError with what it said."""
    done = subprocess.run(
        words, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise NoWiresError(f"{' '.join(words)}: {done.stderr.strip()[-300:]}")
    return done.stdout


def address(town: int) -> str:
    """Return the address of a town by its place in the list, from 0."""
    return f"{SUBNET}.{town + 1}"


@dataclass(slots=True)
class Wires:
    """The networks of so many towns; `down` takes them away."""

    towns: int
    mark: str = ""

    def up(self) -> None:
        """Build the networks, or raise NoWiresError."""
        assert self.towns <= TOWNS_MAX
        self.mark = f"fab{os.getpid()}"
        hub = self._hub()
        run("ip", "netns", "add", hub)
        run("ip", "-n", hub, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", hub, "link", "set", "bridge", "up")
        self._plug("us", None, OURS)
        for town in range(self.towns):
            run("ip", "netns", "add", self.network(town))
            run("ip", "-n", self.network(town), "link", "set", "lo", "up")
            self._plug(f"t{town}", self.network(town), address(town))

    def down(self) -> None:
        """Take everything away; with it goes every rule."""
        for name in (*map(self.network, range(self.towns)), self._hub()):
            subprocess.run(
                ("ip", "netns", "del", name),
                capture_output=True,
                timeout=60,
                check=False,
            )

    def network(self, town: int) -> str:
        """Return the name of a town's network."""
        return f"{self.mark}-{town}"

    def entered(self, town: int) -> tuple[str, ...]:
        """Return the words that run a command inside a town's network."""
        return ("nsenter", f"--net=/run/netns/{self.network(town)}")

    def cut(self, town: int, others: Iterable[int]) -> None:
        """Let nothing pass between a town and others."""
        named = ", ".join(address(other) for other in others)
        self._rules(
            town,
            f"add rule inet faults in ip saddr {{ {named} }} drop",
            f"add rule inet faults out ip daddr {{ {named} }} drop",
        )

    def lose(self, town: int) -> None:
        """Lose some of what arrives at a town from any other."""
        named = ", ".join(
            address(other) for other in range(self.towns) if other != town
        )
        dice = f"numgen random mod 100 < {LOST_PERCENT}"
        self._rules(town, f"add rule inet faults in ip saddr {{ {named} }} {dice} drop")

    def slow(self, town: int) -> None:
        """Let a town say little at a time."""
        where = ("tc", "-n", self.network(town), "qdisc")
        run(*where, "add", "dev", "eth", "root", "tbf", *SLOW)

    def heal(self, town: int) -> None:
        """Undo whatever was done to a town's wires."""
        slow = run("tc", "-n", self.network(town), "qdisc", "show", "dev", "eth")
        if "tbf" in slow:
            run("tc", "-n", self.network(town), "qdisc", "del", "dev", "eth", "root")
        if "faults" in run(*self.entered(town), "nft", "list", "tables"):
            run(*self.entered(town), "nft", "delete", "table", "inet", "faults")

    def _rules(self, town: int, *rules: str) -> None:
        lines = ["add table inet faults"]
        for name, hook in (("in", "input"), ("out", "output")):
            lines.append(
                f"add chain inet faults {name} "
                f"{{ type filter hook {hook} priority 0 ; policy accept ; }}"
            )
        run(
            *self.entered(town),
            "nft",
            "-f",
            "-",
            stdin="\n".join([*lines, *rules]) + "\n",
        )

    def _hub(self) -> str:
        return f"{self.mark}-hub"

    def _plug(self, name: str, network: str | None, at: str) -> None:
        """Lay a wire from the bridge to a network, or to ours."""
        hub, end = self._hub(), "eth" if network else self.mark
        far = ("netns", network) if network else ("netns", str(os.getpid()))
        run(
            *("ip", "-n", hub, "link", "add", name, "type", "veth"),
            *("peer", "name", end, *far),
        )
        run("ip", "-n", hub, "link", "set", name, "master", "bridge", "up")
        inside = ("ip", "-n", network) if network else ("ip",)
        run(*inside, "addr", "add", f"{at}/24", "dev", end)
        run(*inside, "link", "set", end, "up")
