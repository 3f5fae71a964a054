import numpy as np
import pandas as pd
import pytest

from fieldmarks.precompute.demo_world.planting.ground_truth import Truth
from fieldmarks.precompute.pipeline.stages.painted_truth import write_painted_truth
from tests.support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.slow


@pytest.fixture
def painted(tmp_path):
    """A run over a world in which two pictures have a place for an attribute."""
    run = write_synthetic_run(tmp_path / "runs")
    world = tmp_path / "world"
    images = pd.DataFrame({"path": run.images["path"][:3]}).set_index(np.array([10, 11, 12]))
    phrase = run.attributes.iloc[7]
    attributes = pd.DataFrame(
        {
            "image_id": [11, 12, 11],
            "adjective": [phrase["adjective"], phrase["adjective"], "checked"],
            "noun": [phrase["noun"], phrase["noun"], "beard"],
            "part": "",
            "col": [50.0, 5.0, 1.0],
            "row": [5.0, 95.0, 1.0],
            "visible": [1.0, 0.5, 1.0],
        }
    )
    Truth(images, attributes, images, images, {}).write(world)
    run.manifest["settings"] = {"source": {"data": str(world / "CUB_200_2011")}}
    return run


def test_places_of_a_painted_world_are_told_in_the_square_of_the_crop(painted):
    write_painted_truth(painted)
    table = painted.table("attribute_places")  # crops are 90 pixels from (5, 5)
    assert table[["x", "t", "visible"]].to_numpy().tolist() == [[1, 7, 1.0], [2, 7, 0.5]]
    np.testing.assert_allclose(table[["row", "col"]], [[0, 0.5], [1, 0]])


def test_a_run_over_photographs_gets_no_truth(run):
    write_painted_truth(run)
    assert "attribute_places" not in run.table_names
