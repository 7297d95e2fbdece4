"""Writes the tables and pictures of docs/experiments.md from the folders that scripts/run_experiments.py left.

What stands between the tables is written by hand: what the numbers mean.

python scripts/run_in_environment.py python scripts/experiments_report.py FOLDER
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from experiments.page import replaced
from experiments.pictures import draw_all
from experiments.plan import plan
from experiments.results import read_results
from experiments.tables import QUESTIONS, as_markdown

log = logging.getLogger("experiments")

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> int:
    """Writes the page and the pictures; returns 1 if there is no result at all."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = _arguments().parse_args()
    results = read_results(options.folder, plan())
    if not results:
        log.error("%s: holds no run that is trained", options.folder)
        return 1
    options.images.mkdir(parents=True, exist_ok=True)
    pictures = draw_all(options.images, results)
    page = options.page.read_text(encoding="utf-8")
    for question in QUESTIONS:
        shown = [
            f"![{about}]({Path(os.path.relpath(path, options.page.parent)).as_posix()})"
            for about, path in pictures.get(question, [])
        ]
        page = replaced(page, question, "\n\n".join([as_markdown(question, results), *shown]))
    options.page.write_text(page, encoding="utf-8")
    log.info("%d of %d runs: %s, pictures in %s", len(results), len(plan()), options.page, options.images)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="the runs' --output")
    parser.add_argument("--page", metavar="F.md", type=Path, default=DOCS / "experiments.md")
    parser.add_argument("--images", metavar="FOLDER", type=Path, default=DOCS / "images")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
