# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
from setuptools import setup

NAME = "tf_transformations"

setup(
    name=NAME,
    version="1.1.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    zip_safe=True,
    maintainer="Wayscout maintainers",
    maintainer_email="maintainers@wayscout.example.org",
    description="The functions of tf_transformations that Wayscout uses.",
    license="Apache-2.0",
)
