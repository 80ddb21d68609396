"""Chinese glyphs: the weights that documents need, and a fontconfig for browsers on machines that have none."""

from __future__ import annotations

import shutil
from pathlib import Path

from config.launcher.console import step
from config.launcher.node import fetch_package, locked_package
from config.launcher.system import Stamp, digest_of, locked, write_atomically

WEIGHTS = ("400Regular", "500Medium", "700Bold")
_PACKAGE = Path("@expo-google-fonts") / "noto-sans-sc"

_FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


def font_dir(var: Path) -> Path:
    """Where the font files lie."""
    return var / "fonts"


def ensure_fonts(var: Path) -> Path:
    """Fetch the fonts once and return their folder."""
    fonts, stamp = font_dir(var), Stamp(var / "stamps" / "fonts")
    wanted = digest_of(locked_package("fonts"), *WEIGHTS)
    with locked(var / "stamps" / "fonts.lock"):
        if stamp.current(wanted) and fonts.is_dir():
            return fonts
        with step("Fetching the Chinese font"):
            scratch = var / "npm" / "fonts"
            package = fetch_package("fonts", scratch, log=var / "log" / "build.log") / _PACKAGE
            fonts.mkdir(parents=True, exist_ok=True)
            for weight in WEIGHTS:
                for source in (package / weight).glob("*.ttf"):
                    shutil.copyfile(source, fonts / source.name)
            shutil.copyfile(package / "LICENSE_FONT", fonts / "LICENSE")
            shutil.rmtree(scratch)
        stamp.set(wanted)
    return fonts


def fontconfig(var: Path) -> Path:
    """Return a fontconfig file that adds our fonts to those of the system."""
    path = var / "fontconfig" / "fonts.conf"
    cache = path.parent / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    write_atomically(path, _FONTCONFIG.format(fonts=font_dir(var), cache=cache), mode=0o644)
    return path
