"""What a running node is made of, handed to those who serve people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fabnet.node.clock import Clock
from fabnet.node.config import Config
from fabnet.node.links.links import Links
from fabnet.node.planning.plans import Plans
from fabnet.node.runner import Runner
from fabnet.node.shelf import Shelf
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.production.place import Place
from fabnet.protocol.voice import Identity
from fabnet.records.ids import PeerId
from fabnet.records.keys import SealingKey


@dataclass(frozen=True, slots=True)
class Shell:
    """The parts of one running node that the API may use."""

    identity: Identity
    config: Config
    person_secret: bytes
    """What persons are named under; never leaves this process."""
    sealing: SealingKey
    """Opens what requesters sealed to this facility."""
    place: Place
    """Where the facility is."""
    clock: Clock
    store: Store
    blobs: Blobs
    runner: Runner
    linked: Callable[[], list[PeerId]]
    """The peers with an open link now."""
    finish_by_hand: Callable[[str, bool], bool]
    """Say that a manual piece is done (machine id, good); false: none in hand."""
    set_machine: Callable[[str, str], bool]
    """Set a machine (id) `idle`, `drained` or `offline`; false: no such machine."""
    links: Links
    """The open links, and how peers stand with us."""
    plans: Plans
    """The newest plans, to be asked for their reasons."""
    shelf: Shelf = field(default_factory=Shelf)
    """The designs, to be searched."""
