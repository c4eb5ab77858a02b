// SPDX-License-Identifier: Apache-2.0
#include "cli/json_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace mmcheck::cli {
namespace {

std::string read_file(const std::string& path) {
  constexpr std::size_t kBytesMax = std::size_t{1} << 24;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(SourcePlace{path, 0, 0}, "cannot open the file");
  std::string text(kBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || (in.fail() && !in.eof())) {
    throw InputError(SourcePlace{path, 0, 0}, "cannot read the file");
  }
  if (text.size() > kBytesMax) throw InputError(SourcePlace{path, 0, 0}, "the file is too large");
  return text;
}

}  // namespace

JsonFile::JsonFile(const std::string& path)
    : path_(path), text_(read_file(path)), members_(parse()) {
  if (!members_.is_object()) {
    throw InputError(SourcePlace{path_, 1, 1}, "expected an object: a test for each name");
  }
}

Json JsonFile::parse() const {
  constexpr int kDepthMax = 8;
  std::set<std::string> names;
  const auto check = [&](int depth, Json::parse_event_t event, const Json& value) {
    if (depth > kDepthMax) throw InputError(SourcePlace{path_, 0, 0}, "nested too deeply");
    const bool is_name = depth == 1 && event == Json::parse_event_t::key;
    if (is_name && !names.insert(value.get<std::string>()).second) {
      const auto name = value.get<std::string>();
      throw InputError(place_of(name), fmt::format("test '{}' stands there twice", name));
    }
    return true;
  };
  try {
    return Json::parse(text_, check);
  } catch (const Json::parse_error& error) {
    throw InputError(place_at(error.byte > 0 ? error.byte - 1 : 0), "this is not JSON");
  }
}

SourcePlace JsonFile::place_at(std::size_t byte) const {
  const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text_.size()));
  const auto line_begin = std::find(std::make_reverse_iterator(end), text_.rend(), '\n').base();
  return {path_, static_cast<unsigned>(1 + std::count(text_.begin(), end, '\n')),
          static_cast<unsigned>(1 + (end - line_begin))};
}

SourcePlace JsonFile::place_of(const std::string& name) const {
  const std::string key = Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = text_.find(key); at != std::string::npos; at = text_.find(key, at + 1)) {
    const std::size_t next = text_.find_first_not_of(" \t\r\n", at + key.size());
    if (next != std::string::npos && text_[next] == ':') {
      SourcePlace place = place_at(at);
      place.column = 0;
      return place;
    }
  }
  return {path_, 0, 0};
}

}  // namespace mmcheck::cli
