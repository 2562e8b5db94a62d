"""Good inputs bent at random: refused by our error, or read as just what they are."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabnet.errors import FabnetError, RemoteError
from fabnet.node.links import frames
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.credential import canonical_json, strict_loads
from fabnet.records.peer_record import open_peer_record
from tests.hostile import bodies, drawn, files, names, papers, profile, wire
from tests.hostile import settings as typed
from tests.hostile.rows import Table

KINDS: dict[str, Body] = {
    **bodies.RECORDS,
    **bodies.NOTICES,
    **bodies.MESSAGES,
    **bodies.FRAMES,
    **bodies.HEADERS,
}
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
FEW = settings(QUICK, max_examples=12)
"""Texts drawn from a pattern are slow to draw."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_comes_back_and_bent_it_is_refused_or_canonical(kind: str) -> None:
    of = type(KINDS[kind])

    @FEW
    @given(st.data())
    def bend(data: st.DataObject) -> None:
        body = data.draw(drawn.bodies(of))
        raw = canonical.encode(body)
        assert canonical.decode(raw, of, bytes_max=65_536) == body
        other = data.draw(drawn.bent(raw))
        try:
            read = canonical.decode(other, of, bytes_max=65_536)
        except RemoteError:
            return
        assert canonical.encode(read) == other

    bend()


@QUICK
@given(st.data())
def test_a_bent_frame_is_refused_or_one_of_ours(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(sorted(bodies.FRAMES)))
    raw = data.draw(drawn.bent(canonical.encode(bodies.FRAMES[good])))
    try:
        frame = frames.decode(raw)
    except RemoteError:
        return
    assert frames.encode(frame) == raw


@QUICK
@given(st.data())
def test_a_bent_peer_record_is_refused(data: st.DataObject) -> None:
    good = wire.PEER_RECORDS.good
    assert isinstance(good, bytes)
    raw = data.draw(drawn.bent(good))
    if raw != good:
        with pytest.raises(RemoteError):
            open_peer_record(raw)


SIGNED = (wire.ENVELOPES, wire.RECORDS, wire.MESSAGES, *papers.DOCUMENTS)


@pytest.mark.parametrize("table", SIGNED, ids=lambda table: table.name)
def test_what_is_signed_and_then_bent_is_refused(table: Table) -> None:
    whole = table.good if isinstance(table.good, tuple) else (table.good,)

    @QUICK
    @given(st.data())
    def bend(data: st.DataObject) -> None:
        raw = data.draw(drawn.bent(whole[0]))
        if raw != whole[0]:
            assert table.why((raw, *whole[1:]) if len(whole) > 1 else raw)

    bend()


READ = (
    *files.TABLES[:-1], papers.MANIFESTS, profile.JSONS, typed.CONFIG, typed.BODIES,
)  # fmt: skip


@pytest.mark.parametrize("table", READ, ids=lambda table: table.name)
def test_a_bent_file_is_read_or_refused_by_our_error(table: Table) -> None:
    good = table.good
    assert isinstance(good, bytes)

    @QUICK
    @given(st.data())
    def bend(data: st.DataObject) -> None:
        raw = good
        for _ in range(data.draw(st.integers(1, 4))):
            raw = data.draw(drawn.bent(raw))
        try:
            table.read(raw)
        except FabnetError:
            return

    bend()


@QUICK
@given(st.data())
def test_json_that_is_read_has_one_form_which_reads_the_same(
    data: st.DataObject,
) -> None:
    raw = data.draw(drawn.bent(papers.MANIFESTS.good))  # type: ignore[arg-type]  # bytes
    try:
        found = strict_loads(raw)
    except RemoteError:
        return
    assert strict_loads(canonical_json(found)) == found


TEXTS = (names.CIDS, names.KEYS, names.DIDS, names.ADDRESSES, names.AUTHORIZATIONS)


@pytest.mark.parametrize("table", TEXTS, ids=lambda table: table.name)
def test_a_bent_name_is_refused_or_read(table: Table) -> None:
    good = table.good
    assert isinstance(good, str)

    @QUICK
    @given(st.data())
    def bend(data: st.DataObject) -> None:
        raw = data.draw(drawn.bent(good.encode()))
        try:
            table.read(raw.decode(errors="replace"))
        except RemoteError:
            return

    bend()
