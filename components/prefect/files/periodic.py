"""Lets the periodic services go on soon after the process that had one in hand was killed.

The scheduler, the marking of late runs and the others are tasks in Redis that one process takes in hand at a time. Docket gives
a task to another process when nobody has renewed it for 5 minutes, so a kill at the wrong moment, most likely while the database
is slow, would leave new deployments unplanned for that long, and late runs unmarked. A living process renews what it has in
hand four times in the time given here, however long it takes for it. Whoever shares the queue must be given the same time: one
that renewed later would have its work taken away, and done twice.
"""

import datetime
import functools

from prefect.server.api import background_workers

ABANDONED = datetime.timedelta(seconds=20)


def install():
    background_workers.Worker = functools.partial(background_workers.Worker, redelivery_timeout=ABANDONED)
