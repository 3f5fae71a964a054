import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.readers.cub import read_cub
from tests.support.cub_folder import PATHS, write_cub


@pytest.fixture
def cub(tmp_path):
    return write_cub(tmp_path / "CUB_200_2011")


def test_images_keep_their_order_label_split_and_box(cub):
    dataset = read_cub(cub)
    images = dataset.images
    assert images["path"].tolist() == list(PATHS.values())
    assert images["true_c"].tolist() == [0, 1, 0, 1]
    assert images["is_train"].tolist() == [True, True, False, False]
    assert dataset.bbox(0) == (10, 5, 30, 20)
    assert dataset.path(1).is_file()
    assert (images["problem"] == "").all()
    assert dataset.problems == []


def test_class_ids_need_not_be_contiguous_and_names_are_for_people(cub):
    dataset = read_cub(cub)
    assert dataset.class_ids == [3, 11]
    assert dataset.class_names == ["Red Finch", "Blue footed Jay"]


def test_parts_are_row_and_column_and_nan_where_not_visible(cub):
    dataset = read_cub(cub)
    assert dataset.part_names == ["back", "left eye"]
    np.testing.assert_array_equal(dataset.parts[:, 0], [[10, 20]] * 4)
    assert np.isnan(dataset.parts[:, 1]).all()


def test_windows_line_endings_read_the_same(cub, tmp_path):
    windows = write_cub(tmp_path / "windows", newline="\r\n")
    assert b"\r\n" in (windows / "images.txt").read_bytes()
    ours, theirs = read_cub(cub), read_cub(windows)
    assert ours.images.equals(theirs.images)
    np.testing.assert_array_equal(ours.parts, theirs.parts)


def test_a_missing_image_keeps_its_row_and_is_counted(cub):
    (cub / "images" / PATHS[5]).unlink()
    dataset = read_cub(cub)
    assert dataset.images["problem"].tolist() == ["", "unreadable: no such file", "", ""]
    assert dataset.problems == ["1 of 4 images are missing from the image folder"]


def test_an_image_without_a_box_keeps_its_row_and_is_counted(cub):
    (cub / "bounding_boxes.txt").write_text("2 10 5 30 20\n7 10 5 30 20\n9 10 5 30 20\n")
    dataset = read_cub(cub)
    assert np.isnan(dataset.bbox(1)).all()
    assert dataset.problems == ["1 images have no bounding box and are used whole"]


def test_without_part_locations_there_are_no_parts(cub):
    (cub / "parts" / "part_locs.txt").unlink()
    dataset = read_cub(cub)
    assert dataset.parts.shape == (4, 0, 2)
    assert dataset.problems == ["there are no part locations: grounding cannot be scored"]


def test_a_class_without_training_images_is_reported(cub):
    (cub / "train_test_split.txt").write_text("2 1\n5 0\n7 0\n9 0\n")
    assert read_cub(cub).problems == ["1 classes have no training image: 011.Blue_footed_Jay"]


def test_lines_of_images_left_out_are_ignored(cub):
    with (cub / "image_class_labels.txt").open("a") as file:
        file.write("999 3\n")
    assert read_cub(cub).images["true_c"].tolist() == [0, 1, 0, 1]


def test_part_locations_of_images_left_out_are_ignored(cub):
    with (cub / "parts" / "part_locs.txt").open("a") as file:
        file.write("999 1 5.0 5.0 1\n2 77 5.0 5.0 1\n")
    assert read_cub(cub).parts.shape == (4, 2, 2)


def test_a_parent_folder_is_told_which_folder_was_meant(cub):
    with pytest.raises(DataError, match=r"did you mean .*CUB_200_2011\?"):
        read_cub(cub.parent)


def test_a_wrong_folder_says_what_was_expected_and_found(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(DataError, match=r"expected images\.txt, .* it holds holiday\.jpg$"):
        read_cub(tmp_path)
    with pytest.raises(DataError, match="there is no such folder"):
        read_cub(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("images.txt", "2 a.jpg\nthree b.jpg\n", r"images\.txt, line 2: .*'three b\.jpg'"),
        ("images.txt", "2 a.jpg\n2 b.jpg\n", "id 2 occurs twice"),
        ("images.txt", "2 ../../secret.jpg\n", "lies outside the image folder"),
        ("images.txt", "2 /etc/passwd\n", "lies outside the image folder"),
        ("image_class_labels.txt", "2 3\n", "no line for 3 of 4 images, the first is image 5"),
        ("image_class_labels.txt", "2 3\n5 4\n7 3\n9 11\n", r"names class 4; classes\.txt does"),
        ("image_class_labels.txt", "2 3\n5 11\n2 11\n", r"labels\.txt, line 3: id 2 occurs twice"),
        ("image_class_labels.txt", f"2 {10**30}\n", r"labels\.txt, line 1: expected an id and its"),
        ("train_test_split.txt", "", "no line for 4 of 4 images"),
        ("bounding_boxes.txt", "2 1 2 3\n", r"bounding_boxes\.txt, line 1"),
        ("parts/part_locs.txt", "2 1 x y 1\n", r"part_locs\.txt: expected image, part, x, y"),
        ("parts/part_locs.txt", "2 1 5 1\n", r"part_locs\.txt: expected image, part, x, y"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(cub, name, text, message):
    (cub / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_cub(cub)
