// SPDX-License-Identifier: Apache-2.0
// The machine-readable forms. Each is one line, an object whose "schema" names its version; see
// docs/reference/json.md. Fields are added within a version, never removed or given a new meaning.
#pragma once

#include <string>
#include <string_view>

#include "report/verdict.h"
#include "trace/record.h"

namespace mmcheck::report {

inline constexpr std::string_view kResultSchema = "mmcheck.result/1";
inline constexpr std::string_view kTraceSchema = "mmcheck.trace/1";

/// One line, with its end.
std::string to_json(const Verdict& verdict);

/// What a record is of.
struct RecordOrigin {
  std::string scenario;
  std::string file;
  std::string design;
  std::string only_rule{};  ///< the one that was watched; empty: all were
  std::string memory = "sc";
};

/// One line, with its end. Steps are numbered from 1, as in the columns.
std::string to_json(const trace::Record& record, const RecordOrigin& origin);

}  // namespace mmcheck::report
