# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Worlds: make one from a seed or a DEM, write and read its folder.

`folder` holds all that a mission may know; `truth` is for simulators, tests and benchmarks alone.
"""
