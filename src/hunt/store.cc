// SPDX-License-Identifier: Apache-2.0
#include "hunt/store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "base/error.h"

namespace mmcheck::hunt {

namespace {

constexpr const char* kSchema = R"(
  CREATE TABLE campaign (identity TEXT NOT NULL);
  CREATE TABLE level (
    operations INTEGER PRIMARY KEY, programs INTEGER NOT NULL, refused INTEGER NOT NULL,
    cut_short INTEGER NOT NULL, failed INTEGER NOT NULL, executions INTEGER NOT NULL,
    exercised TEXT NOT NULL, done INTEGER NOT NULL);
  CREATE TABLE finding (
    operations INTEGER NOT NULL, ordinal INTEGER NOT NULL, rule TEXT NOT NULL,
    cause TEXT NOT NULL, program TEXT NOT NULL, key BLOB NOT NULL, executions INTEGER NOT NULL,
    schedule TEXT NOT NULL, PRIMARY KEY (operations, ordinal, rule));
)";

std::string names_of(rules::RuleSet rules) {
  std::string names;
  for (const rules::Rule& rule : rules::rules()) {
    if (rules.contains(rule.id)) names += (names.empty() ? "" : " ") + std::string(rule.name);
  }
  return names;
}

rules::RuleSet rules_of(const std::string& names) {
  rules::RuleSet rules;
  for (const rules::Rule& rule : rules::rules()) {
    if ((" " + names + " ").find(" " + std::string(rule.name) + " ") != std::string::npos) {
      rules.add(rule.id);
    }
  }
  return rules;
}

std::int64_t to_sql(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t from_sql(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}

void write_level(SQLite::Database& database, const Level& level) {
  SQLite::Statement insert(database, "INSERT OR REPLACE INTO level VALUES (?,?,?,?,?,?,?,?)");
  insert.bind(1, level.operations);
  insert.bind(2, to_sql(level.programs));
  insert.bind(3, to_sql(level.refused));
  insert.bind(4, to_sql(level.cut_short));
  insert.bind(5, to_sql(level.failed));
  insert.bind(6, to_sql(level.executions));
  insert.bind(7, names_of(level.exercised));
  insert.bind(8, level.done ? 1 : 0);
  insert.exec();
}

void write_finding(SQLite::Database& database, const Space& space, unsigned operations,
                   const Finding& finding) {
  const std::string key = finding.program.key();
  SQLite::Statement insert(database, "INSERT INTO finding VALUES (?,?,?,?,?,?,?,?)");
  insert.bind(1, operations);
  insert.bind(2, to_sql(finding.ordinal));
  insert.bind(3, finding.rule);
  insert.bind(4, finding.cause);
  insert.bind(5, space.text(finding.program));
  insert.bind(6, key.data(), static_cast<int>(key.size()));
  insert.bind(7, to_sql(finding.executions));
  insert.bind(8, trace::encode(finding.schedule));
  insert.exec();
}

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw InputError({path, 0, 0}, what);
}

}  // namespace

Store::Store(const std::string& path, const std::string& identity, const Space& space,
             std::function<bool()> due)
    : path_(path), space_(space), due_(std::move(due)) {
  try {
    database_ =
        std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Statement tables(*database_, "SELECT count(*) FROM sqlite_master");
    tables.executeStep();
    if (tables.getColumn(0).getInt() == 0) {
      create(identity);
    } else {
      check(identity);
      read();
    }
  } catch (const SQLite::Exception& error) {
    refuse(path, std::string("cannot use it as a database of a campaign: ") + error.what());
  }
}

Store::~Store() = default;

void Store::create(const std::string& identity) {
  SQLite::Transaction transaction(*database_);
  database_->exec(kSchema);
  SQLite::Statement insert(*database_, "INSERT INTO campaign VALUES (?)");
  insert.bind(1, identity);
  insert.exec();
  transaction.commit();
}

void Store::check(const std::string& identity) {
  SQLite::Statement select(*database_, "SELECT identity FROM campaign");
  if (!select.executeStep() || select.getColumn(0).getString() != identity) {
    refuse(path_, "holds another campaign: design, bounds and options must be the same");
  }
}

void Store::read() {
  read_levels();
  read_findings();
}

void Store::read_levels() {
  SQLite::Statement select(*database_, "SELECT * FROM level ORDER BY operations");
  while (select.executeStep()) {
    levels_.push_back({.operations = select.getColumn(0).getUInt(),
                       .programs = from_sql(select.getColumn(1)),
                       .refused = from_sql(select.getColumn(2)),
                       .cut_short = from_sql(select.getColumn(3)),
                       .failed = from_sql(select.getColumn(4)),
                       .executions = from_sql(select.getColumn(5)),
                       .exercised = rules_of(select.getColumn(6).getString()),
                       .done = select.getColumn(7).getInt() != 0});
  }
}

void Store::read_findings() {
  SQLite::Statement select(*database_,
                           "SELECT ordinal, rule, cause, key, executions, schedule FROM finding "
                           "ORDER BY operations, ordinal, rowid");
  while (select.executeStep()) {
    const SQLite::Column key = select.getColumn(3);
    const std::string bytes(static_cast<const char*>(key.getBlob()),
                            static_cast<std::size_t>(key.getBytes()));
    findings_.push_back({.program = space_.program_of(bytes),
                         .ordinal = from_sql(select.getColumn(0)),
                         .rule = select.getColumn(1).getString(),
                         .cause = select.getColumn(2).getString(),
                         .executions = from_sql(select.getColumn(4)),
                         .schedule = trace::decode(select.getColumn(5).getString())});
  }
}

void Store::add(const Level& level, std::span<const Finding> findings) {
  level_ = level;
  kept_ = true;
  for (const Finding& finding : findings) unwritten_.emplace_back(level.operations, finding);
  if (level.done || due_()) flush();
}

void Store::flush() {
  if (!kept_) return;
  try {
    SQLite::Transaction transaction(*database_);
    write_level(*database_, level_);
    for (const auto& [operations, finding] : unwritten_) {
      write_finding(*database_, space_, operations, finding);
    }
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    refuse(path_, std::string("cannot write the results: ") + error.what());
  }
  unwritten_.clear();
  kept_ = false;
}

}  // namespace mmcheck::hunt
