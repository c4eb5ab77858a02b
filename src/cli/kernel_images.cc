// SPDX-License-Identifier: Apache-2.0
#include "cli/kernel_images.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/error.h"
#include "lab/machine.h"

namespace mmcheck::cli {

namespace fs = std::filesystem;

namespace {

fs::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return cache;
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache";
  throw InputError("neither XDG_CACHE_HOME nor HOME says where kernels are to be kept");
}

}  // namespace

void add_image_options(CLI::App& command, KernelOptions& options) {
  CLI::Option* image =
      command.add_option("--image", options.image, "A bzImage instead of one that was fetched")
          ->type_name("FILE");
  command
      .add_option("--modules", options.modules,
                  "The folder of its modules; brd is needed (a RAM disk)")
      ->type_name("DIR")
      ->needs(image);
}

lab::ImageStore image_store() { return lab::ImageStore(cache_folder() / "mmcheck" / "kernels"); }

lab::Image find_image_or_throw(const KernelOptions& options, const Console& console) {
  std::string missing = lab::missing_programs();
  const lab::ImageStore store = image_store();
  if (!options.image.empty()) {
    if (!missing.empty()) throw InputError(missing);
    return store.open(options.image, options.modules);
  }
  const auto image = store.find(options.version);
  if (!image) {
    if (!missing.empty()) missing += "\nmmcheck: ";
    missing += fmt::format("Linux {0} has not been fetched: {1} kernel fetch {0}", options.version,
                           console.program);
  }
  if (!missing.empty()) throw InputError(missing);
  return *image;
}

}  // namespace mmcheck::cli
