import av
import numpy as np
import pytest

from demicouture import video

COLOURS = [(209, 73, 91), (128, 0, 128), (42, 120, 181)]
FRAMES = np.stack([np.full((32, 48, 3), colour, np.uint8) for colour in COLOURS])


def test_a_video_is_h264_with_yuv420p_and_holds_every_frame(tmp_path):
    path = tmp_path / "a.mp4"
    video.save_video(path, video.there_and_back(FRAMES, still=2), milliseconds=50)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        assert (codec.name, codec.pix_fmt, codec.width, codec.height) == ("h264", "yuv420p", 48, 32)
        assert (stream.average_rate, stream.frames) == (20, 7)
        # The decoder is told which colours these are, and takes them for no others.
        assert (codec.colorspace, codec.color_range, codec.color_primaries, codec.color_trc) == (1, 1, 1, 1)
        seen = [frame.to_ndarray(format="rgb24")[16, 24] for frame in container.decode(video=0)]
    first, middle, last = COLOURS
    wanted = [first, first, middle, last, last, middle, first]
    assert np.abs(np.array(seen, int) - wanted).max() <= 4  # The code is not lossless.


def test_a_browser_can_begin_while_it_loads_and_the_same_frames_are_the_same_file(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        video.save_video(tmp_path / name, iter(FRAMES), milliseconds=40)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content == (tmp_path / "b.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_what_breaks_off_leaves_nothing(tmp_path):
    def broken():
        yield FRAMES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        video.save_video(tmp_path / "a.mp4", broken(), milliseconds=50)
    assert not list(tmp_path.iterdir())
