"""The picture store: writes each picture into its folder in ``1-scraped``, and its line into the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from demicouture import files
from demicouture.scraping import failure_reasons
from demicouture.scraping.contact_sheets import query_sheet_path
from demicouture.scraping.duplicate_index import DuplicateIndex
from demicouture.scraping.manifest import DUPLICATE, FAILED, FETCHED, Manifest
from demicouture.scraping.offers import Offer
from demicouture.scraping.queries import Query


@dataclass(frozen=True)
class Outcome:
    """An offer with its picture, or with the reason why there is none.

    Attributes:
        query: The query that the offer answers.
        source: The source's name.
        offer: The offer.
        content: The picture; None where there is none.
        reason: Why there is none, or what the source knows about the picture beforehand.
        header: The usual suffix of the picture's format, its width and its height, as its header says.
        sha256: Of the content.
        thumbnail: The picture's, to find others that show the same; None for what was drawn.
        perceptual_hash: The thumbnail's.
    """

    query: Query
    source: str
    offer: Offer
    content: bytes | None
    reason: str = ""
    header: tuple[str, int | None, int | None] = (".jpg", None, None)
    sha256: str = ""
    thumbnail: np.ndarray | None = None
    perceptual_hash: str = ""


class PictureStore:
    """The folder ``1-scraped`` as it grows."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Writes nothing yet.

        Args:
            folder: ``1-scraped``.
            manifest: Its manifest, open to append lines.
        """
        self._folder = folder
        self._manifest = manifest
        self._indexes: dict[str, DuplicateIndex] = {}
        self._grown: set[Query] = set()

    def keep(self, outcome: Outcome) -> tuple[str, str]:
        """Writes a picture, then its line in the manifest; returns the status and the reason."""
        query, offer, sha256 = outcome.query, outcome.offer, outcome.sha256
        status, reason, file, text, like = FAILED, outcome.reason, "", "", ""
        if outcome.content is not None:
            status = FETCHED
            known = self._manifest.files(query.pole, sha256)
            if outcome.thumbnail is None:  # What is drawn twice for two queries is waste that was planted.
                known = [name for name in known if name.startswith(f"{query.folder}/")]
            if known:
                status, reason, file = DUPLICATE, reason or failure_reasons.SAME_BYTES, known[0]
            else:
                file = f"{query.folder}/{sha256[:16]}{outcome.header[0]}"
                if outcome.thumbnail is not None:
                    text = outcome.perceptual_hash
                    like = self._index_of(query.pole).find(outcome.thumbnail, text)
                    reason = failure_reasons.NEAR_DUPLICATE if like else outcome.reason
                if query not in self._grown:  # Its sheet shows less than there is from now on.
                    query_sheet_path(self._folder, query).unlink(missing_ok=True)
                    self._grown.add(query)
                files.write_bytes(self._folder / file, outcome.content)
        _, width, height = outcome.header
        line = {"pole": query.pole, "query": query.text, "source": outcome.source, "url": offer.url}
        line |= {"page_url": offer.page_url, "status": status, "reason": reason, "file": file, "sha256": sha256}
        line |= {"width": width, "height": height, "fetched_at": datetime.now(UTC).isoformat(timespec="seconds")}
        line |= {"title": offer.title, "creator": offer.creator, "licence": offer.licence}
        line |= {"licence_url": offer.licence_url, "perceptual_hash": text, "like": like}
        self._manifest.append(line)
        if text:
            self._indexes[query.pole].add(file, text)
        return status, reason

    def _index_of(self, pole: str) -> DuplicateIndex:
        if pole not in self._indexes:
            index = self._indexes[pole] = DuplicateIndex(self._folder)
            for line in self._manifest.read():
                if line["pole"] == pole and line["perceptual_hash"]:
                    index.add(line["file"], line["perceptual_hash"])
        return self._indexes[pole]
