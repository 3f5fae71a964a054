"""The dashboard behind nginx with a login, as docs/how-to/deploy.md says, in a real browser."""

import base64
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import ROOT, beside, find_chromium, serve, settle
from tests.support.live_run import write_live_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium"),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl"),
]

HOST, USER, PASSWORD = "birds.example.org", "ana", "quite secret"
HTTP = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """An nginx before a dashboard."""

    port: int
    certificate: Path

    def status(self, path: str, login: str | None = None) -> int:
        """Return the status of the answer to a plain request."""
        headers = {"Host": HOST}
        if login is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", headers=headers)
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False
        try:
            with urllib.request.urlopen(request, context=context, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


def documented_server() -> str:
    """Return the server block of nginx in docs/how-to/deploy.md."""
    text = (ROOT / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    return re.search(r"^server \{.*?^\}", text, re.DOTALL | re.MULTILINE).group()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy")
    write_live_run(folder / "runs")
    certificate, key, passwords = (folder / name for name in ("birds.pem", "birds.key", "passwd"))
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*new, "-keyout", key, "-out", certificate], capture_output=True, check=True)
    hashed = subprocess.run(
        ["openssl", "passwd", "-apr1", PASSWORD], capture_output=True, text=True, check=True
    )
    passwords.write_text(f"{USER}:{hashed.stdout}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = [f"--server.allowedHosts={HOST}", f"--browser.serverAddress={HOST}"]
    with serve(folder / "runs", *settings) as server:
        block = documented_server()
        for written, here in {
            "listen 443": f"listen 127.0.0.1:{port}",
            "/etc/ssl/birds.pem": str(certificate),
            "/etc/ssl/birds.key": str(key),
            "/etc/nginx/birds.passwd": str(passwords),
            "http://127.0.0.1:8501": server.url,
        }.items():
            assert written in block
            block = block.replace(written, here)
        # the folders of tests are root's where root tests
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(HTTP.format(folder=folder, server=block, user=user))
        nginx = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-p", folder])
        try:
            started = Proxy(port, certificate)
            for _ in range(600):
                assert nginx.poll() is None, (folder / "error.log").read_text()
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield started
        finally:
            nginx.terminate()
            nginx.wait(30)


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/stream", "/failures"])
def test_nothing_is_shown_without_the_login(proxy, path):
    assert proxy.status(path) == 401
    assert proxy.status(path, f"{USER}:wrong") == 401


def test_the_login_opens_the_health_endpoint(proxy):
    assert proxy.status("/_stcore/health", f"{USER}:{PASSWORD}") == 200


def test_a_browser_with_the_login_gets_pages_and_uploads_a_picture(proxy, browser):
    from PIL import Image

    with beside(browser.browser_type, f"--host-resolver-rules=MAP {HOST} 127.0.0.1") as chromium:
        context = chromium.new_context(
            ignore_https_errors=True, http_credentials={"username": USER, "password": PASSWORD}
        )
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"https://{HOST}:{proxy.port}/try?run=live")
        settle(page)
        picture = proxy.certificate.with_name("bird.png")
        # larger than the megabyte that nginx takes unless told otherwise
        Image.effect_noise((1600, 1200), 90).convert("RGB").save(picture)
        assert picture.stat().st_size > 1 << 20
        page.set_input_files('input[type="file"]', picture)
        page.get_by_role("heading", name="Nearest training pictures").wait_for()
        expect(page.locator("body")).not_to_contain_text("WebSocket")
        context.close()
