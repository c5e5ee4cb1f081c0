"""Who is answered, and who is not: a real server on loopback, asked as strangers would."""

from __future__ import annotations

import http.client
import re
import signal
import threading
from types import SimpleNamespace

import pytest
from review_home import served
from werkzeug.wrappers import Response

from demicouture.errors import InputError
from demicouture.review import server
from demicouture.review.server import read_request, send


def fail(request):
    raise InputError("labels.csv: damaged")


@pytest.fixture(scope="module")
def page():
    chosen: list = []

    def choose(request):
        chosen.append(read_request(request, number=int)[0])
        return send(chosen[-1])

    routes = [
        ("GET", "/", lambda request: Response("the page")),
        ("GET", "/entries", lambda request: send([1, 2])),
        ("GET", "/fail", fail),
        ("POST", "/choose", choose),
    ]
    with served(SimpleNamespace(routes=routes, close=lambda: None, chosen=chosen)) as page:
        yield page


def ask_raw(page, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, dict, bytes]:
    """Sends exactly these headers, and a path as it stands."""
    connection = http.client.HTTPConnection(page.host, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def path_of(page) -> str:
    return "/" + page.address.split("/", 3)[3]


def test_whoever_has_the_address_is_answered(page):
    assert page.ask() == (200, b"the page") and page.get("entries") == [1, 2]
    assert page.post("choose", number=7) == 7
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}/", page.address)
    localhost = page.host.replace("127.0.0.1", "localhost")
    assert ask_raw(page, "GET", path_of(page), {"Host": localhost})[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1.evil.example:{port}", ""]
)
def test_another_hosts_name_is_refused(page, host):
    port = page.host.rpartition(":")[2]
    assert ask_raw(page, "GET", path_of(page), {"Host": host.format(port=port)})[0] == 403


@pytest.mark.parametrize("path", ["/", "/entries", "/" + "A" * 43 + "/entries", "//entries", "/favicon.ico"])
def test_who_does_not_know_the_path_learns_nothing(page, path):
    status, _, content = ask_raw(page, "GET", path, {"Host": page.host})
    assert status == 404 and content == b"404 Not Found\n"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {},
        {"Origin": "own", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "own", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_origin_changes_nothing_though_it_knew_the_path(page, headers):
    headers = {name: value.replace("own", f"http://{page.host}") for name, value in headers.items()}
    before, body = list(page.desk.chosen), b'{"number": 9}'
    sent = {"Host": page.host, "Content-Type": "application/json", "Content-Length": str(len(body))} | headers
    assert ask_raw(page, "POST", path_of(page) + "choose", sent, body)[0] == 403
    assert page.desk.chosen == before


def test_another_site_may_link_here_and_read_nothing(page):
    stranger = {"Host": page.host, "Sec-Fetch-Site": "cross-site"}
    assert ask_raw(page, "GET", path_of(page), stranger)[0] == 200
    assert ask_raw(page, "GET", path_of(page) + "entries", stranger)[0] == 403


def test_a_form_of_another_kind_or_a_heap_of_data_is_refused(page):
    own = {"Host": page.host, "Origin": f"http://{page.host}"}
    for kind, body in (
        ("text/plain", b'{"number": 9}'),
        ("application/json", b'{"number": "9"}'),
        ("application/json", b"["),
    ):
        sent = own | {"Content-Type": kind, "Content-Length": str(len(body))}
        assert ask_raw(page, "POST", path_of(page) + "choose", sent, body)[0] in (400, 415)
    sent = own | {"Content-Type": "application/json", "Content-Length": "100000000"}
    assert ask_raw(page, "POST", path_of(page) + "choose", sent, b"{")[0] == 413


@pytest.mark.parametrize(
    "name",
    ["../server.py", "..%2fserver.py", "%2e%2e/server.py", "..\\server.py", "/etc/passwd", "..%5cserver.py", "x.js"],
)
def test_no_path_leaves_the_pages_own_files(page, name):
    status, _, content = ask_raw(page, "GET", f"{path_of(page)}static/{name}", {"Host": page.host})
    assert status == 404 and b"import" not in content


def test_every_answer_forbids_what_is_not_the_pages_own(page):
    for path, host in (("", page.host), ("entries", page.host), ("static/review.js", page.host), ("", "evil.example")):
        headers = ask_raw(page, "GET", path_of(page) + path, {"Host": host})[1]
        directives = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert directives["default-src"] == "'none'" and directives["script-src"] == "'self'"
        assert directives["frame-ancestors"] == "'none'" and "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers and "Werkzeug" not in headers["Server"]
    for name in server.FILES:
        assert ask_raw(page, "GET", f"{path_of(page)}static/{name}", {"Host": page.host})[0] == 200


def test_what_was_wrong_is_told_in_a_line(page):
    status, content = page.ask("fail")
    assert status == 409 and content == b'{"error":"labels.csv: damaged"}'


def test_it_listens_on_this_computer_alone_and_next_to_another_one(page):
    assert page.server._server.socket.getsockname()[0] == "127.0.0.1"
    with served(SimpleNamespace(routes=[], close=lambda: None)) as other:
        assert other.host != page.host and other.address.split("/")[3] != page.address.split("/")[3]


def test_pages_run_no_script_of_their_own_within(page):
    for name in ("cull.html", "label.html", "desk.html"):
        text = (server.HERE / "templates" / name).read_text("utf-8")
        assert not re.search(r"\son\w+=|style=|<style|javascript:|<script>", text)


def test_ctrl_c_ends_it(capfd, monkeypatch):
    monkeypatch.setattr(server, "open_browser", lambda address: False)
    closed = []

    def report(message: str) -> None:
        assert message == "every choice is on disk at once; Ctrl-C ends the page"
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()

    server.serve(SimpleNamespace(routes=[], close=lambda: closed.append(True)), report)
    told = capfd.readouterr()
    assert closed == [True] and told.out.startswith("open: http://127.0.0.1:") and told.err == ""
