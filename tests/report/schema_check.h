// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mmcheck::report {

/// What is wrong with `value` by `schema`: the part of JSON Schema that docs/reference/*.json use
/// (type, const, enum, required, properties, additionalProperties, items).
std::vector<std::string> schema_errors(const nlohmann::json& schema, const nlohmann::json& value,
                                       const std::string& path = "$");

/// Reads a schema from docs/reference.
nlohmann::json load_schema(const std::string& name);

}  // namespace mmcheck::report
