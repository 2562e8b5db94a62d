"""How far along it is, on a terminal and in a log."""

from __future__ import annotations

import io

from fabnet.node.publishing.progress import LONG_BYTES, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_renews_itself() -> None:
    screen = Terminal()
    progress = Progress(screen)
    progress.begin("sending", "arm\x1b[2J.stl", 1_000)
    for _ in range(1_000):
        progress.add(1)
    progress.end()

    lines = screen.getvalue().split("\r\x1b[K")
    assert lines[1] == "sending arm?[2J.stl 0 %"
    assert lines[-2] == "sending arm?[2J.stl 100 %"
    assert len(lines) == 103
    assert "\n" not in screen.getvalue()


def test_elsewhere_only_long_files_have_a_line() -> None:
    told = io.StringIO()
    progress = Progress(told)
    for size in (0, LONG_BYTES - 1, LONG_BYTES):
        progress.begin("reading", "arm.stl", size)
        progress.add(size)
        progress.end()

    assert told.getvalue() == "reading arm.stl (8 MB)\n"
