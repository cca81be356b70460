"""Metrics of what only Prefect's tables tell: python sql_exporter.py --queries FILE --password-file FILE --host HOST --database NAME --user NAME --metrics PORT

Each scrape runs all queries in one transaction, so that the figures belong together, with the role's own limits of time and
rights. A query that fails fails the scrape: "up" says so, where part of the figures would look like all of them.
"""

import argparse
import asyncio
import json
import pathlib

import asyncpg
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily

PATIENCE = 9  # seconds for all of it; Prometheus waits for 10


class Tables:
    def __init__(self, queries, **connection):
        self.queries, self.connection = queries, connection

    def collect(self):
        for query, rows in asyncio.run(self.read()):
            gauge = GaugeMetricFamily(query["metric"], query["help"], labels=query["labels"])
            for row in rows:
                if row["value"] is not None:
                    gauge.add_metric([str(row[label]) for label in query["labels"]], float(row["value"]))
            yield gauge

    async def read(self):
        async with asyncio.timeout(PATIENCE):
            connection = await asyncpg.connect(**self.connection, server_settings={"application_name": "sql-exporter"})
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return [(query, await connection.fetch(query["sql"])) for query in self.queries]
            finally:
                connection.terminate()  # with a server that hangs, an orderly end would wait


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Expose what Prefect's tables tell.")
    parser.add_argument("--queries", required=True, type=pathlib.Path, metavar="FILE")
    parser.add_argument("--password-file", required=True, type=pathlib.Path, metavar="FILE")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--database", required=True, metavar="NAME")
    parser.add_argument("--user", required=True, metavar="NAME")
    parser.add_argument("--metrics", required=True, type=int, metavar="PORT")
    options = parser.parse_args()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        Tables(
            json.loads(options.queries.read_text()),
            host=options.host,
            port=options.port,
            database=options.database,
            user=options.user,
            password=options.password_file.read_text(),
        )
    )
    _, thread = start_http_server(options.metrics, registry=registry)
    thread.join()
