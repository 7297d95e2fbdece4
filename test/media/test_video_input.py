"""What INPUT is taken for, and that each kind can be read."""

import http.server
import os
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.media.video import VideoWriter, open_source
from rednet_ros.media.video_input import InputKind, identify


def video(path, codec="MJPG", count=12):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (64, 48))
    for index in range(count):
        writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
    writer.release()
    return path


def test_each_name_has_one_meaning(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("5", "clip.mp4", "10:15.mp4", "A.PNG", "b.jpeg"):
        Path(name).touch()
    os.mkfifo("pipe.avi")
    os.mkfifo("pipe.png")
    Path("frames.png").mkdir()
    kinds = {
        0: InputKind.CAMERA,
        "5": InputKind.CAMERA,
        "/dev/null": InputKind.CAMERA,  # a character device
        "./5": InputKind.VIDEO,
        Path("5"): InputKind.VIDEO,
        "clip.mp4": InputKind.VIDEO,
        "10:15.mp4": InputKind.VIDEO,
        "./10:15.mp4": InputKind.VIDEO,
        f"file://{tmp_path}/clip.mp4": InputKind.VIDEO,
        "A.PNG": InputKind.IMAGE,
        "b.jpeg": InputKind.IMAGE,
        "pipe.avi": InputKind.PIPE,
        "pipe.png": InputKind.PIPE,
        "frames.png": InputKind.FOLDER,
        ".": InputKind.FOLDER,
        "rtsp://camera/stream": InputKind.STREAM,
        "http://host//a/./b.mjpg": InputKind.STREAM,
    }
    assert {source: identify(source).kind for source in kinds} == kinds
    assert identify("http://host//a/./b.mjpg").place == "http://host//a/./b.mjpg"


def test_a_password_stays_out_of_messages():
    found = identify("rtsp://admin:secret@camera:554/a")
    assert (found.place, found.name) == ("rtsp://admin:secret@camera:554/a", "rtsp://admin:***@camera:554/a")


def test_what_images_cannot_come_from_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind("socket")
        with pytest.raises(InputError, match="socket: neither a file, a folder, a pipe nor a camera"):
            identify("socket")
    for name in ("gone.mp4", "clip*.mp4", "a\0b"):
        with pytest.raises(InputError, match="No such file|null"):
            identify(name)


def test_a_name_with_a_colon_is_read_and_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with VideoWriter("o:1.mp4", 25) as writer:
        for _ in range(3):
            writer.write(np.zeros((48, 64, 3), np.uint8))
    for name in ("o:1.mp4", "./o:1.mp4"):
        assert len(list(open_source(name))) == 3


def test_a_pipe_is_read(tmp_path):
    content = video(tmp_path / "clip.avi").read_bytes()
    pipe = tmp_path / "pipe.avi"
    os.mkfifo(pipe)
    thread = threading.Thread(target=pipe.write_bytes, args=(content,))
    thread.start()
    with open_source(pipe) as source:
        assert len(list(source)) == 12
    thread.join(10)


@pytest.mark.parametrize("redirected", [False, True])
def test_standard_input_is_read(tmp_path, redirected):
    path = video(tmp_path / "clip.avi")
    script = "from rednet_ros.media.video import open_source; print(len(list(open_source('-'))))"
    with path.open("rb") as file:
        given = {"stdin": file} if redirected else {"input": file.read()}
        result = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=True, **given)
    assert result.stdout.split() == [b"12"]


def test_a_video_that_cannot_be_streamed_says_so(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    with VideoWriter(tmp_path / "clip.mp4", 25) as writer:
        for _ in range(30):
            writer.write(noise)
    content = (tmp_path / "clip.mp4").read_bytes()
    script = "from rednet_ros.media.video import open_source; open_source('-')"
    result = subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, timeout=60)
    assert b"standard input: " in result.stderr
    assert b"a pipe cannot be wound back" in result.stderr


def test_a_stream_that_is_not_there_is_not_called_a_missing_file():
    with pytest.raises(InputError, match=r"rtsp://u:\*\*\*@127\.0\.0\.1:9/x: no video stream there .* Check address"):
        open_source("rtsp://u:p@127.0.0.1:9/x")


def test_a_video_on_a_server_is_read(tmp_path):
    video(tmp_path / "clip.avi")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open_source(f"http://127.0.0.1:{server.server_port}/clip.avi") as source:
            assert not source.live
            assert len(list(source)) == 12
        server.shutdown()


@pytest.mark.parametrize("name", ["noending", "face.jpg_large", "photo.mp4", "a.j2k"])
def test_a_picture_is_one_whatever_its_name(tmp_path, name):
    _, encoded = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))
    path = tmp_path / name
    path.write_bytes(encoded.tobytes())
    assert identify(str(path)).kind is InputKind.IMAGE
    assert [frame.image_bgr.shape for frame in open_source(str(path))] == [(48, 64, 3)]


def bomb(ending):
    """The header of a picture of 15000 x 15000, which is as far as anybody may read."""
    if ending == ".gif":
        return b"GIF89a" + (15000).to_bytes(2, "little") * 2 + bytes(40)
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + (15000).to_bytes(4, "big") * 2 + bytes(40)


@pytest.mark.parametrize("name", ["bomb.gif", "bomb.mp4", "bomb.avi", "bomb", "bomb.mjpeg"])
def test_a_bomb_is_refused_by_its_header_whatever_its_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(bomb(path.suffix))
    with pytest.raises(InputError, match="15000 x 15000 pixels, more than the limit"):
        open_source(str(path))


@pytest.mark.parametrize(("name", "brand"), [("a.avif", b"avif"), ("a.mp4", b"avif"), ("a.mp4", b"avis")])
def test_avif_is_refused_whatever_its_name(tmp_path, name, brand):
    path = tmp_path / name
    path.write_bytes(b"\0\0\0\x20ftyp" + brand + bytes(100))
    with pytest.raises(InputError, match=f"{name}: AVIF is not read.*; convert it to PNG or JPEG"):
        open_source(str(path))


def test_nothing_is_no_folder_and_addresses_of_files_are_decoded(tmp_path):
    for source in ("", "file://"):
        with pytest.raises(InputError, match="the input is empty"):
            identify(source)
    path = video(tmp_path / "a clip.avi")
    assert identify(f"file://{tmp_path}/a%20clip.avi").place == path
