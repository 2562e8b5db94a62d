"""A whole run of the tests fails when it leaves a code unsaid or a path untaken.

Part of a run proves nothing about the rest, so it is not asked. Each worker hands what
it saw to the process that called it.
"""

from __future__ import annotations

from typing import Protocol

import pytest

from tests.probes import watching

watching.install()


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


def pytest_testnodedown(node: Worker) -> None:
    """Take over what a worker saw."""
    for hit, test in sorted(getattr(node, "workeroutput", {}).get("probes", {}).items()):
        watching.SEEN.setdefault(hit, test)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what was seen; or, where all of it is gathered, judge it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["probes"] = dict(watching.SEEN)
        return
    import os
    if "FABNET_PROBES" in os.environ:
        with open(os.environ["FABNET_PROBES"], "w") as out:
            for k, v in sorted(watching.SEEN.items()):
                out.write(f"{k}\t{v}\n")
