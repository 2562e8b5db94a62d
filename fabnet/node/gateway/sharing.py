"""Which designs strangers may have: those that somebody with a say granted terms for.

Without terms only the manifest is shown, so that people can find the design and ask. A
grant under dispute grants nothing meanwhile. A withdrawn design is still given:
whoever made one needs its files, and the licence allows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.revision import REVISION_BYTES_MAX
from fabnet.errors import RemoteError
from fabnet.node.clock import Clock
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.node.terms import read_terms
from fabnet.protocol.voice import Identity

ANSWER_MS_MAX: Final = 10_000
"""How long an answer is remembered: a client asks a thousand times for one design, and
a dispute is heeded this much later."""
ANSWERS_MAX: Final = 1_000
"""Designs remembered; beyond it the oldest is worked out anew."""


@dataclass(slots=True)
class Sharing:
    """Says of each design whether its files are given to strangers."""

    identity: Identity
    store: Store
    blobs: Blobs
    clock: Clock
    _answers: dict[Cid, tuple[bool, int]] = field(default_factory=dict)

    async def may(self, design: Cid) -> bool:
        """Whether a valid grant of the design stands undisputed."""
        tick_ms = self.clock.now().tick_ms
        answer = self._answers.get(design)
        if answer is not None and tick_ms < answer[1]:
            return answer[0]
        granted = await self._is_granted(design)
        self._answers.pop(design, None)
        self._answers[design] = granted, tick_ms + ANSWER_MS_MAX
        if len(self._answers) > ANSWERS_MAX:
            del self._answers[next(iter(self._answers))]
        return granted

    async def _is_granted(self, design: Cid) -> bool:
        raw = await self.blobs.read(design, bytes_max=REVISION_BYTES_MAX)
        if raw is None:
            return False
        try:
            revision = revisions.parse(raw)
        except RemoteError:
            return False
        terms = await read_terms(self.store, self.identity, design, revision)
        return bool(terms.granted)
