// Copyright 2026 The Wayscout authors
// SPDX-License-Identifier: Apache-2.0
// Reads an SDF file as Gazebo does and prints what is wrong with it.
#include <iostream>
#include <sdf/sdf.hh>

int main(int, char **argv) {
  sdf::Root root;
  const sdf::Errors errors = root.Load(argv[1]);
  for (const auto &error : errors) std::cerr << error << '\n';
  return errors.empty() ? 0 : 1;
}
