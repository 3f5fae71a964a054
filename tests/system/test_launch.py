"""The dashboard beside a notebook."""

from urllib.error import URLError
from urllib.request import urlopen

import pytest

import fieldmarks as fm
from fieldmarks.core.errors import MissingRunError

pytestmark = pytest.mark.slow


def test_a_run_is_served_until_it_is_stopped(run, capsys):
    dashboard = fm.launch(run)
    try:
        assert dashboard.url in capsys.readouterr().out
        assert dashboard.url.endswith(f"/?run={run.name}")
        with urlopen(dashboard.url, timeout=10) as answer:
            assert answer.status == 200
        frame = dashboard._repr_html_()
        assert f'<iframe src="{dashboard.url}&embed=true"' in frame
    finally:
        dashboard.stop()
    with pytest.raises(URLError):
        urlopen(dashboard.url, timeout=2)


def test_a_run_that_is_not_there_is_not_served(tmp_path):
    with pytest.raises(MissingRunError, match="there is no run 'nowhere'"):
        fm.launch("nowhere", runs=tmp_path)
