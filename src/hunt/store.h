// SPDX-License-Identifier: Apache-2.0
// A campaign's results in an SQLite database, from which it can be taken up again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hunt/campaign.h"

namespace SQLite {
class Database;
}

namespace mmcheck::hunt {

/// One campaign per file. After a kill at any moment the file holds a state that the campaign has
/// been in; taken up from there, it ends with the same content as one that was never killed. States
/// and steps are not in it: they may differ from run to run.
class Store final : public Journal {
 public:
  /// Opens or creates the file. `identity` is all that the results depend on; `due` is asked after
  /// each program whether to write. Throws InputError if the file is another campaign's, or no
  /// database.
  Store(const std::string& path, const std::string& identity, const Space& space,
        std::function<bool()> due);
  ~Store() override;

  std::vector<Level> levels() override { return levels_; }
  std::vector<Finding> findings() override { return findings_; }
  void add(const Level& level, std::span<const Finding> findings) override;

  /// Writes what was kept. Throws InputError if it cannot.
  void flush();

 private:
  void create(const std::string& identity);
  void check(const std::string& identity);
  void read();
  void read_levels();
  void read_findings();

  std::string path_;
  const Space& space_;
  std::function<bool()> due_;
  std::unique_ptr<SQLite::Database> database_;
  std::vector<Level> levels_;      ///< as they were when the file was opened
  std::vector<Finding> findings_;  ///< likewise
  Level level_;                    ///< not yet written, if `kept_`
  std::vector<std::pair<unsigned, Finding>> unwritten_;
  bool kept_ = false;
};

}  // namespace mmcheck::hunt
