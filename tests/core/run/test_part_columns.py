"""Keypoints of the part that an attribute names, by their column."""

from fieldmarks.core.run.part_columns import keypoint_columns


def test_columns_are_those_of_the_keypoints_of_the_part(run):
    columns, names = keypoint_columns(run), run.manifest["part_names"]
    assert columns.shape[0] == run.sizes["T"]
    for t, part in enumerate(run.attributes["part"]):
        expected = [name for name in run.part_keypoints.get(part, ()) if name in names]
        assert [names[column] for column in columns[t] if column >= 0] == expected


def test_a_noun_that_is_no_part_has_no_column(run, monkeypatch):
    monkeypatch.setitem(run.manifest, "part_keypoints", {})
    assert (keypoint_columns(run) == -1).all()
