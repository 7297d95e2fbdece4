"""An ament_python package; see package.xml."""

from setuptools import setup

setup(
    name="rednet_attention",
    version="0.1.0",
    license="Apache-2.0",
    packages=["rednet_attention"],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/rednet_attention"]),
        ("share/rednet_attention", ["package.xml"]),
    ],
    entry_points={"console_scripts": ["attention_node = rednet_attention.attention_node:main"]},
)
