"""What runs in the process of each flow run: Prefect's logging configuration loads it, the one thing of ours that Prefect loads there."""

import sys

import flowevents
import flowlog
import platformaddresses


def handler(**options):
    platformaddresses.install()
    try:
        flowevents.install()
    except Exception as error:  # a worker's image may have another Prefect; the flow runs all the same
        print(f"events of this run may be lost while the API is away, this Prefect is not known here: {error!r}", file=sys.stderr)
    return flowlog.FlowLogHandler(**options)
