"""Prefect's API: python api.py ARGUMENTS of prefect.

It is Prefect's own command, but no event is lost on its way to Redis (publishing.py), and clients wait while the database is
away (maintenance.py).
"""

import tested

tested.check()

import prefect.server.api.server as server  # noqa: E402
import publishing  # noqa: E402
from maintenance import Maintenance  # noqa: E402
from prefect.cli import app  # noqa: E402

publishing.install_in_api()
create_app = server.create_app
server.create_app = lambda *args, **kwargs: Maintenance(create_app(*args, **kwargs))
app()
