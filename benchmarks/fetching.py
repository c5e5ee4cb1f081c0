"""Times scrape.py beside a plain thread pool of requests, with as many workers, on pictures of many loopback hosts.

The pool fetches, and writes what came into files. scrape.py fetches robots.txt first, keeps to one connection for each
host, decodes each picture to its end, looks for near duplicates, and writes the manifest. Its pause between two
requests to a host is set to nothing here. Each runs in a process of its own; the server runs in another, and takes a
while for each answer, as servers do.

Example:
    python benchmarks/fetching.py --latency 0.05
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import requests
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scrape  # noqa: E402
from demicouture import cli  # noqa: E402

CONTENDERS = ("plain", "ours")


def draw(number: int) -> bytes:
    """Returns a picture of 500×400 pixels and some 25 kB that looks like no other."""
    random = np.random.default_rng(number)
    blotches = Image.fromarray(random.integers(0, 256, (12, 15, 3), dtype=np.uint8))
    pixels = np.asarray(blotches.resize((500, 400), Image.Resampling.BICUBIC)).astype(np.int16)
    content = io.BytesIO()
    noise = random.normal(0, 4, (400, 500, 1))
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=80)
    return content.getvalue()


def serve(hosts: Sequence[str], pictures: int, latency: float, ready: multiprocessing.Queue) -> None:
    """Serves pictures on these addresses, all at one port, which it puts into the queue, until it is ended."""
    drawn = [draw(number) for number in range(pictures)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                name = request.split(b" ", 2)[1].decode()
                await asyncio.sleep(latency)
                if name in ("/robots.txt", "/.well-known/tdmrep.json"):
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                else:
                    content = drawn[int(name[1:].split(".")[0])]
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
                    writer.write(head.encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        first = await asyncio.start_server(answer, hosts[0], 0, backlog=200)
        port = first.sockets[0].getsockname()[1]
        others = [await asyncio.start_server(answer, host, port, backlog=200) for host in hosts[1:]]
        ready.put(port)
        await asyncio.gather(*(server.serve_forever() for server in (first, *others)))

    asyncio.run(run())


def resident() -> float:
    """Returns the memory that this process holds, in MB; Linux only, elsewhere nan."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        return float("nan")
    return pages * 4096 / 1e6


def fetch_plain(urls: Sequence[str], workers: int, folder: Path) -> None:
    """The pool that anyone would write first."""

    def fetch(numbered: tuple[int, str]) -> None:
        (folder / f"{numbered[0]}.jpg").write_bytes(requests.get(numbered[1], timeout=30).content)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fetch, enumerate(urls)))


def fetch_ours(urls: Sequence[str], workers: int, folder: Path) -> None:
    """What scrape.py does with a list of addresses."""
    with open(folder / "list.csv", "w", newline="") as file:
        csv.writer(file).writerows([("url",), *((url,) for url in urls)])
    flags = ["--home", folder, "--source", "urls", "--urls", folder / "list.csv", "--pole", "casual", "--delay", 0]
    scrape.main([*map(str, flags), "--workers", str(workers), "--allow-private-hosts", "--quiet"])


def run(contender: str, urls: Sequence[str], workers: int, folder: Path, result: multiprocessing.Queue) -> None:
    """Runs one contender, and puts into the queue its seconds, and its memory at a quarter of them and at the end."""
    samples, done = [], threading.Event()

    def sample() -> None:
        while not done.wait(0.05):
            samples.append(resident())

    watcher = threading.Thread(target=sample)
    watcher.start()
    begun = time.perf_counter()
    (fetch_plain if contender == "plain" else fetch_ours)(urls, workers, folder)
    seconds = time.perf_counter() - begun
    done.set()
    watcher.join()
    quarter = len(samples) // 4
    result.put((seconds, max(samples[: quarter + 1]), max(samples[3 * quarter :])))


def main(argv: list[str] | None = None) -> None:
    """Times and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=cli.HelpFormatter, allow_abbrev=False)
    parser.add_argument("--pictures", type=cli.integer(1), default=2000, metavar="N", help="on all hosts together")
    parser.add_argument("--hosts", type=cli.integer(1, 250), default=40, metavar="N", help="addresses of this machine")
    parser.add_argument("--workers", type=cli.integer(1, 64), default=8, metavar="N", help="for each contender")
    parser.add_argument(
        "--latency", type=cli.number(0, 10), default=0.05, metavar="SECONDS", help="the server takes for an answer"
    )
    parser.add_argument("--rounds", type=cli.integer(1), default=3, metavar="N", help="turns that the contenders take")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    args = parser.parse_args(argv)
    processes = multiprocessing.get_context("spawn")
    hosts = [f"127.0.0.{number}" for number in range(1, args.hosts + 1)]
    queue = processes.Queue()
    server = processes.Process(target=serve, args=(hosts, args.pictures, args.latency, queue), daemon=True)
    server.start()
    port = queue.get(timeout=300)
    urls = [f"http://{hosts[number % args.hosts]}:{port}/{number}.jpg" for number in range(args.pictures)]
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(args.rounds):
        for name in CONTENDERS:
            with tempfile.TemporaryDirectory() as folder:
                contender = processes.Process(target=run, args=(name, urls, args.workers, Path(folder), queue))
                contender.start()
                found[name].append(queue.get(timeout=3600))
                contender.join()
    server.terminate()
    figures = {}
    print(
        "| | pictures/s | × plain | memory after a quarter, MB | at the end, MB |\n| --- | ---: | ---: | ---: | ---: |"
    )
    for name in CONTENDERS:
        ratio = statistics.median(a[0] / b[0] for a, b in zip(found["plain"], found[name], strict=True))
        seconds, early, late = (statistics.median(values) for values in zip(*found[name], strict=True))
        rate = args.pictures / seconds
        figures[name] = {"pictures_per_second": rate, "ratio": ratio, "early_mb": early, "late_mb": late}
        print(f"| {name} | {rate:.1f} | {ratio:.2f} | {early:.0f} | {late:.0f} |")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(cli.run(main))
