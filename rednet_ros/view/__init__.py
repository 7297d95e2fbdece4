"""The live view: a page in the browser with the image, the heads in space, and plots. Frames in, no ROS.

`rednet_ros.view.view.open_view` is the door; it needs viser (the extra [view]), which brings its page with it.
"""
