// SPDX-License-Identifier: Apache-2.0
// The steps that a model can name, from its sources: the build runs this over the files of the
// model, and compiles what it prints, which is the source of src/hunt/model_steps.h.
//
//     step_list FOLDER FILE...
//
// A step's text is what a function gets as a StepText, or as `std::string_view format`. Which
// functions these are is read first, from the same files; then the literals that they are given.
// tests/hunt/model_steps_test.cc holds the list against the steps that the catalog runs.
#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

struct Token {
  enum class Kind { Word, Literal, Sign };
  Kind kind = Kind::Sign;
  std::string text;
};
using Tokens = std::vector<Token>;

bool is_word(const Token& token) { return token.kind == Token::Kind::Word; }

std::size_t skip_comment(const std::string& text, std::size_t i) {
  if (text.compare(i, 2, "//") == 0) return std::min(text.find('\n', i), text.size());
  if (text.compare(i, 2, "/*") == 0) return std::min(text.find("*/", i), text.size() - 2) + 2;
  return i;
}

/// Neighbouring literals are one.
void add_literal(Tokens& tokens, const std::string& text) {
  if (!tokens.empty() && tokens.back().kind == Token::Kind::Literal) {
    tokens.back().text += text;
  } else {
    tokens.push_back({Token::Kind::Literal, text});
  }
}

Tokens tokens_of(const std::string& text) {
  Tokens tokens;
  const auto in_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t behind = skip_comment(text, i);
    if (behind != i) {
      i = behind;
      continue;
    }
    std::size_t end = i + 1;
    if (text[i] == '"' || text[i] == '\'') {
      while (end < text.size() && text[end] != text[i]) end += text[end] == '\\' ? 2 : 1;
      if (text[i] == '"') add_literal(tokens, text.substr(i + 1, end - i - 1));
      ++end;
    } else if (in_word(text[i])) {
      while (end < text.size() && in_word(text[end])) ++end;
      // Not 1'000: a digit separator is no character literal.
      while (end + 1 < text.size() && text[end] == '\'' && in_word(text[end + 1])) end += 2;
      tokens.push_back({Token::Kind::Word, text.substr(i, end - i)});
    } else if (std::isspace(static_cast<unsigned char>(text[i])) == 0) {
      tokens.push_back({Token::Kind::Sign, std::string(1, text[i])});
    }
    i = end;
  }
  return tokens;
}

/// A bracket that is open, by the place of its token.
using Open = std::vector<std::size_t>;

void follow_brackets(const Tokens& tokens, std::size_t i, Open& open) {
  if (tokens[i].kind != Token::Kind::Sign) return;
  const char c = tokens[i].text[0];
  if (c == '(' || c == '{' || c == '[') open.push_back(i);
  if ((c == ')' || c == '}' || c == ']') && !open.empty()) open.pop_back();
}

/// The name in front of a bracket: of a function, or of a lambda that is being defined.
std::string name_before(const Tokens& tokens, std::size_t bracket) {
  std::size_t i = bracket;
  if (i > 0 && tokens[i - 1].text == "]") {
    while (i > 0 && tokens[i - 1].text != "[") --i;
    if (i < 3 || tokens[i - 2].text != "=") return {};
    return tokens[i - 3].text;
  }
  return i > 0 && is_word(tokens[i - 1]) ? tokens[i - 1].text : std::string();
}

/// Functions that are handed the text of a step.
void find_functions(const Tokens& tokens, std::set<std::string>& functions) {
  Open open;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    follow_brackets(tokens, i, open);
    const bool by_type = tokens[i].text == "StepText" && i + 2 < tokens.size() &&
                         tokens[i + 1].text == "&" && is_word(tokens[i + 2]);
    const bool by_name =
        tokens[i].text == "string_view" && i + 1 < tokens.size() && tokens[i + 1].text == "format";
    if (!is_word(tokens[i]) || (!by_type && !by_name) || open.empty()) continue;
    const std::string name = name_before(tokens, open.back());
    // A note is about a step, and to render one is not to make it.
    if (!name.empty() && name != "note" && name != "render") functions.insert(name);
  }
}

/// Whether what stands in the innermost of the open brackets is the text of a step.
bool is_step_text(const Tokens& tokens, const Open& open, const std::set<std::string>& functions) {
  for (std::size_t i = open.size(); i-- > 0;) {
    const std::size_t at = open[i];
    if (at == 0) return false;
    const Token& before = tokens[at - 1];
    if (tokens[at].text == "(") {
      if (is_word(before)) return functions.count(before.text) != 0;
      continue;
    }
    if (is_word(before)) {
      return before.text == "StepText" || (at > 1 && tokens[at - 2].text == "StepText");
    }
    if (before.text != "(" && before.text != "," && before.text != ":" && before.text != "?") {
      return false;
    }
  }
  return false;
}

using Steps = std::map<std::string, std::string>;  ///< the file in which it is first

void find_steps(const Tokens& tokens, const std::string& file,
                const std::set<std::string>& functions, Steps& steps) {
  Open open;
  std::size_t format_depth = 0;  ///< brackets around `.format =`, while its value is read
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    follow_brackets(tokens, i, open);
    if (format_depth != 0 &&
        (open.size() < format_depth || (open.size() == format_depth && token.text == ","))) {
      format_depth = 0;
    }
    const bool begins =
        i >= 2 && token.text == "=" && tokens[i - 1].text == "format" && tokens[i - 2].text == ".";
    if (begins && is_step_text(tokens, open, functions)) format_depth = open.size();
    if (token.kind != Token::Kind::Literal) continue;
    const bool handed_over = !open.empty() && tokens[open.back()].text == "(" &&
                             functions.count(name_before(tokens, open.back())) != 0 &&
                             name_before(tokens, open.back()) != "spawn_handler";
    if (format_depth != 0 || handed_over) steps.emplace(token.text, file);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string folder = std::string(argv[1]) + "/";
  std::map<std::string, Tokens> files;
  std::set<std::string> functions;
  for (int i = 2; i < argc; ++i) {
    std::ifstream in(folder + argv[i]);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) {
      std::cerr << "step_list: cannot read " << argv[i] << '\n';
      return 2;
    }
    find_functions(files[argv[i]] = tokens_of(text), functions);
  }
  Steps steps;
  for (const auto& [file, tokens] : files) find_steps(tokens, file, functions, steps);
  std::cout << "#include \"hunt/model_steps.h\"\n\nnamespace mmcheck::hunt {\n"
            << "static constexpr ModelStep kModelSteps[] = {\n";
  for (const auto& [step, file] : steps) {
    std::cout << "    {\"" << step << "\", \"" << file << "\"},\n";
  }
  std::cout << "};\nstd::span<const ModelStep> model_steps() { return kModelSteps; }\n"
            << "}  // namespace mmcheck::hunt\n";
  return steps.empty() ? 2 : 0;
}
