"""A whole run of the tests fails when it leaves a code unsaid or a path untaken.

Part of a run proves nothing about the rest, so it is not asked. Each worker hands what
it saw to the process that called it.
"""

from __future__ import annotations

from typing import Final, Protocol

import pytest

from tests.probes import watching

watching.install()

MISSED: Final = pytest.StashKey[list[str]]()


class Worker(Protocol):
    """One of the processes that xdist spreads the tests over."""

    workeroutput: dict[str, dict[str, str]]


def is_whole(config: pytest.Config) -> bool:
    """Whether every test that `make test` runs is run."""
    option = config.option
    return (
        config.args_source is not pytest.Config.ArgsSource.ARGS
        and option.markexpr in ("", "not real")
        and not option.keyword
        and not getattr(option, "lf", False)
        and not option.collectonly
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Worker) -> None:
    """Take over what a worker saw."""
    for hit, test in sorted(
        getattr(node, "workeroutput", {}).get("probes", {}).items()
    ):
        watching.SEEN.setdefault(hit, test)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand over what was seen; or, where all of it is gathered, judge it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["probes"] = dict(watching.SEEN)
    elif exitstatus == pytest.ExitCode.OK and is_whole(session.config):
        # Not above: what was imported before it is watched is never watched.
        from tests.probes import judging  # noqa: PLC0415  # so it is late

        _write_down(session.config)
        session.config.stash[MISSED] = missed = judging.unhit(
            judging.to_hit(), watching.SEEN.keys()
        )
        if missed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name what was not hit."""
    missed = config.stash.get(MISSED, [])
    if missed:
        terminalreporter.section("no test hit")
        for each in missed:
            terminalreporter.line(f"FAILED {each}")


def _write_down(config: pytest.Config) -> None:
    """Write which test hit what, for whoever looks for one to read."""
    assert config.cache is not None, "the cache is a part of pytest"
    page = config.cache.mkdir("probes") / "seen.tsv"
    rows = (f"{hit}\t{test}\n" for hit, test in sorted(watching.SEEN.items()))
    page.write_text("".join(rows), encoding="utf-8")
