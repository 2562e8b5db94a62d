"""Debian's nginx and Caddy, unpacked beside the project, with what deploy/ says."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import pytest

from tests.house.tree import ROOT
from tests.real.conftest import CACHE
from tests.real.proxy.running import Started, started

Kind = Literal["nginx", "caddy"]
DEPLOY: Final = ROOT / "deploy"
PROGRAM: Final[dict[Kind, str]] = {"nginx": "usr/sbin/nginx", "caddy": "usr/bin/caddy"}
NAME: Final = "localhost"
"""In place of the name that the configurations show."""
SHOWN: Final = "fab.example.org"
LETS_ENCRYPT: Final = f"/etc/letsencrypt/live/{SHOWN}"
DOWNLOAD_S_MAX: Final = 180

NGINX: Final = """\
daemon off;
{user}
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {home}/client;
    proxy_temp_path {home}/kept;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    include {home}/fabnet.conf;
}}
"""
"""What Debian's own nginx.conf says around a site, as far as it matters."""


def program(kind: Kind) -> Path:
    """Return Debian's build of a proxy, which is not installed; or skip the test."""
    home = CACHE / "debian" / kind
    found = home / PROGRAM[kind]
    if not found.exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
            pytest.skip(f"{kind} comes from Debian, and there is no apt-get here")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        failed = _unpack(kind, home)
        if failed:
            pytest.skip(f"{kind} cannot be had from Debian: {failed}")
    tried = subprocess.run(
        (found, {"nginx": "-v", "caddy": "version"}[kind]),
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=DOWNLOAD_S_MAX, check=False,
    )  # fmt: skip
    if tried.returncode:
        pytest.skip(f"{kind} does not run here: {tried.stderr[-200:]}")
    return found


def _unpack(kind: Kind, home: Path) -> str:
    """Fetch and unpack a package; return why not, or nothing."""
    fetch = ("apt-get", "-qq", "download", kind)
    if _run(fetch, home):
        lock = ("-o", "DPkg::Lock::Timeout=120")
        _run(("apt-get", "-qq", *lock, "update"), home)
        failed = _run(fetch, home)
        if failed:
            return failed
    package = next(home.glob("*.deb"))
    failed = _run(("dpkg", "-x", str(package), str(home)), home)
    package.unlink()
    return failed


def _run(words: tuple[str, ...], cwd: Path) -> str:
    done = subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, timeout=DOWNLOAD_S_MAX,
        check=False,
    )  # fmt: skip
    return done.stderr.strip()[-300:] if done.returncode else ""


def written(kind: Kind, port: int, behind: int, home: Path) -> tuple[str, ...]:
    """Write a proxy's configuration as shipped, with other ports, name and paths.

    `home` holds `cert.pem` and `key.pem`; return the words that run it.
    """
    home.joinpath("kept").mkdir()
    made = {"nginx": _nginx, "caddy": _caddy}[kind](port, home)
    assert made.count("127.0.0.1:8101") == 1
    made = made.replace("127.0.0.1:8101", f"127.0.0.1:{behind}").replace(SHOWN, NAME)
    path = home / "fabnet.conf"
    path.write_text(made, "utf-8")
    exe = str(program(kind))
    if kind == "caddy":
        return exe, "run", "--config", str(path), "--adapter", "caddyfile"
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(NGINX.format(home=home, user=user), "utf-8")
    return exe, "-p", str(home), "-e", str(home / "error.log"), "-c", "nginx.conf"


def _nginx(port: int, home: Path) -> str:
    lines = (DEPLOY / "nginx.conf").read_text("utf-8").splitlines()
    made = "\n".join(line for line in lines if "listen [::]" not in line)
    assert made.count("listen 443 ") == 2
    made = made.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    made = made.replace(f"{LETS_ENCRYPT}/fullchain.pem", str(home / "cert.pem"))
    return made.replace(f"{LETS_ENCRYPT}/privkey.pem", str(home / "key.pem"))


def _caddy(port: int, home: Path) -> str:
    made = (DEPLOY / "Caddyfile").read_text("utf-8")
    assert made.count("\n{\n") == 1
    ours = "admin off\nauto_https disable_redirects"
    made = made.replace("\n{\n", f"\n{{\n{ours}\n")
    ours = f"tls {home / 'cert.pem'} {home / 'key.pem'}"
    assert made.count(f"\n{SHOWN} {{") == 1
    return made.replace(f"\n{SHOWN} {{", f"\n{SHOWN}:{port} {{\n{ours}")


@asynccontextmanager
async def gate(
    kind: Kind, port: int, behind: int, home: Path
) -> AsyncIterator[Started]:
    """Run a proxy at `port` of loopback, before what listens at `behind`."""
    words = written(kind, port, behind, home)
    env = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    async with started(words, home / "gate.log", env) as process:
        await process.listens(port)
        yield process


def kept(home: Path) -> list[Path]:
    """Return what a proxy wrote to disk of the answers that passed."""
    return [path for path in home.joinpath("kept").rglob("*") if path.is_file()]
