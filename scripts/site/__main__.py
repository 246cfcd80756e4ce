"""``python -m scripts.site``: gathers the pages, builds the site strictly and refuses what it would fetch elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.site.gather import gather
from scripts.site.outside import fetched

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Returns 1 if a link or an anchor leads nowhere, or if a page fetches something from another host."""
    gather(ROOT, ROOT / "build" / "pages")
    shutil.rmtree(ROOT / "site", ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stdout + done.stderr.partition("Traceback")[0]
        print(re.sub(r"\x1b\[[0-9;]*m", "", said), file=sys.stderr)
        return 1
    found = fetched(ROOT / "site")
    for line in found:
        print(line, file=sys.stderr)
    pages = sum(1 for _ in (ROOT / "site").rglob("*.html"))
    print(f"site/index.html and {pages - 1} more pages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
