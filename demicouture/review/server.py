"""A page for one person: served on this computer, to whoever has its address, and to nobody else.

Pages of other sites run in the same browser, and programs of other people may run on the same computer. So a request is
answered only

- if it names this computer as the host: a name that a stranger's server points here (DNS rebinding) is refused;
- below a path that nobody can guess, which is new at each start;
- if the browser does not say that another page asks, and, where something is to change, says that this page does;
- for what is in a table of routes: addresses hold numbers and names of ours, never a path on the disk.

Answers forbid the browser to run, load or send anything but the page's own files.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from demicouture.cli import expected_failure
from demicouture.errors import DemicoutureError
from demicouture.language import _
from demicouture.magazine.page import HERE as MAGAZINE
from demicouture.magazine.page import make_environment

HERE = Path(__file__).parent

HOST = "127.0.0.1"

PORT = 8731
"""Our choice: always the same where it is free, so that the browser remembers the language and the theme."""

LARGEST_REQUEST = 1_000_000
"""Bytes. A choice for 14,000 pictures at once takes a tenth."""

SHARED_FILES = {name: MAGAZINE / "static" / name for name in ("magazine.css", "language.js")}
"""Of the magazine, whose looks and whose switches of language and theme these pages have."""

FILES = SHARED_FILES | {path.name: path for path in sorted((HERE / "static").iterdir())}

KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

HEADERS = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

Route = tuple[str, str, Callable[..., Response]]
"""GET or POST, a path below the secret one as Werkzeug writes it, and what answers."""


class Application:
    """Answers the requests for one page, see the module's beginning."""

    def __init__(self, routes: Iterable[Route], port: int) -> None:
        """Makes a secret path for the routes; ``port`` is the one that this computer listens on."""
        self.secret = secrets.token_urlsafe(32)
        self.hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
        own = ("GET", "/static/<name>", send_file)
        rules = [Rule(path, methods=[method], endpoint=answer) for method, path, answer in (own, *routes)]
        self._routes = Map(rules, merge_slashes=False)

    @property
    def address(self) -> str:
        """The page's address, without which nothing is answered."""
        port = next(iter(self.hosts)).rpartition(":")[2]
        return f"http://{HOST}:{port}/{self.secret}/"

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        """Answers one request, as WSGI has it."""
        request = Request(environ)
        request.max_content_length = LARGEST_REQUEST
        try:
            response = self._answer(request)
        except HTTPException as error:
            response = Response(f"{error.code} {error.name}\n", error.code, content_type="text/plain; charset=utf-8")
        except (DemicoutureError, OSError) as error:
            if (told := expected_failure(error)) is None:
                raise
            response = send({"error": told.removeprefix("error: ")}, status=409)
        response.headers.update(HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        host = request.headers.get("Host", "")
        if host not in self.hosts:
            raise Forbidden
        _, secret, path = (request.path.split("/", 2) + ["", ""])[:3]
        if not hmac.compare_digest(secret.encode(), self.secret.encode()):
            raise NotFound
        # A link may lead here, from a terminal in a browser, say; other pages get nothing that lies below.
        if path and request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Forbidden
        if request.method == "POST" and request.headers.get("Origin") != f"http://{host}":
            raise Forbidden
        route = self._routes.bind(host)
        answer, values = route.match(f"/{path}", request.method)
        return answer(request, **values)


def send_file(request: Request, name: str) -> Response:
    """Sends one of the page's own files."""
    if name not in FILES:
        raise NotFound
    return Response(FILES[name].read_bytes(), content_type=KINDS[FILES[name].suffix])


def send(value: Any, status: int = 200) -> Response:
    """Sends a value as JSON."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(content, status, content_type="application/json")


def send_picture(content: bytes, kind: str = "image/jpeg") -> Response:
    """Sends an encoded picture, which the browser may keep: at the next start its address is another one."""
    return Response(content, content_type=kind, headers={"Cache-Control": "private, max-age=86400, immutable"})


def send_page(template: str, **values: Any) -> Response:
    """Sends a page, filled in."""
    environment = make_environment(HERE / "templates", MAGAZINE / "templates")
    return Response(environment.get_template(template).render(**values), content_type="text/html; charset=utf-8")


def read_request(request: Request, **wanted: type | tuple[type, ...]) -> list[Any]:
    """Returns the values of a request's JSON object, by name, in that order.

    Raises:
        BadRequest: It is no such object, or a value is missing or of another type.
    """
    if request.mimetype != "application/json":
        raise BadRequest
    found = request.get_json()
    if not isinstance(found, Mapping) or not all(isinstance(found.get(name), kind) for name, kind in wanted.items()):
        raise BadRequest
    return [found[name] for name in wanted]


class _Handler(WSGIRequestHandler):
    server_version, sys_version = "demicouture", ""
    disable_nagle_algorithm = True  # Else each answer waits 40 ms for an acknowledgement.

    def log_request(self, *_: object) -> None:
        """Says nothing of requests."""


class Server:
    """A server that listens already; :meth:`run` answers until it is stopped."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Listens on :data:`PORT`, or on any other one where that is taken."""
        try:
            listening = socket.create_server((HOST, PORT))
        except OSError:  # Another page is served there, or a program of somebody else.
            listening = socket.create_server((HOST, 0))
        with listening:
            port = listening.getsockname()[1]
            self.application = Application(routes, port)
            how = {"threaded": True, "request_handler": _Handler, "fd": listening.fileno()}
            self._server = make_server(HOST, port, self.application, **how)

    def run(self) -> None:
        """Answers requests until Ctrl-C, or until :meth:`stop` is called from another thread."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Ends :meth:`run`."""
        self._server.shutdown()


def open_browser(address: str) -> bool:
    """Opens an address in the person's browser, and returns whether there is one."""
    # Without a screen, a browser for terminals would take this one.
    screen = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return screen and webbrowser.open(address)


def serve(desk: Any, report: Callable[[str], None]) -> None:
    """Serves a desk's page, in the person's browser, until Ctrl-C.

    Args:
        desk: Has ``routes``, and ``close()``, which ends what it has begun.
        report: Prints a message.
    """
    try:
        server = Server(desk.routes)
        address = server.application.address
        # Also under --quiet: without it there is nothing.
        opened = open_browser(address)
        print((_("opened: {page}") if opened else _("open: {page}")).format(page=address), flush=True)
        report(_("every choice is on disk at once; Ctrl-C ends the page"))
        server.run()
    finally:
        desk.close()
