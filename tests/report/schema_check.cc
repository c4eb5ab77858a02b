// SPDX-License-Identifier: Apache-2.0
#include "schema_check.h"

#include <algorithm>
#include <fstream>

namespace mmcheck::report {
namespace {

using nlohmann::json;

bool has_type(const json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == value.type_name();
}

bool type_matches(const json& types, const json& value) {
  if (types.is_string()) return has_type(value, types);
  return std::any_of(types.begin(), types.end(),
                     [&](const json& type) { return has_type(value, type); });
}

}  // namespace

std::vector<std::string> schema_errors(const json& schema, const json& value,
                                       const std::string& path) {
  std::vector<std::string> errors;
  const auto append = [&errors](std::vector<std::string> more) {
    errors.insert(errors.end(), more.begin(), more.end());
  };
  if (schema.contains("type") && !type_matches(schema["type"], value)) {
    return {path + ": is a " + value.type_name() + ", not " + schema["type"].dump()};
  }
  if (schema.contains("const") && schema["const"] != value) {
    errors.push_back(path + ": is " + value.dump() + ", not " + schema["const"].dump());
  }
  if (schema.contains("enum") &&
      std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
    errors.push_back(path + ": " + value.dump() + " is not one of " + schema["enum"].dump());
  }
  if (value.is_object()) {
    for (const json& name : schema.value("required", json::array())) {
      if (!value.contains(name)) errors.push_back(path + ": has no " + name.dump());
    }
    const json properties = schema.value("properties", json::object());
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name)) {
        append(schema_errors(properties[name], member, path + "." + name));
      } else {
        errors.push_back(path + ": \"" + name + "\" is not documented");
      }
    }
  }
  if (value.is_array() && schema.contains("items")) {
    for (const json& item : value) append(schema_errors(schema["items"], item, path + "[]"));
  }
  return errors;
}

json load_schema(const std::string& name) {
  std::ifstream in("docs/reference/" + name);
  return json::parse(in);
}

}  // namespace mmcheck::report
