# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NAME = "wayscout_sim"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test", "test.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    entry_points={"console_scripts": [f"simulator = {NAME}.simulator:main"]},
    zip_safe=False,
    maintainer="Wayscout maintainers",
    maintainer_email="maintainers@wayscout.example.org",
    description="The embedded simulator of Wayscout.",
    license="Apache-2.0",
    tests_require=["pytest"],
)
