"""Bad input: each is refused with the field named, and nothing of it is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.node.api.problem import Problem, problem, wrong_field
from fabnet.node.api.strict import nearest, read_json
from tests.node.cooperative import DESIGNER, charter, design, policy
from tests.node.desk import Desk, Json, at_desk, base64_of, design_body, request_body


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    pieces: Annotated[int, msgspec.Meta(ge=1, le=10)]


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    items: tuple[Inner, ...]
    due: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    inner: Inner | None = None


# ------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("raw", "field", "says"),
    [
        ("", "body", "expected JSON"),
        ("[]", "body", "expected `object`"),
        ("\xff", "body", "expected JSON"),
        ("{}", "items", "missing"),
        ('{"itms": []}', "itms", "did you mean 'items'"),
        ('{"items": [{"peices": 1}]}', "items[0].peices", "did you mean 'pieces'"),
        ('{"items": [], "inner": {"x": 1}}', "inner.x", "expected one of pieces"),
        ('{"items": [{"pieces": 0}]}', "items[0].pieces", ">= 1"),
        ('{"items": [{"pieces": 1.0}]}', "items[0].pieces", "got `float`"),
        ('{"items": [{"pieces": true}]}', "items[0].pieces", "got `bool`"),
        ('{"items": [{"pieces": NaN}]}', "body", "NaN is no number"),
        ('{"items": [], "items": []}', "items", "occurs twice"),
        ('{"items": [], "due": "2026-01-01T00:00:00"}', "due", "timezone"),
        ('{"items": [], "due": "tomorrow"}', "due", "RFC3339"),
        ("[" * 100_000, "body", "nests too deep"),
    ],
)
def test_what_cannot_be_meant_is_named(raw: str, field: str, says: str) -> None:
    with pytest.raises(InputError) as no:
        read_json(raw.encode("latin-1"), Outer)

    assert no.value.field == field
    assert says in no.value.expected


@given(st.integers(1, 10), st.datetimes())
def test_what_is_meant_is_read(pieces: int, due: datetime) -> None:
    written = {"items": [{"pieces": pieces}], "due": f"{due.isoformat()}Z"}
    read = read_json(json.dumps(written).encode(), Outer)

    assert read == Outer((Inner(pieces),), due.replace(tzinfo=UTC))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        read_json(raw, Outer)
    except InputError as error:
        assert error.field  # noqa: PT017  # either way is right


def test_the_nearest_word_comes_first() -> None:
    assert nearest("livelyhood", ("other", "livelihood")).startswith(
        "did you mean 'livelihood'"
    )
    assert nearest("zzz", ("one", "two")) == "expected one of one, two"


def test_a_problem_is_what_rfc_9457_says() -> None:
    told = problem(409, "too-many-pieces", "items", most=500)

    assert msgspec.to_builtins(told) == {
        "type": "urn:fabnet:reason:too-many-pieces",
        "title": "Too many pieces",
        "status": 409,
        "detail": "Policy allows 500 pieces in one request.",
        "field": "items",
        "args": {"most": 500},
    }
    assert isinstance(told, Problem)
    assert told.reason == "too-many-pieces"


def test_a_wrong_field_keeps_its_spelling_in_the_sentence() -> None:
    assert wrong_field("items[0].pieces", "expected 1").detail == (
        "items[0].pieces: expected 1."
    )


# ------------------------------------------------------------------ requests


async def ready(desk: Desk) -> None:
    await desk.people()
    await desk.cooperate()
    status, said = await desk.publish(design())
    assert status == 201, said


WRONG: list[tuple[dict[str, Json], str]] = [
    ({"due": "2020-01-01T00:00:00Z"}, "due"),
    ({"due": "2020-01-01"}, "due"),
    ({"due": "9999-12-31T23:59:59Z", "deadline": "2027-01-01T00:00:00Z"}, "deadline"),
    ({"need": "livelyhood"}, "need"),
    ({"act": "sell"}, "act"),
    ({"items": []}, "items"),
    ({"radius_km": 0}, "radius_km"),
    ({"radius": 5}, "radius"),
    ({"place": {"latitude": 91, "longitude": 0}}, "place.latitude"),
    ({"place": {"latitude": 1}}, "place.longitude"),
    ({"for": {"name": ""}}, "for.name"),
    ({"for": {"name": "R", "phone": "1"}}, "for.phone"),
    ({"for": {"name": "R", "contact": "x" * 401}}, "for.contact"),
    ({"materials": ["PLA!"]}, "materials[0]"),
]


@pytest.mark.asyncio
async def test_a_request_that_cannot_be_meant_is_refused_and_nothing_kept(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await ready(desk)
        before = await desk.shell.store.records(kind="request/1")
        for change, field in WRONG:
            body = {**request_body(desk, 1), **change}
            status, no = await desk.post("/v1/requests", body, "steward")
            assert (status, no["field"]) == (422, field), no
        assert await desk.shell.store.records(kind="request/1") == before == []


@pytest.mark.asyncio
async def test_pieces_are_counted_before_anyone_is_asked(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await ready(desk)
        for pieces in (0, -1, 10**9, 10**30, 1.5, "6", None, True):
            body = request_body(desk, 1)
            body["items"] = [
                {"revision": design().cid, "part": "hook", "pieces": pieces}
            ]
            status, no = await desk.post("/v1/requests", body, "steward")
            assert (status, no["field"]) == (422, "items[0].pieces"), no
        status, no = await desk.post("/v1/requests", request_body(desk, 501), "steward")
        assert (status, no["args"]) == (409, {"most": 500})


@pytest.mark.asyncio
async def test_only_a_known_part_of_a_known_design_can_be_asked_for(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await ready(desk)
        body = request_body(desk, 1)
        for item, field, says in (
            ({"revision": design().cid, "part": "hok"}, "part", "did you mean 'hook'"),
            ({"revision": "bafkrei" + "a" * 52, "part": "hook"}, "revision", "known"),
            ({"revision": "Qm" + "a" * 44, "part": "hook"}, "revision", "regex"),
        ):
            body["items"] = [{**item, "pieces": 1}]
            status, no = await desk.post("/v1/requests", body, "steward")
            assert (status, no["field"]) == (422, f"items[0].{field}"), no
            assert says in str(no["detail"])


@pytest.mark.asyncio
async def test_without_a_policy_nobody_may_ask(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.publish(design())
        status, no = await desk.post("/v1/requests", request_body(desk, 1), "steward")

        assert (status, no["type"]) == (409, "urn:fabnet:reason:no-policy")


@pytest.mark.asyncio
async def test_the_same_person_is_the_same_and_a_place_is_only_a_town(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await ready(desk)
        persons: list[str] = []
        for name in ("Rosa", "Rosa", "Ivo"):
            body = request_body(desk, 1, name=name)
            body["place"] = {"latitude": 32.29876, "longitude": -90.18477}
            status, said = await desk.post("/v1/requests", body, "steward")
            assert status == 201, said
        for record in await desk.shell.store.records(kind="request/1"):
            assert record.body is not None
            assert b"Rosa" not in record.body
            request = desk.request_in(record)
            persons.append(request.person)
            assert request.place.latitude_udeg == 32_300_000
            assert request.place.longitude_udeg == -90_200_000
        assert persons[1] == persons[2] != persons[0]


# ------------------------------------------------------------------ publishing


@pytest.mark.asyncio
async def test_a_design_needs_its_files_a_sound_manifest_and_a_grant(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        status, no = await desk.post("/v1/designs", design_body(design()), "designer")
        assert (status, no["type"]) == (422, "urn:fabnet:reason:blob-missing")
        assert "hook.scad" in str(no["detail"])

        forged = design(signer=desk.shell.identity.key)
        status, no = await desk.publish(forged)
        assert (status, no["field"]) == (422, "grant")

        for part in ("manifest", "grant"):
            body = design_body(design())
            assert isinstance(body, dict)
            body[part] = base64_of(b'{"v": 2}')
            status, no = await desk.post("/v1/designs", body, "designer")
            assert status == 422, no
        body = design_body(design())
        assert isinstance(body, dict)
        body["manifest"] = "*not base64*"
        status, no = await desk.post("/v1/designs", body, "designer")
        assert (status, no["field"]) == (422, "manifest")
        assert await desk.shell.store.records(kind="revision/1") == []


@pytest.mark.asyncio
async def test_a_published_design_is_listed_with_its_terms(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        status, said = await desk.publish(design())
        assert (status, said["id"]) == (201, design().cid)

        _, listed = await desk.get("/v1/designs")
        _, one = await desk.get(f"/v1/designs/{design().cid}")
        [shown] = _objects(listed["designs"])
        assert shown.items() <= one.items()
        assert one["granted"] == "CERN-OHL-S-2.0"
        assert one["withdrawn"] is None
        files, parts = one["files"], one["parts"]
        assert isinstance(files, list)
        assert isinstance(parts, list)
        assert all(isinstance(file, dict) and file["is_here"] for file in files)
        assert len(files) == 2
        for wrong in ("bafkrei" + "a" * 52, "nonsense"):
            assert (await desk.get(f"/v1/designs/{wrong}"))[0] == 404


@pytest.mark.asyncio
async def test_only_a_document_that_holds_is_carried(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        sound = charter()
        bent = sound.replace(b"Jackson", b"Jacksom")

        async def carry(kind: str, document: bytes) -> tuple[int, Json]:
            body: Json = {"kind": kind, "document": base64_of(document)}
            status, said = await desk.post("/v1/documents", body)
            return status, said.get("title")

        assert await carry("policy/1", policy()) == (409, "Charter unknown")
        assert await carry("charter/1", bent) == (422, "Not authentic")
        assert await carry("charter/1", b"{}") == (422, "Not authentic")
        assert await carry("charter/1", policy()) == (422, "Not authentic")
        assert await carry("ballot/1", sound) == (422, "Wrong field")
        assert await desk.shell.store.records() == []
        assert (await carry("charter/1", sound))[0] == 201
        stranger = policy(signer=DESIGNER)
        assert await carry("policy/1", stranger) == (409, "Policy quorum not met")
        assert await carry("policy/1", policy(version=2)) == (201, None)
        assert await carry("policy/1", policy()) == (409, "Policy not newer")


@pytest.mark.asyncio
async def test_an_empty_file_is_no_file(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        url, headers = desk.url + "/v1/blobs", desk.bearer("designer")
        async with desk.client.post(url, data=b"", headers=headers) as response:
            assert response.status == 422


@pytest.mark.asyncio
async def test_a_short_code_that_is_too_short_or_unknown_finds_nothing(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        for name in ("a", "zzzzzzzz", "%25", "bafkrei", "x" * 300):
            for path in ("/v1/jobs/", "/v1/stories/"):
                assert (await desk.get(path + name))[0] == 404, name


def _objects(found: Json) -> list[dict[str, Json]]:
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]
