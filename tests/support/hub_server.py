"""A hub on this machine that holds folders of models, as the Hugging Face hub answers."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.support.serving import serving

COMMIT = "0" * 39 + "1"


@contextmanager
def hub_of(models: dict[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """Serve folders by ``organisation/name``; give the address and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(True)

        def do_HEAD(self):
            self.answer(False)

        def answer(self, is_whole):
            path = self.path.partition("?")[0]
            asked.append(path)
            for name, folder in models.items():
                files = sorted(file for file in folder.iterdir() if file.is_file())
                if path in (f"/api/models/{name}", f"/api/models/{name}/revision/main"):
                    siblings = [{"rfilename": file.name} for file in files]
                    said = {"id": name, "sha": COMMIT, "siblings": siblings}
                    return self.send(
                        json.dumps(said).encode(), {"Content-Type": "application/json"}
                    )
                if path.startswith(f"/api/models/{name}/tree/"):
                    tree = [
                        {
                            "type": "file",
                            "path": file.name,
                            "size": file.stat().st_size,
                            "oid": hashlib.sha1(file.read_bytes()).hexdigest(),
                        }
                        for file in files
                    ]
                    return self.send(
                        json.dumps(tree).encode(), {"Content-Type": "application/json"}
                    )
                for file in files:
                    if path in (f"/{name}/resolve/{r}/{file.name}" for r in ("main", COMMIT)):
                        data = file.read_bytes()
                        etag = hashlib.sha256(data).hexdigest()
                        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
                        return self.send(data, headers, is_whole)
            return self.send(b"{}", {"X-Error-Code": "RepoNotFound"}, is_whole, 404)

        def send(self, data, headers, is_whole=True, status=200):
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(key, value)
            self.end_headers()
            if is_whole:
                self.wfile.write(data)

        def log_message(self, *args):
            """Nothing is printed."""

    with serving(Handler) as address:
        yield address, asked
