"""What a stranger's IPFS client gets at the gateway: blocks and CARs, or a clear no."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from fabnet.content import cid as cids
from fabnet.content.car import read_car
from fabnet.content.cid import of_dag_pb, of_raw
from fabnet.content.dag import files_under
from fabnet.content.unixfs import CHUNK_BYTES
from fabnet.node.gateway.readers import OF_BLOCK_MAX
from tests.node.gateway.window import LONG, MIB, TREE, window, write

LONG_PATH = quote("peçes/long.bin")


@pytest.mark.asyncio
async def test_a_folder_comes_whole_in_one_car(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))

        reply = await at.get(f"/ipfs/{design.folder}?format=car")

        assert reply.status == 200
        file = io.BytesIO(reply.body)
        car = read_car(file)
        assert car.roots == (design.folder,)
        found = files_under(design.folder, car.fetcher(file))
        assert {it.path: b"".join(it.pieces) for it in found} == TREE


@pytest.mark.asyncio
async def test_every_block_of_a_design_comes_by_itself(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        whole = await at.get(f"/ipfs/{design.folder}?format=car")

        for cid in whole.cids:
            reply = await at.get(f"/ipfs/{cid}?format=raw")
            named = of_dag_pb if cids.codec(cid) == cids.DAG_PB else of_raw
            assert (reply.status, named(reply.body)) == (200, cid)
        manifest = await at.get(f"/ipfs/{design.cid}?format=raw")
        assert manifest.body == design.manifest


@pytest.mark.asyncio
async def test_a_block_says_all_that_a_cache_and_a_browser_need(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        await at.publish(write(tmp_path / "design", TREE))
        cid = of_raw(b"deep")
        path = f"/ipfs/{cid}?format=raw"

        got = await at.get(path)
        head = await at.get(path, "HEAD")

        assert (got.body, head.body) == (b"deep", b"")
        for reply in (got, head):
            said = reply.headers
            assert said["Content-Type"] == "application/vnd.ipld.raw"
            assert said["Content-Length"] == "4"
            assert said["Cache-Control"] == "public, max-age=29030400, immutable"
            assert said["ETag"] == f'"{cid}.raw"'
            assert said["Vary"] == "Accept"
            assert said["Content-Disposition"] == f'attachment; filename="{cid}.bin"'
            assert said["X-Content-Type-Options"] == "nosniff"
            assert said["X-Ipfs-Path"] == f"/ipfs/{cid}"
            assert said["X-Ipfs-Roots"] == cid
            assert said["Access-Control-Allow-Origin"] == "*"
            assert "Content-Location" not in said
        by_header = await at.get(f"/ipfs/{cid}", Accept="application/vnd.ipld.raw")
        assert by_header.headers["Content-Location"] == path
        for tag in (f'"{cid}.raw"', f'"x", W/"{cid}.raw"', "*"):
            again = await at.get(path, If_None_Match=tag)
            assert (again.status, again.body) == (304, b"")
        assert (await at.get(path, If_None_Match='"x"')).status == 200


@pytest.mark.asyncio
async def test_a_stretch_of_a_block_comes_as_http_has_it(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        await at.publish(write(tmp_path / "design", {"ten": b"0123456789"}))
        path = f"/ipfs/{of_raw(b'0123456789')}?format=raw"
        for wanted, status, body, told in (
            ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
            ("bytes=8-", 206, b"89", "bytes 8-9/10"),
            ("bytes=-3", 206, b"789", "bytes 7-9/10"),
            ("bytes=4-99", 206, b"456789", "bytes 4-9/10"),
            ("bytes=10-", 416, b"range", "bytes */10"),
            ("bytes=-0", 416, b"range", "bytes */10"),
            ("bytes=3-1", 200, b"0123456789", None),
            ("bytes=0-1,3-4", 200, b"0123456789", None),
            ("bytes=" + "9" * 30 + "-", 200, b"0123456789", None),
            ("lines=1-2", 200, b"0123456789", None),
        ):
            reply = await at.get(path, Range=wanted)
            found = (reply.status, reply.body, reply.headers.get("Content-Range"))
            assert found == (status, body, told), wanted
        stale = await at.get(path, Range="bytes=0-3", If_Range='"other"')
        assert (stale.status, len(stale.body)) == (200, 10)


@pytest.mark.asyncio
async def test_a_car_holds_the_way_down_and_what_the_scope_says(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        long = next(it.node for it in design.held if it.path == "peçes/long.bin")
        base = f"/ipfs/{design.folder}"
        inner = (await at.get(f"{base}/{quote('peçes')}?format=raw")).body
        way = [design.folder, of_dag_pb(inner), long.cid]

        async def of(query: str, path: str = LONG_PATH) -> list[str]:
            reply = await at.get(f"{base}/{path}?format=car&{query}")
            assert reply.status == 200, reply.body
            return [str(cid) for cid in reply.cids]

        assert await of("") == [*way, *long.leaves]
        assert await of("dag-scope=block") == way
        assert await of("dag-scope=entity") == [*way, *long.leaves]
        assert await of("dag-scope=entity", "") == [design.folder]
        assert await of("dag-scope=entity", quote("peçes")) == way[:2]
        for span, leaves in (
            ("0:*", long.leaves),
            ("0:0", long.leaves[:1]),
            (f"{CHUNK_BYTES - 1}:{CHUNK_BYTES}", long.leaves[:2]),
            (f"{CHUNK_BYTES}:{CHUNK_BYTES}", long.leaves[1:2]),
            ("-1:*", long.leaves[2:]),
            ("-99999999:0", long.leaves[:1]),
            (f"5:-{CHUNK_BYTES}", long.leaves[:2]),
            ("5:-99999999", ()),
            (f"{len(LONG) - 1}:99999999", long.leaves[2:]),
        ):
            assert await of(f"entity-bytes={span}") == [*way, *leaves], span
        assert await of("entity-bytes=0:5", "") == [design.folder]


@pytest.mark.asyncio
async def test_a_block_that_is_linked_twice_is_sent_once_or_as_often(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        path = f"/ipfs/{design.folder}?format=car"
        once, often = await at.get(path), await at.get(path + "&car-dups=y")

        one = cids.to_bytes(of_raw(b"a"))
        assert (once.body.count(one), often.body.count(one)) == (3, 4)
        assert once.headers["ETag"] != often.headers["ETag"]
        assert once.headers["Content-Type"].endswith("order=dfs; dups=n")
        assert often.headers["Content-Type"].endswith("order=dfs; dups=y")


@pytest.mark.asyncio
async def test_the_head_of_a_car_is_told_without_its_body(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        reply = await at.get(f"/ipfs/{design.folder}?format=car", "HEAD")

        assert (reply.status, reply.body) == (200, b"")
        assert reply.headers["Content-Type"].startswith("application/vnd.ipld.car; v")


@pytest.mark.asyncio
async def test_whoever_asks_if_anybody_is_here_is_answered(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        for method in ("GET", "HEAD"):
            reply = await at.get("/ipfs/bafkqaaa?format=raw", method)
            assert (reply.status, reply.body) == (200, b"")
        car = (await at.get("/ipfs/bafkqaaa?format=car")).car
        assert (car.roots, car.places) == ((), {})
        preflight = await at.get("/ipfs/bafkqaaa", "OPTIONS")
        assert preflight.status == 204
        assert "GET" in preflight.headers["Access-Control-Allow-Methods"]


RAW, CAR = "application/vnd.ipld.raw", "application/vnd.ipld.car"


@pytest.mark.asyncio
async def test_the_format_is_taken_from_the_address_before_the_header(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        await at.publish(write(tmp_path / "design", TREE))
        path = f"/ipfs/{of_raw(b'deep')}"
        for query, accept, status, told in (
            ("?format=raw", CAR, 200, RAW),
            ("", f"text/html, {CAR};q=0.5, {RAW};q=0.6", 200, RAW),
            ("", f"{RAW};q=0, {CAR}", 200, f"{CAR}; version=1; order=dfs; dups=n"),
            ("", f"{CAR}; dups=y; order=unk", 200, "dups=y"),
            ("?format=car&car-dups=n", f"{CAR}; dups=y", 200, "dups=n"),
            ("", "*/*", 400, "text/plain"),
            ("", "text/html", 406, "text/plain"),
            ("", f"{CAR}; version=2", 400, "text/plain"),
            ("?format=car&car-version=1", f"{CAR}; version=2", 200, CAR),
        ):
            reply = await at.get(path + query, Accept=accept)
            assert reply.status == status, (query, accept)
            assert told in reply.headers["Content-Type"], (query, accept)


BAD = (
    *("?format=tar", "?format=", "?format=RAW"),
    *("?format=car&dag-scope=some", "?format=car&car-order=bfs"),
    *("?format=car&car-dups=maybe", "?format=car&car-version=2"),
    *(f"?format=car&entity-bytes={it}" for it in ("", ":", "1", "a:b", "*:*", "5:3")),
    f"?format=car&entity-bytes={'9' * 40}:*",
    "?format=car&entity-bytes=0x1:2",
)


@pytest.mark.asyncio
async def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        for query in BAD:
            reply = await at.get(f"/ipfs/{of_raw(b'deep')}{query}")

            assert reply.status == 400, query
            assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.asyncio
async def test_an_answer_is_saved_under_the_name_that_was_asked_for(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        await at.publish(write(tmp_path / "design", TREE))
        cid = of_raw(b"deep")
        own = f'attachment; filename="{cid}.bin"'
        for name, told in (
            ("a.txt", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
            ("%22/", "attachment; filename=\"__\"; filename*=UTF-8''%22%2F"),
            ("a%0D%0AX-Evil:%201", own),
            ("a" * 201, own),
            ("", own),
        ):
            reply = await at.get(f"/ipfs/{cid}?format=raw&filename={name}")
            assert reply.headers["Content-Disposition"] == told
            assert "X-Evil" not in reply.headers


@pytest.mark.asyncio
async def test_what_is_not_here_is_told_apart_from_what_is_no_cid(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        root = design.folder
        for path, status in (
            (f"/ipfs/{of_raw(b'elsewhere')}", 404),
            (f"/ipfs/{root}/nothing", 404),
            (f"/ipfs/{root}/a.txt/below", 404),
            (f"/ipfs/{root}/a.txt/", 200),
            (f"/ipfs/{root}//a.txt", 200),
            ("/ipfs/bafyrmibaa37saf5u6ej7ty5izpmyh5ph25lmnpx2o5qosq4nwhqxsk22uy", 404),
            ("/ipfs/hello", 400),
            (f"/ipfs/{root[:-1]}", 400),
            (f"/ipfs/{root}/" + "a/" * 40, 400),
            (f"/ipfs/{of_raw(LONG)}", 404),
        ):
            for form in ("raw", "car"):
                reply = await at.get(f"{path}?format={form}")
                assert reply.status == status, path
        missing = f"/ipfs/{of_raw(b'elsewhere')}?format=raw"
        cached = await at.get(missing, Cache_Control="only-if-cached")
        assert cached.status == 412
        here = f"/ipfs/{root}?format=raw"
        assert (await at.get(here, Cache_Control="only-if-cached")).status == 200
        outside = f"/ipfs/{root}/{LONG_PATH}?format=car&entity-bytes={len(LONG)}:*"
        assert (await at.get(outside)).status == 400


@pytest.mark.asyncio
async def test_files_of_up_to_2_mib_are_blocks_by_their_own_name_too(
    tmp_path: Path,
) -> None:
    files = {"two": bytes(2 * MIB), "more": bytes(2 * MIB + 1)}
    async with window(tmp_path) as at:
        await at.publish(write(tmp_path / "design", files))

        whole = await at.get(f"/ipfs/{of_raw(files['two'])}?format=raw")
        assert (whole.status, whole.body) == (200, files["two"])
        more = await at.get(f"/ipfs/{of_raw(files['more'])}?format=raw")
        assert more.status == 404


@pytest.mark.asyncio
async def test_a_car_whose_child_is_missing_is_cut_off_and_never_ends_well(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        await at.blobs.drop(of_raw(b"deep"))

        with pytest.raises(aiohttp.ClientError):
            await at.get(f"/ipfs/{design.folder}?format=car")
        gone = await at.get(f"/ipfs/{of_raw(b'deep')}?format=raw")
        assert gone.status == 404


@pytest.mark.asyncio
async def test_a_reader_that_hangs_up_leaves_its_place_and_no_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = {f"{n}": bytes([n]) * (4 * MIB) + bytes(n) for n in range(4)}
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", files))
        path = f"/ipfs/{design.folder}?format=car&car-dups=y"
        for _ in range(OF_BLOCK_MAX + 1):
            async with at.session.get(at.url + path) as reply:
                await reply.content.readexactly(10)
                reply.close()

        assert (await at.get(path)).status == 200
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []


@pytest.mark.asyncio
async def test_a_byte_that_the_disk_changed_does_not_leave(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        path = at.blobs.path(of_raw(LONG))
        path.write_bytes(LONG[:-1] + b"?")
        long = next(it.node for it in design.held if it.path == "peçes/long.bin")

        sound = await at.get(f"/ipfs/{long.leaves[0]}?format=raw")
        assert (sound.status, sound.body) == (200, LONG[:MIB])
        assert (await at.get(f"/ipfs/{long.leaves[2]}?format=raw")).status == 500
        with pytest.raises(aiohttp.ClientError):
            await at.get(f"/ipfs/{long.cid}?format=car")


@pytest.mark.asyncio
async def test_without_a_grant_only_the_manifest_is_shown(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE), granted=False)

        manifest = await at.get(f"/ipfs/{design.cid}?format=raw")
        assert (manifest.status, manifest.body) == (200, design.manifest)
        for cid in (design.folder, of_raw(b"deep")):
            assert (await at.get(f"/ipfs/{cid}?format=raw")).status == 404


@pytest.mark.asyncio
async def test_a_design_is_served_once_its_last_file_is_here(tmp_path: Path) -> None:
    root = write(tmp_path / "design", TREE)
    async with window(tmp_path) as at:
        design = await at.publish(root, without=["peçes/long.bin"])
        path = f"/ipfs/{design.folder}?format=car"
        assert (await at.get(path)).status == 404

        await at.blobs.put_bytes(LONG)
        await at.index.catch_up()

        assert (await at.get(path)).status == 200


@pytest.mark.asyncio
async def test_one_file_of_two_designs_is_given_while_either_is_granted(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        files = {"shared": b"shared"}
        await at.publish(write(tmp_path / "one", files), granted=False)
        path = f"/ipfs/{of_raw(b'shared')}?format=raw"
        assert (await at.get(path)).status == 404

        await at.publish(write(tmp_path / "two", files | {"more": b"more"}))
        assert (await at.get(path)).status == 200
