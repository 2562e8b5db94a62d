"""Commands as people type them; what needs running nodes is proven by the demo."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.charter import Charter, open_charter
from fabnet.cooperation.membership import Membership, open_membership
from fabnet.cooperation.policy import Policy, open_policy
from fabnet.designs.geometry.stl import read_stl
from fabnet.designs.okh.manifest import import_okh
from fabnet.errors import InputError
from fabnet.node.cli.exports.printing import _form_of, _plain
from fabnet.node.cli.main import COMMANDS, main, parser
from fabnet.node.clock import StillClock
from fabnet.node.config import load
from fabnet.node.demo.cities import CITIES
from fabnet.node.demo.design import Pull, scad, stl, write_design
from fabnet.node.demo.layout import lay_out
from fabnet.node.keyring import signing_key

Capture = pytest.CaptureFixture[str]
INIT = ("--name", "Jackson Works", "--latitude", "32.3", "--longitude", "-90.2")


def test_help_lists_every_command(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])

    told = capsys.readouterr().out
    assert left.value.code == 0
    words = "init run demo publish okh request accept count machines designs jobs story"
    for name in (
        *words.split(),
        "bom",
        "licence",
        "lineage",
        "diff",
        "credit",
        "operator",
        "token",
        "withdraw",
        "peers",
        "block",
        "unblock",
        "invite",
        "join",
        "bundle",
        "doubts",
        "attest",
        "write-off",
        "prune",
    ):
        assert f"\n    {name} " in told


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_explains_itself(name: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])

    assert left.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 4


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["run"], ["request"], ["accept", "job", "first"]]
)
def test_bad_usage_ends_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)

    assert left.value.code == 2


def test_a_node_that_does_not_answer_is_told_in_a_line(capsys: Capture) -> None:
    assert main(["jobs", "--api", "http://127.0.0.1:9"]) == 1

    told = capsys.readouterr().err
    assert told.startswith("fabnet jobs: http://127.0.0.1:9: no answer")
    assert told.count("\n") == 1


def test_url_and_token_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FABNET_API", "http://127.0.0.1:7")
    monkeypatch.setenv("FABNET_TOKEN", "secret")

    args = parser().parse_args(["accept", "job", "1"])

    assert (args.api, args.token) == ("http://127.0.0.1:7", "secret")


def test_a_due_time_without_its_offset_is_refused(capsys: Capture) -> None:
    words = "request --revision x --part y --pieces 1 --need other --for z"

    assert main([*words.split(), "--due", "2030-01-01T12:00"]) == 1

    assert "--due: expected a time with its offset" in capsys.readouterr().err


# ---------------------------------------------------------------- init, run


def test_what_init_writes_is_a_whole_node(tmp_path: Path, capsys: Capture) -> None:
    assert main(["init", str(tmp_path / "node"), *INIT]) == 0

    config = load(tmp_path / "node" / "config.toml")
    charter = open_charter(config.documents.charter.read_bytes(), previous=None)
    assert isinstance(charter, Charter)
    node = signing_key(config.node.data_dir / "node.pem", StillClock().token)
    assert charter.names_node(node.public.peer)
    assert config.documents.policy is not None
    assert isinstance(
        open_policy(config.documents.policy.read_bytes(), charter), Policy
    )
    assert node.public.peer in capsys.readouterr().out
    assert main(["run", "--check", str(tmp_path / "node" / "config.toml")]) == 0


def test_init_founds_where_a_configuration_says(tmp_path: Path) -> None:
    main(["init", str(tmp_path / "one"), *INIT])
    copied = tmp_path / "two.toml"
    copied.write_text((tmp_path / "one" / "config.toml").read_text())

    assert main(["init", "--config", str(copied)]) == 0

    assert (tmp_path / "charter.json").exists()
    assert (tmp_path / "data" / "node.pem").exists()


def test_init_never_founds_twice(tmp_path: Path, capsys: Capture) -> None:
    words = ["init", str(tmp_path / "node"), *INIT]
    assert main(words) == 0
    before = (tmp_path / "node" / "charter.json").read_bytes()

    assert main(words) == 1
    assert main(["init", "--config", str(tmp_path / "node" / "config.toml")]) == 1

    assert (tmp_path / "node" / "charter.json").read_bytes() == before
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--latitude", "91"], "facility.latitude"),
        (["--public", "nowhere"], "listen.public"),
        (["--address", "/ip4/1.2.3.4"], "listen.addresses[0]"),
        (["--time-zone", "Mars"], "time_zone"),
    ],
)
def test_init_writes_nothing_when_something_is_wrong(
    words: list[str], told: str, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["init", str(tmp_path / "node"), *INIT, *words]) == 1

    assert told in capsys.readouterr().err
    assert not (tmp_path / "node").exists()


def test_run_tells_of_wrong_opening_hours_before_it_starts(
    tmp_path: Path, capsys: Capture
) -> None:
    main(["init", str(tmp_path / "node"), *INIT])
    config = tmp_path / "node" / "config.toml"
    config.write_text(config.read_text().replace("09:00-18:00", "18:00-09:00"))

    assert main(["run", "--check", str(config)]) == 1

    assert "closes before it opens" in capsys.readouterr().err


# ---------------------------------------------------------------- demo


def test_the_design_is_closed_turned_outwards_and_too_long_for_a_small_bed() -> None:
    mesh = read_stl(stl(Pull()))

    assert mesh.closed
    assert 110_000 < max(mesh.size_um) < 150_000
    assert _signed_volume(Pull()) > 0
    assert _signed_volume(Pull()) == pytest.approx(mesh.volume_um3 / 1e9, rel=1e-4)


@given(
    st.builds(
        Pull,
        plate_mm=st.floats(40, 150),
        radius_mm=st.floats(25, 70),
        sweep_deg=st.floats(60, 200),
        wall_mm=st.floats(3, 12),
        height_mm=st.floats(8, 60),
    )
)
def test_whatever_its_measures_the_design_is_closed(pull: Pull) -> None:
    assert read_stl(stl(pull)).closed


def test_the_source_has_the_measures_of_the_mesh() -> None:
    source = scad(Pull(plate_mm=91.5))

    assert "plate = 91.5;" in source
    assert "SPDX-License-Identifier: CERN-OHL-S-2.0" in source


def test_the_manifest_is_read_without_a_remark(tmp_path: Path) -> None:
    assert import_okh(write_design(tmp_path).read_bytes()).report == ()


def test_three_cities_are_laid_out_and_vouched_for(tmp_path: Path) -> None:
    sites = lay_out(tmp_path, StillClock())

    assert [site.city for site in sites] == list(CITIES)
    for index, site in enumerate(sites):
        config = load(site.config)
        federation = open_charter(
            config.documents.federations[0].read_bytes(), previous=None
        )
        assert isinstance(federation, Charter)
        vouched = open_membership(
            config.documents.memberships[0].read_bytes(), federation
        )
        assert isinstance(vouched, Membership)
        assert vouched.member == site.charter
        assert config.trust.federations == (federation.id,)
        assert len(config.peers.dial) == index


def _signed_volume(pull: Pull) -> float:
    """Return the volume in mm³: above zero if the triangles face outwards."""
    total = 0.0
    for (ax, ay, az), (bx, by, bz), (cx, cy, cz) in pull.triangles():
        total += ax * (by * cz - bz * cy)
        total -= ay * (bx * cz - bz * cx)
        total += az * (bx * cy - by * cx)
    return total / 6


def test_the_form_of_a_print_is_asked_for_or_in_its_name() -> None:
    assert _form_of(None) == "pdf"
    assert _form_of(Path("a.SVG")) == "svg"
    with pytest.raises(InputError, match=r"\.pdf or \.svg"):
        _form_of(Path("a.png"))


def test_a_prints_name_stays_in_the_folder() -> None:
    assert _plain("../../etc/passwd") == "------etc-passwd"
