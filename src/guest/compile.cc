// SPDX-License-Identifier: Apache-2.0
#include "guest/compile.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "guest/constructors.h"
#include "guest/functions.h"
#include "host/command.h"

namespace mmcheck::guest {

namespace fs = std::filesystem;

namespace {

bool is_cxx(const fs::path& source) {
  const std::string extension = source.extension().string();
  return extension == ".cc" || extension == ".cpp" || extension == ".cxx";
}

/// The compiler's own words are the best message, but for the lines of it that follow.
[[noreturn]] void refuse(const std::string& source, const host::CommandResult& result,
                         const std::string& tool) {
  if (result.status == 127) {
    throw InputError("'" + tool + "' could not be run: mmcheck run needs the machine's C compiler");
  }
  throw InputError(source + ": does not compile:\n" + result.output);
}

void compile_one(const std::string& source, const fs::path& object,
                 const std::vector<std::string>& flags) {
  if (!fs::exists(source)) throw InputError(source + ": no such file");
  const std::string compiler = is_cxx(source) ? "c++" : "cc";
  // Without optimisation each access stands where it is written, and is called what it is there.
  std::vector<std::string> words = {compiler,
                                    "-c",
                                    "-g",
                                    "-O0",
                                    "-fPIC",
                                    "-fno-builtin",  // else memcpy() may be instructions
                                    "-w",
                                    "-fsanitize=thread",
                                    "--param=tsan-distinguish-volatile=1",
                                    "--param=tsan-instrument-func-entry-exit=0"};
  // What ends an execution goes up through the guest's frames: none of them may stop it. And a
  // register that a thread keeps something in is no part of its stack: see Runtime::turn.
  words.emplace_back(is_cxx(source) ? "-fno-exceptions" : "-Dregister=");
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {source, "-o", object.string()});
  const host::CommandResult result = host::run_command(words);
  if (result.status != 0) refuse(source, result, compiler);
}

/// A symbol that an object wants from elsewhere, and a place that wants it.
struct Wanted {
  std::string name;
  std::string place;
};

std::vector<Wanted> undefined_symbols(const fs::path& object) {
  const host::CommandResult result = host::run_command({"nm", "-u", "-l", object.string()});
  if (result.status != 0) refuse(object.string(), result, "nm");
  std::vector<Wanted> wanted;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Wanted symbol;
    std::string kind;
    words >> kind >> symbol.name >> symbol.place;
    if (!symbol.name.empty()) wanted.push_back(symbol);
  }
  return wanted;
}

std::vector<std::string> defined_symbols(const fs::path& object) {
  const host::CommandResult result = host::run_command(
      {"nm", "--defined-only", "--extern-only", "--format=posix", object.string()});
  std::vector<std::string> names;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);)
    names.push_back(line.substr(0, line.find(' ')));
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  for (const std::string& one : names) {
    if (one == name) return true;
  }
  return false;
}

/// Calls of what mmcheck has become calls of that.
void redirect(const fs::path& object, const std::vector<std::string>& own, Compiled& guest) {
  const fs::path list = object.string() + ".names";
  std::ofstream out(list);
  std::string refused;
  for (const Wanted& symbol : undefined_symbols(object)) {
    if (contains(own, symbol.name)) continue;
    switch (support_of(symbol.name)) {
      case Support::Kernel:
        guest.needs_kernel = true;
        [[fallthrough]];
      case Support::Own:
        guest.owns_memory |= owns_memory(symbol.name);
        out << symbol.name << ' ' << kPrefix << symbol.name << '\n';
        break;
      case Support::Library:
        break;
      case Support::None:
        refused += (refused.empty() ? "" : "\n") +
                   (symbol.place.empty() ? object.stem().string() : symbol.place) + ": " +
                   symbol.name + "() is not supported";
        break;
    }
  }
  if (!refused.empty()) throw InputError(refused);
  out.close();
  const host::CommandResult result =
      host::run_command({"objcopy", "--redefine-syms=" + list.string(), object.string()});
  if (result.status != 0) refuse(object.string(), result, "objcopy");
}

}  // namespace

Compiled compile(const CompileOptions& options, const host::TemporaryFolder& folder) {
  std::vector<fs::path> objects;
  std::vector<std::string> own;
  bool cxx = false;
  for (const std::string& source : options.sources) {
    cxx |= is_cxx(source);
    objects.push_back(folder.path() / (std::to_string(objects.size()) + ".o"));
    compile_one(source, objects.back(), options.flags);
    for (std::string& name : defined_symbols(objects.back())) own.push_back(std::move(name));
  }
  if (!contains(own, "main")) throw InputError(options.sources.front() + ": has no main()");
  Compiled guest{.path = folder.path() / "guest.so"};
  for (const fs::path& object : objects) redirect(object, own, guest);
  std::vector<std::string> words = {cxx ? "c++" : "cc", "-shared", "-Wl,-z,now",
                                    "-Wl,-Bsymbolic",   "-o",      guest.path.string()};
  for (const fs::path& object : objects) words.push_back(object.string());
  words.emplace_back("-lm");
  const host::CommandResult result = host::run_command(words);
  if (result.status != 0) refuse(options.sources.front(), result, words.front());
  take_constructors(guest.path);
  return guest;
}

}  // namespace mmcheck::guest
