"""The same reconciliation on Spark, for records that one machine is too small for."""

try:
    from callkit.spark.engine import bridge, infer_rating, reconcile
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("pyspark", "pyarrow"):
        raise
    raise ImportError("callkit.spark needs the extra: pip install 'callkit[spark]'") from None

__all__ = ["bridge", "infer_rating", "reconcile"]
