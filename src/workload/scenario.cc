// SPDX-License-Identifier: Apache-2.0
#include "workload/scenario.h"

#include "workload/read_file.h"

namespace mmcheck::workload {

const char* spelling(Operator oper) {
  switch (oper) {
    case Operator::Negate:
      return "-";
    case Operator::Complement:
      return "~";
    case Operator::Not:
      return "!";
    case Operator::Add:
      return "+";
    case Operator::Subtract:
      return "-";
    case Operator::Multiply:
      return "*";
    case Operator::BitAnd:
      return "&";
    case Operator::BitOr:
      return "|";
    case Operator::BitXor:
      return "^";
    case Operator::Equal:
      return "==";
    case Operator::NotEqual:
      return "!=";
    case Operator::Less:
      return "<";
    case Operator::LessEqual:
      return "<=";
    case Operator::Greater:
      return ">";
    case Operator::GreaterEqual:
      return ">=";
    case Operator::And:
      return "&&";
    case Operator::Or:
      return "||";
  }
  return "";
}

Scenario load_scenario(const std::string& path) {
  return parse_scenario(read_file(path, "scenario"), path);
}

}  // namespace mmcheck::workload
