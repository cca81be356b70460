"""Prefect's API: python api.py ARGUMENTS of prefect.

It is Prefect's own command, but no event is lost on its way to Redis (publishing.py), and clients wait while the database is
away (maintenance.py).
"""

import platformlog
import tested

tested.check()
platformlog.install()

import prefect.cli._server_utils as server_utils  # noqa: E402
import prefect.server.api.server as server  # noqa: E402
import periodic  # noqa: E402
import publishing  # noqa: E402
from maintenance import Maintenance  # noqa: E402
from prefect.cli import app  # noqa: E402

publishing.install_in_api()
periodic.install()
server_utils.generate_welcome_blurb = lambda *_, **__: ""  # a banner, with an address at which nobody reaches this
create_app = server.create_app
server.create_app = lambda *args, **kwargs: Maintenance(create_app(*args, **kwargs))
app()
