"""Answers as Parquet, typed as in the edition. Apart from what writes text, for only this needs Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from pipelines.errors import Usage
from pipelines.questions.answers import Answer, errors_as_ours, one_sentence
from pipelines.questions.text import refuse_doubled


def write_parquet(answer: Answer, file: IO[bytes]) -> None:
    """Write an answer. Raises `Usage` for what Parquet has no type for."""
    refuse_doubled(answer.names, "Parquet")
    reader = answer.arrow_reader()
    try:
        with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
            for batch in _batches(reader):
                writer.write_batch(batch)
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise Usage(f"Parquet cannot hold that ({one_sentence(error)}): cast the column, e.g. name::varchar") from error


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    with errors_as_ours():
        try:
            yield from reader
        except (OSError, pa.ArrowException) as error:  # what DuckDB says reaches Arrow's reader as an error of its own
            raise Usage(one_sentence(error)) from error
