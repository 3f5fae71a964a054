"""Pictures that a table names by address: fetched once, and then files beside the run.

``https`` is fetched by httpx, storage of clouds (``s3``, ``gs``, ...) by fsspec and the package
that knows it. What is not an address of these kinds, a local file among them, is never fetched.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential
from tqdm import tqdm

from fieldmarks.core.errors import DataError, brief, one_line
from fieldmarks.core.outputs import atomic_write, scratch_folder
from fieldmarks.precompute.data.readers.columns import Columns
from fieldmarks.precompute.data.readers.frame import SUFFIXES, read_frame
from fieldmarks.precompute.data.readers.table import table_in, texts
from fieldmarks.precompute.data.source import DataSource

#: Storage by the scheme of addresses, and the package that fsspec reads it with.
STORAGE = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
}
_WEB = ("https", "http")
#: Fetched at a time; bytes of a picture; addresses that may fail before any has come.
_PARALLEL, _MOST_BYTES, _MOST_FAILED = 16, 64 << 20, 20
_TIMEOUT, _TRIES = 60.0, 3


def scheme_of(value: str) -> str:
    """Return the scheme of an address that is fetched, empty for anything else.

    >>> scheme_of("s3://shop/1.jpg"), scheme_of("file:///etc/hosts"), scheme_of("a/1.jpg")
    ('s3', '', '')
    """
    scheme = value.partition("://")[0].lower() if "://" in value else ""
    return scheme if scheme in STORAGE or scheme in _WEB else ""


def with_fetched(source: DataSource, folder: Path) -> DataSource:
    """Return a source with files in place of addresses, where its table holds such.

    Parameters
    ----------
    source : DataSource
    folder : Path
        Where pictures and the table are written; what is there is not fetched again.

    Raises
    ------
    DataError
        If a package is missing, the first pictures cannot be fetched, or ``folder`` is another's.
    """
    path = table_in(source.data) if source.data.is_dir() else source.data
    if path is None or source.format not in (None, "table") or path.suffix.lower() not in SUFFIXES:
        return source
    frame = read_frame(path)
    if not any(isinstance(v, str) and scheme_of(v) for v in frame.iloc[:1].to_numpy().ravel()):
        return source
    columns = Columns.of(frame, source)
    values = texts(frame[columns.file_name])
    if not any(map(scheme_of, values)):
        return source
    scratch_folder(folder)
    _fetch(list(dict.fromkeys(filter(scheme_of, values))), folder)
    names = [_name(value) if scheme_of(value) else value for value in values]
    frame = frame.assign(**{columns.file_name: names})
    table = folder / "metadata.jsonl"
    lines = frame.to_json(orient="records", lines=True, force_ascii=False, default_handler=str)
    with atomic_write(table) as file:
        file.write((lines or "").encode())
    given = {"label": columns.label, "file_name": columns.file_name}
    return replace(source, data=table, images=folder, format=None, **given)


def _name(address: str) -> str:
    """Return the file of an address: a digest, so that no name of elsewhere is one of here."""
    suffix = PurePosixPath(urlsplit(address).path).suffix.lower()
    suffix = suffix if suffix[1:].isalnum() and len(suffix) < 6 else ""
    return f"fetched/{hashlib.sha256(address.encode()).hexdigest()[:24]}{suffix or '.picture'}"


def _fetch(addresses: list[str], folder: Path) -> None:
    todo = [each for each in addresses if not (folder / _name(each)).is_file()]
    if not todo:
        return
    places = Counter(f"{scheme_of(each)}://{urlsplit(each).netloc}" for each in todo)
    print(f"note: {len(todo):,} pictures are fetched from {', '.join(list(places)[:3])}")
    (folder / "fetched").mkdir(exist_ok=True)
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        readers = {scheme: _reader(scheme, client) for scheme in {scheme_of(a) for a in todo}}
        failed, n_come = [], 0

        def one(address: str) -> str:
            try:
                content = readers[scheme_of(address)](address)
            except Exception as error:
                # each storage raises classes of its own
                return f"{brief(address)}: {one_line(error)}"
            with atomic_write(folder / _name(address)) as file:
                file.write(content)
            return ""

        with ThreadPoolExecutor(_PARALLEL, "fetch") as pool:
            for wrong in tqdm(pool.map(one, todo), "fetched", len(todo), unit=" images"):
                n_come += not wrong
                failed += [wrong] if wrong else []
                if not n_come and len(failed) >= min(_MOST_FAILED, len(todo)):
                    pool.shutdown(cancel_futures=True)
                    raise DataError(f"no picture could be fetched, the first {failed[0]}")
    if failed:
        print(
            f"note: {len(failed):,} pictures could not be fetched, such as {failed[0]}; the same "
            "command tries them again"
        )


def _reader(scheme: str, client: httpx.Client) -> Callable[[str], bytes]:
    """Return what gives the bytes of an address."""
    if scheme in _WEB:
        again = retry(
            retry=retry_if_exception_type(httpx.TransportError),
            stop=stop_after_attempt(_TRIES),
            wait=wait_exponential(0.5),
            reraise=True,
        )
        return again(lambda address: _by_http(client, address))
    try:
        import fsspec

        storage = fsspec.filesystem(scheme)
    except ImportError as error:
        package = STORAGE[scheme]
        raise DataError(
            f"{scheme}:// is read by {package}, which is not installed ({one_line(error)}): pip "
            f"install {package}"
        ) from None

    def by_storage(address: str) -> bytes:
        if storage.size(address) > _MOST_BYTES:
            raise DataError(f"more than {_MOST_BYTES >> 20} MB")
        return storage.cat_file(address)

    return by_storage


def _by_http(client: httpx.Client, address: str) -> bytes:
    content = bytearray()
    with client.stream("GET", address) as response:
        if response.status_code != httpx.codes.OK:
            raise DataError(f"the server answers {response.status_code}")
        for part in response.iter_bytes():
            content += part
            if len(content) > _MOST_BYTES:
                raise DataError(f"more than {_MOST_BYTES >> 20} MB")
    return bytes(content)
