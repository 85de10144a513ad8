"""The programs that are measured and measured with: found, or installed by root, or named as missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# What the peers' README asks of Debian; program or file by which each is found.
PACKAGES = {
    "nginx": "nginx",
    "wrk": "wrk",
    "h2load": "nghttp2-client",
    "taskset": "util-linux",
}
MODULES = {
    "ngx_http_lua_module.so": "libnginx-mod-http-lua",
    "ngx_http_echo_module.so": "libnginx-mod-http-echo",
}
INSTALL_SECONDS = 300


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def install_missing(*, allowed: bool) -> None:
    """Install what lacks by apt-get, as root and where allowed; says what was done, and what lacks afterwards."""
    packages = [package for name, package in PACKAGES.items() if shutil.which(name) is None]
    if nginx_modules() is None:
        packages += MODULES.values()
    else:
        packages += [package for name, package in MODULES.items() if nginx_module(name) is None]
    if not packages:
        return
    wanted = " ".join(packages)
    apt = shutil.which("apt-get")
    if not allowed or os.geteuid() != 0 or apt is None:
        say(f"Not installed, and not allowed to install here: {wanted}.")
        return
    say(f"Installing {wanted} ...")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # 1: no service is started
    for command in ([apt, "update"], [apt, "install", "--yes", "--no-install-recommends", *packages]):
        result = _run(command, environment)
        if result.returncode != 0:
            say(f"`{' '.join(command)}` failed:\n{result.stdout[-1000:]}")


def nginx_modules() -> Path | None:
    """The folder of nginx's dynamic modules; None without an nginx."""
    nginx = shutil.which("nginx")
    if nginx is None:
        return None
    words = _run([nginx, "-V"], dict(os.environ)).stdout.split()
    return next((Path(word.partition("=")[2]) for word in words if word.startswith("--modules-path=")), None)


def nginx_module(name: str) -> Path | None:
    folder = nginx_modules()
    return folder / name if folder is not None and (folder / name).exists() else None


def npm_install(folder: Path) -> str:
    """Install what `package.json` there asks for; the reason why it could not, or nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is missing (Node 20 or newer)"
    result = _run([npm, "install", "--omit=dev", "--no-audit", "--no-fund"], dict(os.environ), cwd=folder)
    return "" if result.returncode == 0 else f"npm install failed:\n{result.stdout[-1000:]}"


def _run(
    command: list[str], environment: dict[str, str], cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, f"not done within {INSTALL_SECONDS} s", "")
