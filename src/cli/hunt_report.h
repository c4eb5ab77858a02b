// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/session.h"
#include "design/design.h"
#include "explore/memory.h"
#include "hunt/campaign.h"

namespace mmcheck::cli {

/// Where `--output` puts the finding.
std::string hunt_file_name(const hunt::Space& space, const hunt::Finding& finding);

struct HuntReportOptions {
  bool json = false;
  bool sampled = false;
  std::string restriction{};  ///< " of those looked for: R-WRITE"
};

/// What a campaign prints.
class HuntReport {
 public:
  HuntReport(const hunt::Space& space, const design::Design& design, const Console& console,
             HuntReportOptions options)
      : space_(space), design_(design), console_(console), options_(std::move(options)) {}

  /// `nr_programs`: nothing if they were not counted.
  void begin(std::optional<std::uint64_t> nr_programs) const;
  /// `causes`: the first finding of each rule and cause. `directory`: where their scenarios are.
  void end(const hunt::Campaign& campaign, const std::vector<const hunt::Finding*>& causes,
           explore::MemoryModel memory, const std::string& directory, double seconds) const;

 private:
  void end_json(const hunt::Campaign& campaign, double seconds) const;
  void print_levels(const hunt::Campaign& campaign, double seconds) const;
  void print_findings(const hunt::Campaign& campaign,
                      const std::vector<const hunt::Finding*>& causes) const;
  void print_found_schedule(const hunt::Finding& finding, const workload::Scenario& scenario,
                            explore::MemoryModel memory) const;
  void print_counterexamples(const std::vector<const hunt::Finding*>& causes,
                             explore::MemoryModel memory, const std::string& directory) const;
  void print_failures(const hunt::Campaign& campaign) const;
  void print_coverage(const hunt::Campaign& campaign) const;

  const hunt::Space& space_;
  const design::Design& design_;
  const Console& console_;
  HuntReportOptions options_;
};

}  // namespace mmcheck::cli
