"""RED-Net face landmark tracking for ROS 2."""

import pkgutil

# A source checkout on sys.path must not hide the built rednet_ros.msg of a ROS workspace.
__path__ = pkgutil.extend_path(__path__, __name__)

__version__ = "0.2.0"
