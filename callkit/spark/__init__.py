"""The same reconciliation on Spark, for records that one machine is too small for.

    import callkit as ck

    cdrs = spark.read.parquet(folder)
    judged = ck.spark.reconcile(cdrs)
    wrong = judged.where("verdict = 'overcharged'")
    dearest = wrong.groupBy("destination", "currency").sum("cost_difference")
    bridge = ck.spark.bridge(cdrs, by="destination")

The arithmetic is the very one of `callkit.reconcile`: Spark hands its rows to Polars in Arrow batches, and what must be
known of all records first (the rating, doubles, attempt fees, exact copies) is counted by Spark. Row for row the answer
is that of `Reconciliation.cdrs`, and the bridge that of `Reconciliation.bridge`. There are no findings, claims or
reports here: for those, give `callkit.reconcile` a part that fits one machine.

When a laptop is enough
    Nearly always. `callkit.reconcile(pl.scan_parquet(...))` reads lazily and in bounded memory: README tells what tens
    of millions of records take on two cores. Spark is for hundreds of millions and more, or for records that lie
    in a cluster and must stay there. On one machine it is slower; `tests/benchmarks/spark.py` measures by how much.

What comes to the driver
    The distinct charges (equal source, currency, bill period, direction, rates, amounts and seconds, and the row of the
    deck) with their counts: some ten thousand for half a million calls, and growing ever more slowly, because durations
    and rates repeat. `spark.driver.maxResultSize` (1 GiB) limits them. The calls of two numbers that talk again within
    a minute come, too; usually they are few. `bridge(by=...)` multiplies the charges by the groups.

Memory and cores
    A Python worker holds 65,536 records at a time, some hundred megabytes; it lives outside of the executor's heap, so
    leave it room with `spark.executor.memoryOverhead` (512 MB for each core are plenty). Spark runs a worker for each
    core: set `spark.executorEnv.POLARS_MAX_THREADS` to 1, or every one of them starts a thread for each core.

Partitions
    No step needs the records in an order or in one place: take them as they lie, in files of 100 MB to 1 GB, a task for
    every 128 MB (`spark.sql.files.maxPartitionBytes`). Partitioned by source and month, as the archive is, a month is
    read alone. Many small files are slow anywhere: compact them first.

Reading several times
    `reconcile` reads the frame three or four times, few columns at a time, before it returns, and once more when its
    answer is used; Parquet and Delta files are good at that. What is computed, or not the same at every reading (a
    sample, a stream's batch), belongs into files or `cdrs.cache()` first.

Object stores
    Spark reads `s3a://`, `abfss://` and `gs://` by itself, with the cluster's own credentials; callkit needs none.
    Write answers to Delta, or with a committer that the store supports, since renaming is slow there.

An archive (`callkit.Archive`)
    Its records are a Delta table: `spark.read.format("delta").load(f"{archive.uri}/cdrs")` where the cluster has Delta.
    Where it has not, the archive names the files that are current. Either way, versions that have ended are left out:

    held = spark.read.option("basePath", f"{archive.uri}/cdrs").parquet(*archive.files())
    cdrs = held.where("seen_to is null").select(*callkit.cdr.SCHEMA)

Executors
    Each needs Python with the driver's version of callkit (`PYSPARK_PYTHON` names the interpreter), and Java 17 or 21.

Time zones
    Instants are instants: the session's zone is neither read nor changed. Columns of time without a zone are refused.
"""

try:
    from callkit.spark.engine import bridge, infer_rating, reconcile
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("pyspark", "pyarrow"):
        raise
    raise ImportError("callkit.spark needs the extra: pip install 'callkit[spark]'") from None

__all__ = ["bridge", "infer_rating", "reconcile"]
