"""Every door: all routes are walked, and no write gets in without a token."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from fabnet.node.api.app import HEADERS, make_operator_app
from fabnet.node.api.gate import check_host, check_origin, hosts_of
from fabnet.node.api.handlers.people import first_token
from fabnet.node.api.routes import ROUTES
from fabnet.node.api.table import Route
from tests.node.desk import Desk, Json, at_desk

pytestmark = pytest.mark.asyncio

SAMPLE = {
    "id": "bafkrei" + "a" * 52,
    "job": "bafkrei" + "a" * 52,
    "cid": "bafkrei" + "a" * 52,
    "cursor": "0",
    "design": "bafkrei" + "d" * 52,
    "other": "bafkrei" + "b" * 52,
    "epoch": "1",
    "grant": "sha256:" + "0" * 64,
    "facility": "workshop",
    "machine": "printer",
    "name": "fabnet.css",
    "path": "how.md",
    "expression": "MIT",
}


def filled(path: str) -> str:
    return re.sub(r"{(\w+)(?::[^}]*)?}", lambda found: SAMPLE[found[1]], path)


async def answered(desk: Desk, method: str, path: str, **more: str) -> tuple[int, str]:
    headers = {"Content-Type": "application/json", **more}
    async with desk.client.request(
        method, desk.url + path, data=b"{}", headers=headers
    ) as response:
        for name in HEADERS:
            assert name in response.headers, (method, path, name)
        return response.status, await response.text()


async def test_the_router_holds_the_table_and_nothing_else(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        app = make_operator_app(desk.shell)
        held = {(it.method, _canonical(it)) for it in app.router.routes()}

        assert held == {(it.method, _plain(it)) for it in ROUTES}
        assert len(held) == len(ROUTES)


async def test_no_write_gets_in_without_a_token_from_the_first_start(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        writes = [route for route in ROUTES if route.method != "GET"]
        assert len(writes) >= 10
        for route in writes:
            status, text = await answered(desk, route.method, filled(route.path))
            if route.path == "/v1/operators":
                assert status == 422, text
            else:
                assert status == 401, route.path
        assert desk.shell.store.commits == desk.commits
        assert [token.role for token in await desk.shell.store.tokens()] == [
            "first-operator"
        ]


async def test_a_wrong_token_is_as_good_as_none(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        for route in ROUTES:
            if route.role is None:
                continue
            for token in ("wrong", desk.tokens["operator"][:-1], "", "é", "a" * 5_000):
                status, _ = await answered(
                    desk,
                    route.method,
                    filled(route.path),
                    Authorization=f"Bearer {token}",
                )
                assert status == 401, (route.path, token[:9])


async def test_each_role_opens_its_own_doors_and_the_operator_all(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        for route in ROUTES:
            if route.role is None:
                continue
            for role in ("steward", "designer", "operator"):
                status, _ = await answered(
                    desk, route.method, filled(route.path), **desk.bearer(role)
                )
                opens = role in (route.role, "operator")
                assert (status != 403) == opens, (route.path, role, status)
                assert status != 401


async def test_reading_writes_nothing(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        before = desk.shell.store.commits
        for route in ROUTES:
            if route.method == "GET" and route.role is None:
                status, text = await answered(desk, "GET", filled(route.path))
                assert status in (200, 404), (route.path, text)
        assert desk.shell.store.commits == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_no_other_method_is_known(tmp_path: Path, method: str) -> None:
    async with at_desk(tmp_path) as desk:
        for path in ("/", "/v1/jobs", "/v1/tokens"):
            status, _ = await answered(desk, method, path)
            assert status == 405, path


async def test_the_one_time_token_is_good_once(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        body: Json = {"one_time_token": desk.one_time, "name": "olu"}
        wrong: Json = {"one_time_token": desk.one_time + "x", "name": "eve"}
        assert (await desk.post("/v1/operators", wrong, None))[0] == 403

        answers = await _together(desk, [body] * 5)
        assert sorted(answers) == [201, 403, 403, 403, 403]
        assert (await desk.post("/v1/operators", body, None))[0] == 403
        held = await desk.shell.store.tokens()
        assert [token.role for token in held] == ["operator"]
        assert await first_token(desk.shell.store, desk.shell.clock) is None


async def test_the_one_time_token_is_no_bearer_token(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        desk.tokens["operator"] = desk.one_time
        status, _ = await desk.post("/v1/tokens", {"name": "eve", "role": "operator"})

        assert status == 403


async def test_only_the_hash_of_a_token_is_kept(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        secrets = list(desk.tokens.values())
        assert len(set(secrets)) == 3
        assert all(len(secret) == 47 for secret in secrets)
        assert all(secret[0].isalpha() for secret in secrets), "an option, to a command"
    kept = (tmp_path / "fabnet.db").read_bytes()
    assert not [secret for secret in secrets if secret.encode() in kept]


async def test_a_name_has_one_token(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        status, no = await desk.post("/v1/tokens", {"name": "olu", "role": "steward"})

        assert (status, no["field"]) == (409, "name")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "[::2]"])
async def test_another_host_is_not_answered_for(tmp_path: Path, host: str) -> None:
    async with at_desk(tmp_path) as desk:
        for path in ("/", "/v1/jobs", "/healthz"):
            assert (await answered(desk, "GET", path, Host=host))[0] == 421


async def test_localhost_by_any_of_its_names_is_us() -> None:
    hosts = hosts_of("192.168.7.2")
    names = ("localhost:8102", "127.0.0.1", "[::1]:9", "LOCALHOST", "192.168.7.2:1")

    assert [name for name in names if check_host({"Host": name}, hosts)] == []
    assert check_host({}, hosts) is not None
    assert check_host({"Host": "[fe80::1]:80"}, hosts_of("fe80::1")) is None


async def test_a_page_of_another_origin_may_not_write(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        for header in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            status, text = await answered(
                desk, "POST", "/v1/tokens", **desk.bearer("operator"), **header
            )
            assert status == 403, header
            assert "foreign-origin" in text
        own = {"Origin": desk.url, "Sec-Fetch-Site": "same-origin"}
        host = desk.url.removeprefix("http://")
        assert check_origin({"Host": host, **own}) is None


async def test_a_body_is_bounded_plain_and_of_its_kind(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        url, bearer = desk.url + "/v1/tokens", desk.bearer("operator")

        async def status_of(data: bytes, **headers: str) -> int:
            kind = {"Content-Type": "application/json"}
            async with desk.client.post(
                url, data=data, headers={**kind, **bearer, **headers}
            ) as response:
                return response.status

        assert await status_of(b"{}", **{"Content-Type": "text/plain"}) == 415
        assert await status_of(b"{}", **{"Content-Encoding": "gzip"}) == 415
        assert await status_of(b" " * 65_537) == 413
        assert await status_of(b" " * 65_536) == 422

        async def chunks() -> object:
            for _ in range(200):
                yield b" " * 1_024

        async with desk.client.post(
            url, data=chunks(), headers={"Content-Type": "application/json", **bearer}
        ) as response:
            assert response.status == 413


async def test_a_stranger_is_refused_before_the_body_is_read(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        host, port = desk.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = b"POST /v1/blobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n"
        writer.write(head + b"\r\n")
        async with asyncio.timeout(5):
            assert b" 401 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.05)


async def test_whatever_fails_inside_is_told_without_its_inside(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.shell.store.close()

        status, problem = await desk.get("/v1/jobs")
        assert status == 500
        assert problem["type"] == "urn:fabnet:reason:internal"
        assert "store" not in str(problem)


async def test_the_description_names_every_route_and_every_schema_it_cites(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        status, found = await desk.get("/v1/openapi.json")
        assert (status, found["openapi"]) == (200, "3.1.0")
        paths, components = found["paths"], found["components"]
        assert isinstance(paths, dict)
        assert isinstance(components, dict)
        schemas = components["schemas"]
        assert isinstance(schemas, dict)
        cited = set(re.findall(r"#/components/schemas/(\w+)", str(found)))
        assert cited <= schemas.keys()
        named = {
            (method.upper(), path)
            for path, methods in paths.items()
            if isinstance(methods, dict)
            for method in methods
        }
        assert named == {(route.method, _plain(route)) for route in ROUTES}
        secured = {
            path
            for path, methods in paths.items()
            if isinstance(methods, dict) and "security" in str(methods)
        }
        assert len(secured) == len([route for route in ROUTES if route.role])


async def _together(desk: Desk, bodies: list[Json]) -> list[int]:
    async def one(body: Json) -> int:
        async with aiohttp.ClientSession() as client:
            url = desk.url + "/v1/operators"
            async with client.post(url, json=body) as response:
                return response.status

    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(one(body)) for body in bodies]
    return [task.result() for task in asked]


def _canonical(route: web.AbstractRoute) -> str:
    assert route.resource is not None
    return route.resource.canonical


def _plain(route: Route) -> str:
    return re.sub(r"{(\w+)(?::[^}]*)?}", r"{\1}", route.path)
