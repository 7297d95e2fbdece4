"""What the package needs and what is installed of it, as a table: for an audit where no vulnerability database can be
reached. Where one can: `pip-audit -r requirements/runtime.txt`.

python3 scripts/run_in_environment.py python scripts/list_dependencies.py [FILE ...]
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"


def main(files: list[str]) -> int:
    """Print the table of some requirements files, by default those of the running node."""
    print("| package | asked for | installed | licence |\n|---|---|---|---|")
    for path in [Path(file) for file in files] or [REQUIREMENTS / "runtime.txt"]:
        for name, asked in requirements(path.read_text(encoding="utf-8")):
            print(f"| {name} | {asked or 'any'} | {' | '.join(installed(name))} |")
    return 0


def requirements(text: str) -> list[tuple[str, str]]:
    """Names and versions asked for, of the lines of a requirements file."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    matches = (re.match(r"([A-Za-z0-9._-]+)\s*(.*)", line) for line in lines if line)
    return [(match[1], match[2].strip()) for match in matches if match]


def installed(name: str) -> tuple[str, str]:
    """Installed version and licence, as the package's own metadata tell them."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return "no", "-"
    told = {key: about[key] for key in ("License-Expression", "License") if key in about}
    classified = [text.split("::")[-1].strip() for text in about.get_all("Classifier") or [] if "License ::" in text]
    licence = told.get("License-Expression") or ", ".join(classified) or told.get("License") or "-"
    return str(about["Version"]), licence.splitlines()[0][:60]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
