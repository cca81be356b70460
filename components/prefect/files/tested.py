"""Refuses to start with a Prefect that the launchers beside this were not tested with: some of them replace parts of it."""

import importlib.metadata
import sys

import platformlog

VERSIONS = ("3.8.8",)
# Served so that it can be upgraded. Its recorder was seen to lose one state of 1,680, of a task run that was there, after the database had been away.
OLDER = ("3.7.8",)


def check():
    found = importlib.metadata.version("prefect")
    if found in OLDER:
        platformlog.say("prefect", f"Prefect {found} may lose the state of a task run while the database is away: upgrade it to {VERSIONS[0]}")
    elif found not in VERSIONS:
        sys.exit(
            f"This replaces parts of Prefect and was tested with {', '.join(VERSIONS)}, not with {found}: use an image with that version,"
            " or run the tests of the launchers with this one and, once they pass, add it to VERSIONS in tested.py."
        )
