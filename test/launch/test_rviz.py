"""RViz as the launch files start it, with a stand-in that writes down its arguments: rviz2 is in no wheel."""

import signal
import time

import pytest

pytestmark = [pytest.mark.ros_launch, pytest.mark.slow]

QUICK = ("device:=cpu", "backend:=torch")
PARAMETERS = """
/**:
  ros__parameters:
    image_reliability: best_effort
    cameras: [front, rear]
    front.image_topic: /front/image_raw
    rear.image_topic: /rear/image_raw
"""


@pytest.fixture
def windows(stand_in, tmp_path):
    """Environment with the stand-in, and a function that reads what each wrote: its arguments, parameters in full."""
    folder = tmp_path / "windows"
    folder.mkdir()
    script = f"""#!/bin/sh
for argument; do
    echo "$argument"
    case $argument in */launch_params_*) cat "$argument" ;; esac
done > {folder}/$$
mv {folder}/$$ {folder}/$$.txt
"""
    return stand_in("rviz2", "rviz2", script), lambda: [file.read_text() for file in sorted(folder.glob("*.txt"))]


def argument_after(window, option):
    """The line behind `option`."""
    lines = window.splitlines()
    return lines[lines.index(option) + 1]


def send_images(observer, topic, frame_id):
    """A publisher on `topic`, and a timer that publishes images of one grey."""
    from sensor_msgs.msg import Image

    image = Image(height=48, width=64, encoding="mono8", step=64, data=bytes(48 * 64))
    image.header.frame_id = frame_id
    publisher = observer.create_publisher(Image, topic, 5)

    def publish():
        image.header.stamp = observer.get_clock().now().to_msg()
        publisher.publish(image)

    observer.create_timer(0.2, publish)


def test_every_camera_has_a_window_in_the_frame_of_its_images(
    launch_file, observer, wait_for, weights, windows, tmp_path
):
    environment, opened = windows
    (tmp_path / "cameras.yaml").write_text(PARAMETERS)
    process = launch_file(
        "tracker",
        *(
            f"weights:={weights}",
            "device:=cpu",
            "backend:=torch",
            f"params_file:={tmp_path}/cameras.yaml",
            "namespace:=robot",
        ),
        *("rviz:=true", "use_sim_time:=true"),
        environment=environment,
    )
    wait_for(process, lambda: "camera 'rear' on /rear/image_raw" in process.log.read_text())
    time.sleep(1.0)
    assert opened() == [], "an RViz in some other frame shows nothing"
    assert "RViz waits for each camera's first tracked image" in process.log.read_text()

    send_images(observer, "/front/image_raw", "front_optical")
    wait_for(process, lambda: len(opened()) == 1, observer)
    send_images(observer, "/rear/image_raw", "rear_optical")
    wait_for(process, lambda: len(opened()) == 2, observer)
    found = {argument_after(window, "-f"): window for window in opened()}
    assert set(found) == {"front_optical", "rear_optical"}
    assert "__ns:=/robot/front" in found["front_optical"]
    assert "__ns:=/robot/rear" in found["rear_optical"]
    assert all("use_sim_time: true" in window for window in opened())
    assert "RViz shows /robot/rear/overlay, fixed frame rear_optical" in process.log.read_text()


def test_a_frame_that_is_given_needs_no_image(launch_file, wait_for, weights, windows):
    environment, opened = windows
    arguments = (f"weights:={weights}", "rviz:=true", "rviz_frame:=base_link")
    process = launch_file("tracker", *QUICK, *arguments, environment=environment)
    wait_for(process, lambda: opened() != [])
    (window,) = opened()
    assert argument_after(window, "-f") == "base_link"
    assert argument_after(window, "-d").endswith("config/rednet.rviz")
    assert {"image:=/camera/image_raw", "/camera_info:=/camera/camera_info"} <= set(window.splitlines())
    assert "use_sim_time: false" in window


def test_a_configuration_of_the_users_opens_at_once_as_it_is(launch_file, wait_for, windows, tmp_path):
    environment, opened = windows
    (tmp_path / "mine.rviz").write_text("Fixed Frame: map")
    arguments = ("autostart:=false", "rviz:=true", "cameras:=front,rear", f"rviz_config:={tmp_path}/mine.rviz")
    process = launch_file("tracker", *arguments, environment=environment)
    wait_for(process, lambda: opened() != [])
    (window,) = opened()
    assert "-f" not in window.splitlines()
    assert argument_after(window, "-d") == str(tmp_path / "mine.rviz")
    assert "__ns:=/\n" in window + "\n"


def test_waiting_for_images_keeps_no_launch_alive(launch_file, wait_for, weights, windows):
    process = launch_file(
        "tracker", f"weights:={weights}", "device:=cpu", "backend:=torch", "rviz:=true", environment=windows[0]
    )
    wait_for(process, lambda: "waiting for images" in process.log.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 0, process.log.read_text()
    assert "Traceback" not in process.log.read_text()


def test_a_configuration_that_does_not_exist_is_named(launch_file, windows):
    process = launch_file("tracker", "rviz:=true", "rviz_config:=/nowhere/my.rviz", environment=windows[0])
    assert process.wait(90) != 0
    assert "rviz_config:=/nowhere/my.rviz: there is no such file" in process.log.read_text()
    assert "process started" not in process.log.read_text()
