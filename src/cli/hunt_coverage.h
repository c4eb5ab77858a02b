// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hunt/campaign.h"

namespace mmcheck::cli {

/// Which steps of the model a campaign has made, which never; and which of them in conflict.
std::string coverage_text(const hunt::Campaign& campaign);
/// A line.
std::string coverage_json(const hunt::Campaign& campaign, std::string_view design);

}  // namespace mmcheck::cli
