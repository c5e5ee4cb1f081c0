"""Videos that browsers and phones play: H.264 in an MP4 file, with yuv420p."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from demicouture.files import atomic_path

QUALITY = "20"
"""x264's constant rate factor: 0 is lossless, 51 the worst. x264's own choice is 23; a weave wants a little more."""


def save_video(path: Path, frames: Iterable[np.ndarray], milliseconds: int) -> None:
    """Writes frames to an MP4 file, atomically; they are coded as they come, so that any number of them fits in memory.

    The colours are those of HD television (BT.709), and the file says so: players guess otherwise, and guess wrong.
    The index stands first, so that a browser plays while it loads. The same frames are the same file, to the bit: by
    one thread, because of several it would depend on how many; and "cpu-independent", because x264's fastest code for
    AVX-512 weighs blocks differently now and then (one file in four did differ).

    Args:
        path: The file.
        frames: At least one, uint8 (height, width, 3) in [0, 255] each, both sides even.
        milliseconds: How long a frame is shown.
    """
    # Imported here: it brings FFmpeg along, 80 MB of libraries.
    import av
    from av.video.reformatter import ColorRange, Colorspace

    with atomic_path(path) as partial, av.open(str(partial), "w", options={"movflags": "+faststart"}) as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream("libx264", Fraction(1000, milliseconds))
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.thread_count = 1
                stream.codec_context.options = {"crf": QUALITY, "x264-params": "cpu-independent=1"}
                stream.codec_context.colorspace = Colorspace.ITU709
                stream.codec_context.color_range = ColorRange.MPEG
                stream.codec_context.color_primaries = stream.codec_context.color_trc = BT709
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            picture = picture.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


BT709 = 1
"""The number of these primaries and of this transfer function in ITU-T H.273."""


def there_and_back(frames: np.ndarray, still: int) -> Iterator[np.ndarray]:
    """Yields frames from the first to the last and back again, each end as many times as ``still``.

    Args:
        frames: uint8 (n, height, width, 3), n at least 2.
        still: For how many frames either end is shown.
    """
    yield from [frames[0]] * still
    yield from frames[1:-1]
    yield from [frames[-1]] * still
    yield from frames[-2:0:-1]
    yield frames[0]
