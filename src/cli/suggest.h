// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::cli {

/// " (did you mean 'linux-6.2'?)" with the candidate that is nearest to `word`; empty if none is
/// near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mmcheck::cli
