"""Prefect's API: python api.py ARGUMENTS of prefect. It is Prefect's own command, but no event is lost on its way to Redis (publishing.py)."""

import tested

tested.check()

import publishing  # noqa: E402
from prefect.cli import app  # noqa: E402

publishing.install_in_api()
app()
