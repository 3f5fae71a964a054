"""Saved groups: named sets of images beside the verdicts."""

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.review.saved_groups import SavedGroup, SavedGroups

PATHS = ("a.jpg", "b/ü.jpg")


@pytest.fixture
def groups(tmp_path):
    groups = SavedGroups(f"sqlite:///{tmp_path / 'verdicts.sqlite'}")
    yield groups
    groups.close()


def test_a_group_comes_back_as_it_was_and_data_sets_do_not_mix(groups):
    group = SavedGroup("birds", "in the snow", PATHS, "demo")
    groups.save(group)
    groups.save(SavedGroup("fungi", "in the snow", ("c.jpg",)))
    groups.save(SavedGroup("birds", "dark", ("a.jpg",)))
    assert groups.get("birds", "in the snow") == group
    assert groups.names("birds") == ["dark", "in the snow"]
    assert groups.get("birds", "gone") is None


def test_a_name_is_taken_once_until_it_is_deleted(groups):
    groups.save(SavedGroup("birds", "dark", PATHS))
    with pytest.raises(DataError, match="there is a group 'dark' already"):
        groups.save(SavedGroup("birds", "dark", ("c.jpg",)))
    groups.delete("birds", "dark")
    groups.save(SavedGroup("birds", "dark", ("c.jpg",)))
    assert groups.get("birds", "dark").paths == ("c.jpg",)


@pytest.mark.parametrize("name", ["", " ", " dark", "x" * 101, "a\nb", "a\0b", "\ud800"])
def test_what_cannot_be_a_name_is_refused(groups, name):
    with pytest.raises(DataError, match="the name of a group is 1 to 100 characters"):
        groups.save(SavedGroup("birds", name, PATHS))
    assert groups.names("birds") == []


def test_a_group_of_no_image_is_refused(groups):
    with pytest.raises(DataError, match="would hold no image"):
        groups.save(SavedGroup("birds", "empty", ()))


def test_a_group_of_very_many_images_can_be_saved(groups):
    paths = tuple(f"folder/image_{x:06d}.jpg" for x in range(100_000))
    groups.save(SavedGroup("birds", "all", paths))
    assert len(groups.get("birds", "all").paths) == 100_000
