"""A bug that can be put back: where, how, which story shows it, and what speaks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Whole = Callable[..., Any]
"""A function of the product, sound or faulty."""
Story = Callable[[], None]
"""Lives through something, and raises AssertionError when that did not hold."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A bug of the product, and what is known of it."""

    breaks: str
    """Which promise it breaks, in words."""
    seen: str
    """Where it was met first."""
    owner: object
    """The class or module of the product that is patched, in one place."""
    name: str
    make: Callable[[Whole], Whole]
    """Returns the faulty function, given the sound one."""
    story: Story
    speaks: str
    """What the assertion says that finds it."""

    def sound(self) -> Whole:
        """Return what would be patched; raises AttributeError when it is not there."""
        whole: Whole = getattr(self.owner, self.name)
        return whole

    @contextmanager
    def planted(self) -> Iterator[list[str]]:
        """Have the product be faulty; the list grows with each use of the fault."""
        sound, used = self.sound(), list[str]()
        faulty = self.make(sound)

        @functools.wraps(sound)
        def told(*said: object, **named: object) -> object:
            if not used:
                used.append(self.name)
            return faulty(*said, **named)

        setattr(self.owner, self.name, told)
        try:
            yield used
        finally:
            setattr(self.owner, self.name, sound)
