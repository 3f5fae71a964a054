"""What a hostile link, a foreign web page or a note full of markup does: nothing."""

import base64
import http.client
import os
from contextlib import closing
from urllib.parse import quote, urlsplit

import pytest

from fieldmarks.core.review.report import report_rows, write_report
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.dashboard.verdicts import database
from tests.support import browser
from tests.support.pages import MARKUP as MARKS
from tests.support.pages import read_as_markup, said, visit

pytestmark = pytest.mark.slow

#: Markdown, LaTeX, HTML, icons, colours, entities, bare links and bidirectional marks.
MARKUP = (
    "# big\n\n<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "\n\n![p](http://evil.example/p.png) [here](javascript:alert(1)) https://evil.example/a "
    "www.evil.example $\\frac{1}{0}$ $$x$$ :red[red] :material/home: :tada: `code` **bold**\n"
    "====\n| a | b |\n|--|--|\n| 1 | 2 |\n\n---\n&lt;b&gt; <b>b</b> \u202eabc {{ 7*7 }} {% x %}"
)
LINKS = {
    "a run outside the folder": "failures?run=../..",
    "a run of an absolute path": "failures?run=/etc",
    "a run of NUL": "failures?run=%00",
    "a run that is markup": f"failures?run={quote('**b**<script>')}",
    "a query of a megabyte": f"search?q={'a' * 1_000_000}",
    "thousands of terms": f"search?q={quote('yellow head, ' * 5_000)}",
    "thousands of negations": f"search?q={quote('not ' * 5_000)}",
    "a query of quotes": f"search?q={quote('true:' * 100 + chr(34) * 999)}",
    "a query that is markup": f"search?q={quote(MARKUP)}",
    "numbers of other scripts": f"failures?x={quote('٣')}&page={quote('²')}",
    "a huge number": f"failures?x={'9' * 5000}&page={'9' * 5000}",
    "numbers that are none": "filters?f=nan&page=-1&sure=1e999",
    "a what-if of junk": "failures?x=1&if=" + quote("f:99999,t:-1,;;" * 200),
    "a surrogate": "search?q=%ed%a0%80",
    "a run that is a link": f"failures?run={quote('[l](http://evil.example) **b** ')}",
    "an attribute that is markup": f"grounding?x=1&t={quote('[l](//evil.example) `c` $x$')}",
    "an image that is markup": f"failures?x={quote('[l](//evil.example)<script>')}",
    "a region of nothing": "map?region=",
    "a region of markup": f"map?region={quote('**b**<script>')}",
    "a region of too many corners": "map?region=" + ".".join(["1-1"] * 5_000),
    "a region of huge numbers": f"map?region={'9' * 400}-1.2-{'9' * 90}",
    "a region of one point": "failures?region=5-5",
    "a region without area": "map?region=5-5.5-5.5-5",
    "a colour that is none": f"map?colour={quote('`c`')}&c=99999&t={quote('**b**')}",
    "a saved group that is markup": f"failures?saved={quote('[l](//evil.example) $x$')}",
    "a tag that is markup": f"failures?tag={quote('**b**<script>')}",
    "a recipe of junk": "repair?labels=burn&hard=1e9&off=filter+-1,filter+٣&balance=%00",
    "a recipe of markup": f"repair?off={quote('**b**, [l](//evil.example)')}&background=$x$",
    "a filter of many zeros": "repair?off=filter+00000000000000000001",
    "a recipe of thousands": f"repair?off={quote('filter 1,' * 3_000)}",
    "a repair of an image that is none": "repair?labels=drop&x=999999",
    "a lesson of one class": "lesson?c=1&versus=1",
    "a lesson of no class": f"lesson?c=99999&versus={quote('`c`')}",
    "answers of junk": f"lesson?view=quiz&answers={quote('12x**b**' * 99)}&seed=-5",
    "more answers than pictures": f"lesson?view=quiz&answers={'12' * 250}&seed=99999",
    "a seed of digits": f"lesson?view=quiz&seed={'7' * 300}",
    "a comparison with the folder above": "compare?with=../..",
    "a comparison with itself": "compare?with=synthetic",
    "a comparison with markup": f"compare?with={quote('[l](//evil.example)**b**')}",
    "a picture that is none": "try?x=99999&across=9-1&down=-5-500&versus=x",
    "an attack that is none": f"attacks?x={quote('$x$')}&show=rain&level={'9' * 400}",
    "a corruption that is none": f"robustness?x={quote('$x$')}&show=rain&level=-1",
    "a sentence test of no image": f"experiments?x={quote('$x$')}",
    "a cell that is none": "failures?true=99999&predicted=-1&page=0",
    "a blind test of junk": f"blind_test?at={quote('<script>')}&seed=1e9",
    "a review of nothing": "failures?view=review&at=999999&pattern=none",
}


@pytest.fixture
def runs(run, tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path}/verdicts.sqlite")
    database.clear()
    yield run
    database.clear()


def test_a_hostile_link_opens_a_page_without_an_exception(runs):
    app = None
    for what, link in LINKS.items():
        app = visit(link, app)
        assert not app.exception, what
        assert not read_as_markup(app, [*MARKS, "[l]", "https://evil.example"]), what
        assert "root:" not in said(app), what


def test_a_note_of_markup_stands_as_text_on_every_page_that_shows_it(runs):
    path = str(runs.images["path"].iloc[1])
    verdict = Verdict("synthetic", path, note=MARKUP, tags=("<b>tag</b>",), author="**Ana**")
    database().save(verdict)
    app = visit("failures?x=1")
    assert not app.exception
    shown = [m.value for m in app.markdown if "owned" in m.value]
    assert shown
    for text in shown:
        assert not m_unescaped(text), text
    for page in ("patterns", "failures?note=yes"):
        app = visit(page, app)
        assert not app.exception


def m_unescaped(text: str) -> list[str]:
    """Return the characters with a meaning in Markdown that stand without a backslash."""
    rest = text.partition("“")[2]
    return [
        c for c, before in zip(rest, " " + rest, strict=False) if c in "<[`$" and before != "\\"
    ]


@pytest.mark.parametrize("suffix", ["html", "csv", "json"])
def test_a_report_holds_a_note_of_markup_as_text(runs, tmp_path, suffix):
    path = str(runs.images["path"].iloc[1])
    with closing(Verdicts(f"sqlite:///{tmp_path}/of_report.sqlite")) as verdicts:
        verdicts.save(Verdict("synthetic", path, note=MARKUP))
        table = report_rows(runs, [1], verdicts.latest("synthetic"))
    out = tmp_path / f"report.{suffix}"
    write_report(out, runs, table, "all")
    text = out.read_text("utf-8")
    assert "evil.example" in text
    if suffix == "html":
        assert "<script>" not in text
        assert "<img src=x" not in text
        assert "49" not in text.partition("{{")[2][:9]


@pytest.fixture(scope="module")
def server(run):
    with browser.serve(run.folder.parent) as started:
        yield urlsplit(started.url)


def handshake(server, origin: str | None, host: str | None = None) -> int:
    """Ask for the websocket of the app as a browser does; return the status of the answer."""
    connection = http.client.HTTPConnection(server.hostname, server.port, timeout=60)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    headers = {
        "Host": host or server.netloc,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Protocol": "streamlit",
        **({"Origin": origin} if origin else {}),
    }
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_page_of_another_site_gets_no_session(server):
    same_origin = f"http://{server.netloc}"
    assert handshake(server, same_origin) == 101
    assert handshake(server, "http://evil.example") == 403
    assert handshake(server, "null") == 403
    # a name that was pointed at this machine (DNS rebinding) stays a foreign one
    rebound = f"evil.example:{server.port}"
    assert handshake(server, f"http://{rebound}", host=rebound) == 403


def ask(server, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    """Ask the server once and return its answer, read to the end."""
    connection = http.client.HTTPConnection(server.hostname, server.port, timeout=60)
    body = {"body": FORM} if method == "PUT" else {}
    connection.request(method, path, **body, headers={"Content-Type": FORM_TYPE, **headers})
    with closing(connection), connection.getresponse() as answer:
        answer.read()
    return answer


UPLOAD = "/_stcore/upload_file/a-session/a-file"
FORM_TYPE = "multipart/form-data; boundary=b"
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\nx\r\n--b--\r\n"
)


@pytest.fixture(scope="module")
def token(server) -> str:
    """The token that the server gives to its own pages, in a cookie."""
    cookie = ask(server, "GET", "/_stcore/health").getheader("Set-Cookie") or ""
    name, _, value = cookie.partition(";")[0].partition("=")
    assert name == "_streamlit_xsrf"
    return value.strip('"')


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("case", ["nothing", "a cookie alone", "a header alone", "another header"])
def test_an_upload_without_the_token_of_a_page_is_refused(server, token, method, case):
    version, mask, secret, since = token.split("|")
    other = "|".join([version, mask, secret[::-1], since])
    headers = {
        "nothing": {},
        "a cookie alone": {"Cookie": f"_streamlit_xsrf={token}"},
        "a header alone": {"X-Xsrftoken": token},
        "another header": {"Cookie": f"_streamlit_xsrf={token}", "X-Xsrftoken": other},
    }[case]
    assert ask(server, method, UPLOAD, **headers).status == 403


def test_an_upload_with_the_token_passes_to_the_check_of_its_session(server, token):
    headers = {"Cookie": f"_streamlit_xsrf={token}", "X-Xsrftoken": token}
    assert ask(server, "PUT", UPLOAD, **headers).status == 400  # there is no such session


@pytest.mark.parametrize("path", [UPLOAD, "/_stcore/health", "/_stcore/host-config", "/"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_no_answer_may_be_read_by_a_page_of_another_site(server, method, path):
    answer = ask(server, method, path, Origin="http://evil.example")
    assert answer.getheader("Access-Control-Allow-Origin") not in ("*", "http://evil.example")


@pytest.mark.parametrize("path", ["interact", "mcp"])
def test_nobody_drives_the_app_without_a_browser(server, path):
    assert 400 <= ask(server, "POST", f"/_stcore/agent/{path}").status < 500


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/app/static/../app.py",
        "/media/../../x",
        "/_stcore/health/../../app.py",
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_file_of_the_machine_is_served(server, path):
    connection = http.client.HTTPConnection(server.hostname, server.port, timeout=60)
    connection.request("GET", path)
    content = connection.getresponse().read().decode("utf-8", "replace")
    connection.close()
    assert "root:" not in content
    assert "st.set_page_config" not in content


def test_the_health_endpoint_answers(server):
    connection = http.client.HTTPConnection(server.hostname, server.port, timeout=60)
    connection.request("GET", "/_stcore/health")
    assert connection.getresponse().read() == b"ok"
    connection.close()
