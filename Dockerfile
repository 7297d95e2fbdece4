# The tracker on a CPU. Not built yet, for want of a machine that reaches an image registry.
#   docker build -t rednet_ros . && docker run --rm --net=host --ipc=host rednet_ros \
#       ros2 launch rednet_ros tracker.launch.py image:=/camera/image_raw
# compose.yaml tracks a webcam.

FROM ros:jazzy-perception AS build
WORKDIR /ws
COPY . src/rednet_ros
RUN apt-get update && rosdep update --rosdistro jazzy \
    && rosdep install --from-paths src --ignore-src -y -t build -t buildtool -t exec
RUN . /opt/ros/jazzy/setup.sh \
    && colcon build --merge-install --install-base /opt/rednet_ros --packages-select rednet_ros \
        --cmake-args -DBUILD_TESTING=OFF
# The last stage has no rosdep: the Debian names of what runs.
RUN rosdep keys --from-paths src --ignore-src -t exec | xargs rosdep resolve | grep -v '^#' > /runtime_packages.txt

FROM ros:jazzy-ros-core
COPY --from=build /runtime_packages.txt /
RUN apt-get update && xargs apt-get install -y --no-install-recommends < /runtime_packages.txt \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/rednet_ros /opt/rednet_ros
# Fast DDS shares memory with nodes outside only where they run as the same user; on most desktops that is 1000.
USER 1000
ENV HOME=/tmp
ENTRYPOINT ["bash", "-c", ". /opt/rednet_ros/setup.bash && exec \"$@\"", "rednet_ros"]
CMD ["ros2", "launch", "rednet_ros", "tracker.launch.py"]
