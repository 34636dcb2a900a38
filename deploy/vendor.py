"""Copies the front-end files and the faces that package-lock.json pins out of node_modules, with licences and digests."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from shutil import copyfile

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
SCREENS = ROOT / "web" / "static" / "vendor"
BROWSER_TESTS = ROOT / "tests" / "browser"
FACES = ROOT / "workflow" / "documents" / "compiling" / "faces"

COPIED = {
    SCREENS / "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    SCREENS / "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    SCREENS / "htmx.min.js": "htmx.org/dist/htmx.min.js",
    SCREENS / "bpmn-navigated-viewer.min.js": "bpmn-js/dist/bpmn-navigated-viewer.production.min.js",
    SCREENS / "bpmn-js.css": "bpmn-js/dist/assets/bpmn-js.css",
    SCREENS / "diagram-js.css": "bpmn-js/dist/assets/diagram-js.css",
    BROWSER_TESTS / "axe.min.js": "axe-core/axe.min.js",
    BROWSER_TESTS / "axe.LICENSE": "axe-core/LICENSE",
    FACES / "NotoSerifSC-Regular.ttf": "@expo-google-fonts/noto-serif-sc/400Regular/NotoSerifSC_400Regular.ttf",
    FACES / "NotoSansSC-Regular.ttf": "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf",
    FACES / "NotoSansSC-Bold.ttf": "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf",
    FACES / "OFL.txt": "@expo-google-fonts/noto-serif-sc/LICENSE_FONT",
}
# Tabler's package says "MIT" without the text, and its script holds Bootstrap and Popper.
TABLER = ("The Tabler Authors and codecalm.net Paweł Kuna", "2018-2026")
BOOTSTRAP = ("The Bootstrap Authors", "2011-2026")
INSIDE_BPMN_JS = (
    *("bpmn-moddle", "clsx", "didi", "htm", "inherits-browser", "min-dash", "min-dom", "moddle", "moddle-xml"),
    *("object-refs", "path-intersection", "preact", "saxen", "tiny-svg"),
)
"""What its viewer is bundled from."""
MIT = """The MIT License (MIT)

Copyright (c) {years} {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
SYMBOL = (
    '<symbol id="tabler-{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
)


def sprite(names: list[str]) -> str:
    """One SVG with a symbol `tabler-NAME` for each icon, to be shown by `<svg><use href="icons.svg#tabler-NAME"/></svg>`.

    Raises SystemExit naming the icons that Tabler does not draw.
    """
    folder = MODULES / "@tabler" / "icons" / "icons" / "outline"
    unknown = [name for name in names if not (folder / f"{name}.svg").is_file()]
    if unknown:
        raise SystemExit(f"icons.txt names icons that Tabler does not draw: {', '.join(unknown)}")
    symbols = [SYMBOL.format(name=name, drawing=_drawing((folder / f"{name}.svg").read_text())) for name in names]
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""])


def licences() -> str:
    """The licence of everything in web/static/vendor, one after the other."""
    texts = {
        "tabler.min.css and tabler.min.js: " + _version("@tabler/core"): MIT.format(holder=TABLER[0], years=TABLER[1]),
        "inside tabler.min.css and tabler.min.js: Bootstrap": MIT.format(holder=BOOTSTRAP[0], years=BOOTSTRAP[1]),
        "inside tabler.min.js: " + _version("@popperjs/core"): (MODULES / "@popperjs/core/LICENSE.md").read_text(),
        "icons.svg: " + _version("@tabler/icons"): (MODULES / "@tabler/icons/LICENSE").read_text(),
        "htmx.min.js: " + _version("htmx.org"): (MODULES / "htmx.org/LICENSE").read_text(),
        "bpmn-js.css and bpmn-navigated-viewer.min.js: " + _version("bpmn-js"): (
            MODULES / "bpmn-js/LICENSE"
        ).read_text(),
        "diagram-js.css, and inside bpmn-navigated-viewer.min.js: " + _version("diagram-js"): (
            MODULES / "diagram-js/LICENSE"
        ).read_text(),
        **{f"inside bpmn-navigated-viewer.min.js: {_version(one)}": _licence(one) for one in INSIDE_BPMN_JS},
    }
    return "\n".join(f"{'=' * 80}\n{what}\n{'=' * 80}\n\n{text.strip()}\n" for what, text in texts.items())


def _licence(package: str) -> str:
    """The licence file of a package, whatever its name."""
    [file] = [one for one in (MODULES / package).iterdir() if one.name.upper().startswith("LICENSE")]
    return file.read_text()


def write_digests(folder: Path, names: list[str]) -> None:
    """Writes SHA256SUMS, as `sha256sum --check` reads it."""
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    (folder / "SHA256SUMS").write_text("".join(lines))


def main() -> None:
    """Renews web/static/vendor, the faces of compiled books, and tests/browser/axe.min.js."""
    FACES.mkdir(exist_ok=True)
    for target, source in COPIED.items():
        copyfile(MODULES / source, target)
    (SCREENS / "icons.svg").write_text(sprite((SCREENS / "icons.txt").read_text().split()))
    (SCREENS / "LICENSES.txt").write_text(licences(), encoding="utf-8")
    write_digests(SCREENS, [path.name for path in SCREENS.iterdir() if path.name != "SHA256SUMS"])
    for folder in (BROWSER_TESTS, FACES):
        write_digests(folder, [path.name for path in COPIED if path.parent == folder])


def _drawing(svg: str) -> str:
    """The shapes inside one icon, without the invisible square that only keeps its size."""
    inside = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", svg, flags=re.DOTALL)
    return re.sub(r'\s*<path stroke="none" d="M0 0h24v24H0z" fill="none" />\s*|\n\s*', "", inside)


def _version(package: str) -> str:
    return f"{package} {json.loads((MODULES / package / 'package.json').read_text())['version']}"


if __name__ == "__main__":
    main()
