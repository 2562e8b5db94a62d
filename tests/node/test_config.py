"""Configuration and secrets: each error names the key and what was expected."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import tomli_w

from fabnet.errors import InputError
from fabnet.node.clock import StillClock
from fabnet.node.config import Config, load, parse
from fabnet.node.keyring import Keyring, write_secret

DEPLOY = Path(__file__).parents[2] / "deploy"
HERE = Path("/srv/fabnet")
PEER = "12D3KooWM6sVg1RHbWAhwkVgjTXbbunvEjv9uTFWC7cbC6hHiKBW"

SMALL = """
[node]
name = "Jackson"
data_dir = "data"

[documents]
charter = "charter.json"

[facility]
id = "workshop"
name = "Workshop"
latitude = 32.2988
longitude = -90.1848

[[machine]]
id = "printer-1"
name = "Printer"
driver = "simulated"
process = "3d-printing.fdm"
size_mm = [250, 210.5, 220]
"""


def read(text: str = SMALL) -> Config:
    return parse(text.encode(), HERE)


def changed(table: str, **keys: object) -> str:
    """Return the small file with some keys of one table changed."""
    given = tomllib.loads(SMALL)
    place = given["machine"][0] if table == "machine" else given.setdefault(table, {})
    place.update(keys)
    return tomli_w.dumps(given)


def test_what_is_left_out_has_its_default() -> None:
    config = read()

    assert config.listen.operator == ("127.0.0.1", 8102)
    assert config.peers.dial == ()
    assert not config.peers.allow_private
    assert config.machines[0].state == "idle"
    assert config.facility.opening_hours == "; ".join(config.facility.hours)


def test_relative_paths_count_from_the_file_and_absolute_ones_do_not(
    tmp_path: Path,
) -> None:
    absolute = changed("documents", policy=str(tmp_path / "policy.json"))

    config = read(absolute)

    assert config.node.data_dir == HERE / "data"
    assert config.documents.charter == HERE / "charter.json"
    assert config.documents.policy == tmp_path / "policy.json"


def test_sizes_may_be_whole_or_fractions() -> None:
    assert read().machines[0].size_mm == (250.0, 210.5, 220.0)


def test_an_ipv6_host_stands_in_brackets() -> None:
    config = read(changed("listen", public="[::1]:8101"))

    assert config.listen.public == ("::1", 8101)


WRONG = [
    ("node", {"nme": "x"}, "node.nme", "nearest is name"),
    ("listen", {"publik": "x"}, "listen.publik", "nearest is public"),
    ("machine", {"material": []}, "machine[0].material", "nearest is materials"),
    ("node", {"name": ""}, "node.name", "1 to 120 letters"),
    ("node", {"name": 3}, "node.name", "got '3'"),
    ("node", {"log_level": "LOUD"}, "node.log_level", "one of DEBUG"),
    ("listen", {"public": "8101"}, "listen.public", "a host and a port"),
    ("listen", {"public": "here:0"}, "listen.public", "a host and a port"),
    ("listen", {"operator": "here:65536"}, "listen.operator", "a host and a port"),
    ("listen", {"addresses": ["/ip4/no"]}, "listen.addresses[0]", "ip4"),
    (
        "listen",
        {"addresses": [f"/dns4/a.org/tcp/1/http/p2p/{PEER}"]},
        "listen.addresses[0]",
        "without /p2p",
    ),
    ("peers", {"dial": ["/dns4/a.org/tcp/1/http"]}, "peers.dial[0]", "with /p2p/ID"),
    ("peers", {"allow_private": "yes"}, "peers.allow_private", "true or false"),
    ("trust", {"federations": ["abc"]}, "trust.federations", "charter ids"),
    ("documents", {"memberships": "a"}, "documents.memberships", "a list of files"),
    ("facility", {"latitude": 90.5}, "facility.latitude", "-90 to 90"),
    ("facility", {"longitude": "W"}, "facility.longitude", "decimal degrees"),
    ("facility", {"id": "The Shop"}, "facility.id", "a short name"),
    ("facility", {"hours": []}, "facility.hours", "a list of lines"),
    ("facility", {"grid_g_per_kwh": 0.4}, "facility.grid_g_per_kwh", "grams"),
    ("machine", {"driver": "robot"}, "machine[0].driver", "simulated, manual"),
    ("machine", {"state": "busy"}, "machine[0].state", "idle, offline, drained"),
    ("machine", {"size_mm": [1, 2]}, "machine[0].size_mm", "three numbers"),
    ("machine", {"size_mm": [1, 2, -3]}, "machine[0].size_mm", "three numbers"),
    ("machine", {"tolerance_mm": 0}, "machine[0].tolerance_mm", "more than 0"),
    ("machine", {"materials": ["PLA"]}, "machine[0].materials", "words such as"),
    ("machine", {"pace_permille": 1}, "machine[0].pace_permille", "50 to 20000"),
    ("machine", {"time_factor": 0}, "machine[0].time_factor", "1 to 1000000"),
    ("machine", {"power_w": -1}, "machine[0].power_w", "0 or more"),
    ("machine", {"ttl_s": 1}, "machine[0].ttl_s", "two weeks"),
    ("machine", {"driver_class": "B"}, "machine[0].driver_class", "a file in `memory`"),
    ("machine", {"memory": "a.json"}, "machine[0].memory", "driver_class A or B"),
    (
        "machine",
        {"driver": "manual", "driver_class": "A", "memory": "a.json"},
        "machine[0].driver_class",
        "expected C of a manual machine",
    ),
]


@pytest.mark.parametrize(("table", "keys", "field", "expected"), WRONG)
def test_a_wrong_value_is_told_by_its_key_and_what_was_expected(
    table: str, keys: dict[str, object], field: str, expected: str
) -> None:
    with pytest.raises(InputError) as told:
        read(changed(table, **keys))

    assert told.value.field == field
    assert expected in told.value.expected


def test_a_missing_key_is_told_with_what_belongs_there() -> None:
    with pytest.raises(InputError, match=r"documents\.charter: is missing.*a file"):
        read(SMALL.replace('charter = "charter.json"', ""))


def test_an_unknown_table_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"machines: no such key.*nearest is machine"):
        read(SMALL.replace("[[machine]]", "[[machines]]"))


def test_two_machines_cannot_have_one_id() -> None:
    machine = SMALL[SMALL.index("[[machine]]") :]

    with pytest.raises(InputError, match=r"machine\[1\]\.id.*twice"):
        read(SMALL + machine)


def test_a_file_that_is_no_toml_or_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not TOML"):
        read("[node")
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    "path",
    [DEPLOY / "fabnet.example.toml", *sorted((DEPLOY / "cities").glob("*.toml"))],
    ids=lambda path: path.name,
)
def test_the_files_we_deliver_are_right(path: Path) -> None:
    config = load(path)

    assert config.machines
    assert config.node.data_dir == Path("/var/lib/fabnet")


def test_the_example_names_every_key() -> None:
    given = tomllib.loads((DEPLOY / "fabnet.example.toml").read_text())
    config = load(DEPLOY / "fabnet.example.toml")

    for name, table in given.items():
        held = config.machines[0] if name == "machine" else getattr(config, name)
        written = table[0] if name == "machine" else table
        assert set(written) == set(held.__dataclass_fields__), name


# ---------------------------------------------------------------- keys


def test_a_keyring_that_was_made_is_found_again(tmp_path: Path) -> None:
    dice = StillClock().token
    made = Keyring.open(tmp_path, dice)

    found = Keyring.open(tmp_path, dice)

    assert found.node.public == made.node.public
    assert found.sealing.public == made.sealing.public
    assert found.person_secret == made.person_secret
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize("name", ["node.pem", "sealing.key", "person.key"])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, name: str) -> None:
    Keyring.open(tmp_path, StillClock().token)
    (tmp_path / name).chmod(0o640)

    with pytest.raises(InputError, match=f"{name}: others may read it"):
        Keyring.open(tmp_path, StillClock().token)


def test_a_secret_of_another_length_is_refused(tmp_path: Path) -> None:
    write_secret(tmp_path / "person.key", b"short")

    with pytest.raises(InputError, match="expected 32 bytes, got 5"):
        Keyring.open(tmp_path, StillClock().token)
