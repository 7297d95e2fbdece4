"""Makes what the project runs in: a virtual environment with ROS 2, and the built messages. Standard library only."""
