// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mmcheck::cli {

using Json = nlohmann::ordered_json;

/// One line, with its end. Bytes that are not UTF-8 are replaced: names come from users' files.
inline std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace mmcheck::cli
