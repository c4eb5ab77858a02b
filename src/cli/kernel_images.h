// SPDX-License-Identifier: Apache-2.0
// The real kernels that commands boot: which one is meant, and where things about them are kept.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "cli/session.h"
#include "host/temporary_folder.h"
#include "lab/image.h"

namespace mmcheck::cli {

struct KernelOptions {
  std::string version;  ///< of an image that has been fetched
  std::string image;    ///< a file instead
  std::string modules;  ///< its modules
};

/// `--image` and `--modules`.
void add_image_options(CLI::App& command, KernelOptions& options);

/// Below the user's folder for caches.
lab::ImageStore image_store();

/// Throws InputError, with the commands that help, if the image or what it is run with is missing.
lab::Image find_image_or_throw(const KernelOptions& options, const Console& console);

/// For the files of a virtual machine. All but its log goes when this does.
struct RunFolder : host::TemporaryFolder {
  RunFolder() : host::TemporaryFolder("mmcheck-kernel", "kernel.log") {}
};

}  // namespace mmcheck::cli
