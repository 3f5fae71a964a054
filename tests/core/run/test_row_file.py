"""An array on disk that several threads write, row by row."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fieldmarks.core.run.row_file import RowFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "arrays" / "maps.npy"


def test_what_is_not_written_is_zero(path):
    rows = RowFile.create(path, (4, 2, 3), "float16")
    rows.write(1, np.ones((2, 2, 3)))
    rows.close()
    array = np.load(path)
    assert array.dtype == np.float16
    assert array[:, 0, 0].tolist() == [0, 1, 1, 0]


def test_threads_write_at_once(path):
    values = np.random.default_rng(0).random((64, 50)).astype(np.float32)
    rows = RowFile.create(path, values.shape, "float32")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda start: rows.write(start, values[start : start + 4]), range(0, 64, 4)))
    rows.sync()
    rows.close()
    np.testing.assert_array_equal(np.load(path), values)


def test_another_process_goes_on_where_one_stopped(path):
    RowFile.create(path, (2, 3), "int32").close()
    again = RowFile(path)
    again.write(1, np.array([[7.0, 8.0, 9.0]]))  # cast to the type of the file
    again.close()
    assert np.load(path).tolist() == [[0, 0, 0], [7, 8, 9]]


@pytest.mark.parametrize(
    ("start", "shape"), [(3, (2, 2)), (0, (5, 2)), (0, (1, 3)), (0, (1, 2, 2)), (4, (1, 2))]
)
def test_rows_that_do_not_fit_are_refused(path, start, shape):
    rows = RowFile.create(path, (4, 2), "float32")
    with pytest.raises(ValueError, match="does not fit"):
        rows.write(start, np.ones(shape))
    rows.close()
    assert (np.load(path) == 0).all()


def test_no_rows_are_no_work(path):
    rows = RowFile.create(path, (4, 2), "float32")
    rows.write(4, np.empty((0, 2)))
    rows.close()
    assert np.load(path).shape == (4, 2)
