"""Many pictures read on a cluster: paths or Parquet in, Parquet out, by Ray Data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from exmachina.batch.items import ARCHIVES, Item, Source, find_items
from exmachina.batch.pool import prepare
from exmachina.batch.predictions import predict_prepared_items
from exmachina.batch.table import PREDICTIONS, load_pyarrow, parquet_schema, reader_name
from exmachina.classifier import TOGETHER, Classifier
from exmachina.cluster.connection import load_ray
from exmachina.cluster.portions import Portions, file_system, is_address
from exmachina.errors import InputError
from exmachina.images.archive import is_picture
from exmachina.images.files import MAX_BYTES
from exmachina.reading.pages import read_rows
from exmachina.reading.results import FIELDS
from exmachina.runs import check_writable

PATHS = 1024  # in a block, the least that is done anew when a machine dies
PAGES = 8  # in a block, where each is a page
BLOCKS = 64  # a core in a portion, about half a minute's work; the last portion begun is all that a kill costs
ROWS_PER_FILE = 65_536
NO_CORE = {"num_cpus": 0}  # of what only moves bytes: it must not wait for a core that the readers hold


@dataclass(frozen=True)
class Summary:
    """What was written: how many rows, and how many of them tell of a problem."""

    path: str
    rows: int
    problems: int


class Reader:
    """A classifier on one core of a cluster: blocks of paths or pictures in, blocks of predictions out."""

    columns = PREDICTIONS

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = copy(classifier)  # with all that it judges by
        self.classifier.threads = 1

    def __call__(self, block: Any) -> Iterator[Any]:
        """Rows, as `columns` has them, of an Arrow table of paths or of parts of Parquet."""
        if "group" not in block.column_names:
            yield self._table([_fetched(path) for path in block["path"].to_pylist()])
            return
        for part in block.to_pylist():
            for some in _rows(part["source"], part["file"], part["group"]):
                contents = zip(some["path"].to_pylist(), some["content"].to_pylist(), strict=True)
                yield self._table([Item(path, content or b"") for path, content in contents])

    def _table(self, items: list[Item]) -> Any:
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.read(items)]
        return load_pyarrow().Table.from_pylist(rows, schema=parquet_schema(self.columns))

    def read(self, items: list[Item]) -> Iterator[tuple[Any, ...]]:
        """A row a picture."""
        for one in predict_prepared_items(self.classifier, items, prepare(items)):
            *read, problem = one.row
            yield *read, problem or None


class PageReader(Reader):
    """The same for whole pages: a row a field."""

    columns = FIELDS

    def read(self, items: list[Item]) -> Iterator[tuple[Any, ...]]:
        """The rows of each page, or one that says why there are none."""
        for item in items:
            if item.problem:
                yield item.path, *(None,) * (len(FIELDS) - 2), item.problem
            else:
                yield from read_rows(item.path, item.content, self.classifier)


def predict_on_cluster(classifier: Classifier, sources: Iterable[Source], out: str, *, pages: bool = False) -> Summary:
    """Read every picture of `sources` and write a folder of Parquet files, on a cluster that one is connected to.

    Each holds one digit, or is one of the `pages` of which all digits are read, a row a field.

    A source is a file, folder, pattern or list that every machine sees under the same path, a folder by an address
    (`s3://…`), or Parquet with a column `path` and the pictures' bytes in `content`. What a dying machine was at is
    done anew, and whoever asks again for a table that was not finished goes on with it: a portion that is whole is not
    read again. Raises `InputError` for what cannot be read or written there.
    """
    library = load_ray()
    target = Path(out)
    if is_address(out):
        part = out
    else:
        if target.exists():
            raise InputError(f"'{out}' exists; delete it or name another table.")
        check_writable(target.parent)
        part = str(target.with_name(f".{target.name}.part").absolute())
    cores = max(1, int(library.cluster_resources().get("CPU", 1)))
    reader = PageReader if pages else Reader
    blocks = _blocks(list(sources), PAGES if pages else PATHS)
    first = next(blocks, None)  # what cannot be read is told before anything is written
    if first is None:
        raise InputError("There is nothing to read; name pictures, or Parquet that has rows.")
    blocks = chain([first], blocks)
    portions = Portions(part, reader_name(classifier), list(reader.columns), BLOCKS * cores)
    number = 0
    for number, some in enumerate(iter(lambda: list(islice(blocks, portions.blocks)), [])):
        prefix = portions.begin(number, some)
        if prefix is not None:
            _write(reader, classifier, some, cores, part, prefix)
            portions.close(number, some, prefix)
    portions.finish(number + 1)
    if not is_address(out):
        Path(part).replace(target)
    return _summary(out)


def _write(
    reader: type[Reader], classifier: Classifier, blocks: list[Any], cores: int, folder: str, prefix: str
) -> None:
    """Have some blocks read on all cores and written to files whose names begin with `prefix`."""
    library = load_ray()
    from ray import data as ray_data
    from ray.data.datasource import FilenameProvider

    context = ray_data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    predictions = ray_data.from_arrow_refs([library.put(block) for block in blocks]).map_batches(
        reader,
        fn_constructor_args=(classifier,),
        batch_size=PAGES if reader is PageReader else TOGETHER,
        batch_format="pyarrow",
        compute=ray_data.ActorPoolStrategy(min_size=1, max_size=cores, initial_size=cores),
        num_cpus=1,
    )
    predictions.write_parquet(
        folder,
        min_rows_per_file=ROWS_PER_FILE,
        filename_provider=FilenameProvider(dataset_uuid=prefix, file_format="parquet"),
        ray_remote_args=NO_CORE,
    )


def _blocks(sources: list[Source], count: int) -> Iterator[Any]:
    """What there is to read, some at a time, as Arrow tables: paths, or parts of Parquet that nobody has opened yet."""
    arrow = load_pyarrow()
    parquet = [str(source) for source in sources if str(source).rstrip("/").lower().endswith(".parquet")]
    if not parquet:
        paths = _paths(sources)
        while some := list(islice(paths, count)):
            yield arrow.table({"path": some})
    elif len(parquet) < len(sources):
        raise InputError("Parquet and pictures cannot be read in one go; run predict once for each.")
    for source in parquet:
        yield from _parts(source if is_address(source) else str(Path(source).absolute()))


def _parts(source: str) -> Iterator[Any]:
    """The row groups of a Parquet file or a folder of them. Ray's own reading would wait for cores the readers hold."""
    arrow = load_pyarrow()
    from pyarrow import dataset

    try:
        held = dataset.dataset(source, format="parquet")
    except (OSError, ValueError, arrow.ArrowException) as error:
        raise InputError(f"'{source}' cannot be read: {' '.join(str(error).split())}") from None
    if not {"path", "content"} <= set(held.schema.names):
        names = ", ".join(held.schema.names)
        raise InputError(f"Parquet needs the columns path and content (bytes); '{source}' has {names}.")
    for fragment in held.get_fragments():
        groups = [{"source": source, "file": fragment.path, "group": group.id} for group in fragment.row_groups]
        yield arrow.Table.from_pylist(groups)


def _rows(source: str, file: str, group: int) -> Iterator[Any]:
    """The rows of a row group, some at a time."""
    from pyarrow import parquet

    system, _ = file_system(source)
    with system.open_input_file(file) as opened:
        held = parquet.ParquetFile(opened)
        yield from held.iter_batches(TOGETHER, row_groups=[group], columns=["path", "content"])


def _paths(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        name = str(source)
        if name.lower().endswith(ARCHIVES):
            raise InputError(f"'{name}' is an archive, which a cluster cannot share; unpack it or write it as Parquet.")
        if is_address(name):
            yield from _listed(name)
        else:
            yield from (str(Path(item.path).absolute()) for item in find_items([source]))


def _listed(address: str) -> Iterator[str]:
    """The pictures below an address, by their addresses."""
    arrow = load_pyarrow()
    from pyarrow import fs

    try:
        system, folder = fs.FileSystem.from_uri(address)
        entries = system.get_file_info(fs.FileSelector(folder, recursive=True))
    except (OSError, ValueError, arrow.ArrowException) as error:
        raise InputError(f"'{address}' cannot be listed: {' '.join(str(error).split())}") from None
    inside = sorted(info.path.removeprefix(folder).lstrip("/") for info in entries if info.is_file)
    pictures = [name for name in inside if is_picture(name) and not any(map(_hidden, name.split("/")))]
    if not pictures:
        raise InputError(f"'{address}' holds no PNG or JPEG images; name a folder that does.")
    yield from (f"{address.rstrip('/')}/{name}" for name in pictures)


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _fetched(path: str) -> Item:
    """A picture, with its content where that comes from a distant file."""
    if not is_address(path):
        return Item(path)
    arrow = load_pyarrow()
    from pyarrow import fs

    try:
        system, place = fs.FileSystem.from_uri(path)
        with system.open_input_stream(place) as file:
            return Item(path, file.read(MAX_BYTES + 1))
    except (OSError, ValueError, arrow.ArrowException) as error:
        return Item(path, problem=f"'{path}' cannot be read: {' '.join(str(error).split())}")


def _summary(out: str) -> Summary:
    from pyarrow import dataset

    written = dataset.dataset(out, format="parquet")
    unread = written.count_rows(filter=~dataset.field("problem").is_null())
    return Summary(out, written.count_rows(), unread)
