// SPDX-License-Identifier: Apache-2.0
#include "report/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sample.h"
#include "schema_check.h"

namespace mmcheck::report {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

json parse_line(const std::string& text) {
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "not one line: " << text;
  return json::parse(text);
}

TEST(ResultJson, FollowsTheDocumentedSchema) {
  const json schema = load_schema("result.schema.json");
  Verdict verdict = held("a", "linux-6.2", 12);
  verdict.condition = Condition{"exists", "0:r0=1", true};
  verdict.bounds.executions_max = 20;
  verdict.seed = 18446744073709551615u;
  verdict.only_rule = "R-FREE";
  EXPECT_THAT(schema_errors(schema, parse_line(to_json(verdict))), IsEmpty());
  EXPECT_THAT(schema_errors(schema, parse_line(to_json(violated("a", "d", "R-WRITE", 3)))),
              IsEmpty());
  verdict.expected.reset();
  verdict.met = Met::Unknown;
  verdict.outcome = Outcome::Incomplete;
  EXPECT_THAT(schema_errors(schema, parse_line(to_json(verdict))), IsEmpty());
}

TEST(ResultJson, FollowsTheSchemaWhereASearchWasPartial) {
  const json schema = load_schema("result.schema.json");
  const json bounded = parse_line(to_json(held_bounded("a", "d", 383, 2)));
  EXPECT_THAT(schema_errors(schema, bounded), IsEmpty());
  EXPECT_EQ(bounded["verdict"], "bounded");
  EXPECT_EQ(bounded["coverage"], "bounded");
  EXPECT_EQ(bounded["complete"], false);
  EXPECT_EQ(bounded["preemptions"], 2);
  EXPECT_EQ(bounded["bounds"]["preemptions_max"], 2);
  EXPECT_EQ(bounded["sample"], nullptr);
  const json walks = parse_line(to_json(held_sampled("a", "d", 1000)));
  EXPECT_THAT(schema_errors(schema, walks), IsEmpty());
  EXPECT_EQ(walks["verdict"], "sampled");
  EXPECT_EQ(walks["sample"]["schedules_error"], 31'000);
  EXPECT_EQ(walks["preemptions"], nullptr);
  Verdict verdict = held_sampled("a", "d", 1000);
  verdict.sample->schedules.reset();
  verdict.sample->guarantee = Guarantee{3, 40, 3, 1.0 / 4800, 0.1234};
  verdict.bounds.depth = 3;
  const json pct = parse_line(to_json(verdict));
  EXPECT_THAT(schema_errors(schema, pct), IsEmpty());
  EXPECT_EQ(pct["sample"]["schedules"], nullptr);
  EXPECT_EQ(pct["sample"]["guarantee"]["in_all"], 0.1234);
}

TEST(ResultJson, TellsTheVerdict) {
  const json result = parse_line(to_json(violated("a+b", "linux-6.1", "R-WRITE", 37)));
  EXPECT_EQ(result["schema"], "mmcheck.result/1");
  EXPECT_EQ(result["scenario"], "a+b");
  EXPECT_EQ(result["design"], "linux-6.1");
  EXPECT_EQ(result["verdict"], "violated");
  EXPECT_EQ(result["rule"], "R-WRITE");
  EXPECT_EQ(result["executions"], 37);
  EXPECT_EQ(result["complete"], true);
  EXPECT_EQ(result["steps"], 37 * 40);
  EXPECT_EQ(result["seconds"], 0.25);
  EXPECT_EQ(result["schedule"], "0*4.2.1:7.0*2");
  EXPECT_EQ(result["replay"], "a+b@linux-6.1:0*4.2.1:7.0*2");
  EXPECT_EQ(result["met"], true);
  EXPECT_EQ(result["counterexample"]["context_switches"], 3);
  EXPECT_EQ(result["bounds"]["executions_max"], nullptr);
}

TEST(ResultJson, LeavesOutNothing) {
  Verdict verdict = held("a", "d", 1);
  verdict.expected.reset();
  verdict.met = Met::Unknown;
  const json result = parse_line(to_json(verdict));
  for (const char* name :
       {"rule", "schedule", "replay", "counterexample", "expected", "met", "only_rule"}) {
    EXPECT_TRUE(result.contains(name)) << name;
    EXPECT_EQ(result[name], nullptr) << name;
  }
}

TEST(ResultJson, NamesTheOnlyRuleThatWasWatched) {
  Verdict verdict = violated("a", "d", "R-WRITE", 1);
  verdict.only_rule = "R-WRITE";
  const json result = parse_line(to_json(verdict));
  EXPECT_EQ(result["only_rule"], "R-WRITE");
  EXPECT_EQ(result["replay"], verdict.replay);  // the argument, not the command
}

TEST(ResultJson, SurvivesNamesThatAreNotUtf8) {
  Verdict verdict = held("a\xff", "d", 1);
  verdict.file = "line\nbreak\".litmus";
  const json result = parse_line(to_json(verdict));
  EXPECT_EQ(result["scenario"], "a\xef\xbf\xbd");
  EXPECT_EQ(result["file"], "line\nbreak\".litmus");
}

TEST(TraceJson, FollowsTheDocumentedSchema) {
  const json schema = load_schema("trace.schema.json");
  trace::Record record = three_cpus();
  const RecordOrigin origin{"munmap+store+msync", "catalog/munmap+store+msync.litmus", "linux-6.1"};
  EXPECT_THAT(schema_errors(schema, parse_line(to_json(record, origin))), IsEmpty());
  EXPECT_EQ(parse_line(to_json(record, origin))["only_rule"], nullptr);
  record.violation.reset();
  const json of_one_rule = parse_line(to_json(record, {"a", "a.litmus", "d", "R-FREE"}));
  EXPECT_THAT(schema_errors(schema, of_one_rule), IsEmpty());
  EXPECT_EQ(of_one_rule["only_rule"], "R-FREE");
  EXPECT_THAT(schema_errors(schema, parse_line(to_json(record, origin))), IsEmpty());
}

TEST(TraceJson, NumbersStepsAsTheColumnsDo) {
  const json trace = parse_line(to_json(two_cpus(), {"a", "a.litmus", "d"}));
  EXPECT_EQ(trace["schema"], "mmcheck.trace/1");
  EXPECT_EQ(trace["schedule"], "0*4.1.0*2");
  EXPECT_EQ(trace["steps"].size(), 7u);
  EXPECT_EQ(trace["steps"][0]["step"], 1);
  EXPECT_EQ(trace["steps"][4]["notes"], json::array({"through a stale TLB entry"}));
  EXPECT_EQ(trace["violation"]["broken_at"], 5);
  EXPECT_EQ(trace["violation"]["steps"], json::array({2, 4, 5}));
}

TEST(SchemaCheck, FindsWhatIsWrong) {
  const json schema = load_schema("result.schema.json");
  json result = parse_line(to_json(held("a", "d", 1)));
  result.erase("rule");
  result["verdict"] = "maybe";
  result["steps"] = "many";
  result["surprise"] = 1;
  EXPECT_EQ(schema_errors(schema, result).size(), 4u);
}

}  // namespace
}  // namespace mmcheck::report
