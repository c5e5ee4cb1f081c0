from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from demicouture import commands, language

# A shell that starts the tests in the background has Ctrl-C ignored, and what Ctrl-C should end would never end.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What JAX compiled for one test, or for one of the processes that tests start, serves the next.
COMPILED = tempfile.mkdtemp(prefix="compiled-")
atexit.register(shutil.rmtree, COMPILED, ignore_errors=True)
os.environ["JAX_COMPILATION_CACHE_DIR"] = COMPILED
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
# Most of a tiny training is compiling, which takes two thirds of the time so; test_chain.py trains as a person does.
# Whoever runs them, and in the processes that they start, too.
os.environ["LANGUAGE"] = "en"
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Gives every test the same chance. Keras, too, takes the seeds of weights that have none from ``random``."""
    random.seed(0)
    np.random.seed(0)
    commands.remember(commands.Running())  # No test's command line is left to the next one.


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Has everything said in Japanese, here and in the processes that a test starts."""
    monkeypatch.setenv("LANGUAGE", "ja")
    language.forget()
    yield
    monkeypatch.undo()
    language.forget()


class Website:
    """A real HTTP server on loopback that answers each path as a test says, however badly.

    ``pages`` maps a path to a function of the request's handler; ``asked`` lists the paths with their query strings
    in the order of the requests; ``headers`` and ``times`` go with them. Who asks for robots.txt is only counted, by
    the name of the host: there is none unless a test adds one, and neither is there a tdmrep.json.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.robots_asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self.connections = self.most_connections = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        website = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10
            disable_nagle_algorithm = True  # Else each answer waits 40 ms for an acknowledgement.

            def setup(self) -> None:
                super().setup()
                with website._lock:
                    website.connections += 1
                    website.most_connections = max(website.most_connections, website.connections)

            def finish(self) -> None:
                with website._lock:
                    website.connections -= 1
                super().finish()

            def do_GET(self) -> None:
                self.website = website
                is_robots = self.path in ("/robots.txt", "/.well-known/tdmrep.json")
                with website._lock:
                    if self.path == "/robots.txt":
                        website.robots_asked.append(self.headers["Host"])
                    elif not is_robots:
                        website.asked.append(self.path)
                        website.headers.append(dict(self.headers))
                        website.times.append(time.monotonic())
                    website.at_once += 1
                    website.most_at_once = max(website.most_at_once, website.at_once)
                try:
                    page = website.pages.get(urlsplit(self.path).path)
                    page(self) if page else answer(self, b"", status=404)
                except OSError:
                    self.close_connection = True  # The client had enough, as it should.
                finally:
                    with website._lock:
                        website.at_once -= 1

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self._server.handle_error = lambda *_: None  # A client that hangs up is what many tests are about.
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def url(self, path: str = "/", host: str | None = None) -> str:
        return f"http://{host or self.address}:{self.port}{path}"

    def add(self, path: str, content: bytes, **options: object) -> str:
        """Serves ``content`` at ``path``; returns the address."""
        self.pages[path] = lambda request: answer(request, content, **options)
        return self.url(path)

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def answer(
    request: BaseHTTPRequestHandler,
    content: bytes,
    *,
    status: int = 200,
    content_type: str = "text/html; charset=utf-8",
    length: int | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    request.send_response(status)
    request.send_header("Content-Type", content_type)
    request.send_header("Content-Length", str(len(content) if length is None else length))
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)
    if length is not None and length != len(content):
        request.close_connection = True


@pytest.fixture
def website() -> Iterator[Website]:
    site = Website()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def tiny_training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small ``generator.keras`` whose weights are random but whose pictures are full of contrast."""
    import keras

    spread = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            keras.layers.Dense(8 * 8 * 3, activation="tanh", kernel_initializer=spread),
            keras.layers.Reshape((8, 8, 3)),
            keras.layers.UpSampling2D(4, interpolation="bilinear"),
        ]
    )
    folder = tmp_path_factory.mktemp("training")
    generator.save(folder / "generator.keras")
    return folder


@pytest.fixture(scope="session")
def network():
    """The network that describes pictures; without its file the tests that need it are skipped."""
    from demicouture.evaluation.imagenet_features import find_network

    network = find_network()
    if network is None:
        pytest.skip("the network's weights are not here: make models")
    return network
