"""Refuses to start with a Prefect that the launchers beside this were not tested with: some of them replace parts of it."""

import importlib.metadata
import sys

VERSIONS = ("3.8.8",)


def check():
    found = importlib.metadata.version("prefect")
    if found not in VERSIONS:
        sys.exit(
            f"This replaces parts of Prefect and was tested with {', '.join(VERSIONS)}, not with {found}: use an image with that version,"
            " or run the tests of the launchers with this one and, once they pass, add it to VERSIONS in tested.py."
        )
