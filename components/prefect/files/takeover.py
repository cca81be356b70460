"""Brings a database from elsewhere to the schema of this Prefect, at the socket of a server that waits for it; with a file of SQLite, copies all rows of it there."""

import asyncio
import pathlib
import shutil
import subprocess
import sys
import time

SHARED = pathlib.Path("/run/postgresql")
OWNER = f"postgresql+asyncpg://prefect_owner@/prefect?host={SHARED}"
SUPERUSER = f"postgresql+asyncpg://postgres@/prefect?host={SHARED}"
BATCH = 500  # rows


def upgrade(url):
    """Runs in a process of its own, as settings are read once."""
    ran = subprocess.run(
        ["prefect", "server", "database", "upgrade", "-y"],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "PREFECT_HOME": "/tmp/prefect", "PREFECT_API_DATABASE_CONNECTION_URL": url},
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        sys.exit("\n".join((ran.stdout + ran.stderr).splitlines()[-30:]))


async def copy(file):
    import sqlalchemy as sa
    from prefect.server.database.orm_models import Base
    from sqlalchemy.ext.asyncio import create_async_engine

    source, target = create_async_engine(f"sqlite+aiosqlite:///{file}"), create_async_engine(SUPERUSER)
    async with source.connect() as old, target.begin() as new:
        await new.execute(sa.text("SET session_replication_role = replica"))  # rows refer to each other in circles
        for table in Base.metadata.tables.values():
            await new.execute(table.delete())  # what migrations put there, the file has too
        for table in Base.metadata.tables.values():
            columns = [column for column in table.columns if column.computed is None]
            rows = 0
            async with old.stream(sa.select(*columns)) as found:
                async for batch in found.mappings().partitions(BATCH):
                    await new.execute(sa.insert(table), [dict(row) for row in batch])
                    rows += len(batch)
            there = (await new.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            if there != rows:
                sys.exit(f"{table.name}: {rows} rows were read and {there} are there")
            if rows:
                print(f"{table.name}: {rows} rows")


def main():
    while not (SHARED / "ready").exists():
        if (SHARED / "failed").exists():
            sys.exit()
        time.sleep(0.2)
    upgrade(OWNER)
    if len(sys.argv) > 1:
        file = "/tmp/from.db"
        for end in ("", "-wal"):  # what is not in the file yet is beside it
            if pathlib.Path(sys.argv[1] + end).exists():
                shutil.copyfile(sys.argv[1] + end, file + end)
        upgrade(f"sqlite+aiosqlite:///{file}")
        asyncio.run(copy(file))
    (SHARED / "done").touch()


try:
    main()
finally:
    if not (SHARED / "done").exists():
        (SHARED / "failed").touch()
