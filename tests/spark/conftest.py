"""A local Spark whose session shows times in a zone that is not UTC, and not even a whole number of hours from it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FILES = 5


@pytest.fixture(scope="session")
def spark(java: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Four tasks at a time, and four partitions behind every shuffle."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - with the Java that it needs

    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # a minute is too short for more
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.artifact.isolation.enabled": "false",  # or it leaves a folder where it is started
        "spark.sql.codegen.wholeStage": "false",  # compiling takes longer than these few rows
        "spark.sql.session.timeZone": "Asia/Kathmandu",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # PySpark says so of pandas 3, which it uses nowhere here.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        patch.setenv("JAVA_HOME", str(Path(java).resolve().parents[1]))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("POLARS_MAX_THREADS", "1")
        builder = SparkSession.builder.master("local[4]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.fixture
def shuffled(spark: SparkSession, tmp_path: Path) -> Callable[[pl.DataFrame], DataFrame]:
    """Write a frame to several Parquet files, its rows in another order, and read them with Spark."""

    def read(frame: pl.DataFrame) -> DataFrame:
        folder = tmp_path / f"cdrs-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        rows = frame.sample(fraction=1, shuffle=True, seed=4)
        size = -(-rows.height // FILES) or 1
        for at in range(FILES):
            rows[at * size : (at + 1) * size].write_parquet(folder / f"{at}.parquet")
        return spark.read.parquet(str(folder)).repartition(FILES)

    return read
