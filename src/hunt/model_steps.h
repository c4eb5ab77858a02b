// SPDX-License-Identifier: Apache-2.0
// All steps that the model can name. The build reads them out of its sources: scripts/step_list.
#pragma once

#include <span>
#include <string_view>

namespace mmcheck::hunt {

struct ModelStep {
  std::string_view text;  ///< without its arguments: "folio_lock({})"
  std::string_view file;  ///< the first that has it: "mm/folio.cc"
};

/// By their texts.
std::span<const ModelStep> model_steps();

}  // namespace mmcheck::hunt
