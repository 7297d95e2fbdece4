# The tracker on a CPU. Not built yet: it repeats docs/quickstart.md in ROS's own image.
#   docker build -t rednet_ros . && docker run --rm --net=host --ipc=host rednet_ros image:=/camera/image_raw
FROM ros:jazzy
WORKDIR /ws
COPY . src/rednet_ros
RUN apt-get update && rosdep update \
    && rosdep install --from-paths src --ignore-src -y --dependency-types build --dependency-types buildtool --dependency-types exec \
    && rm -rf /var/lib/apt/lists/*
RUN . /opt/ros/jazzy/setup.sh && colcon build --packages-select rednet_ros
ENTRYPOINT ["bash", "-c", ". install/setup.bash && exec ros2 launch rednet_ros tracker.launch.py \"$@\"", "tracker"]
