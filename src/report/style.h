// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::report {

/// Whether to use terminal colours. The command line decides; plain text goes into mails.
enum class Colour : std::uint8_t { No, Yes };

enum class Emphasis : std::uint8_t { None, Bold, Bad };

inline constexpr unsigned kLineWidth = 100;

/// `text` in terminal colours, or as it is.
std::string paint(Colour colour, Emphasis emphasis, std::string_view text);

/// Breaks `text` into lines of at most `width` characters: at spaces, else after punctuation, else
/// anywhere. All lines but the first are indented by `indent`, which counts to the width.
std::vector<std::string> wrap(std::string_view text, unsigned width, unsigned indent);

/// `text` in single quotes, for a shell.
std::string shell_quoted(std::string_view text);

/// `text` as one word of a shell: quoted only where it has to be.
std::string shell_word(std::string_view text);

/// A labelled paragraph: "why: ..." wrapped, with the text aligned behind the label.
std::string paragraph(std::string_view label, std::string_view text, unsigned label_width,
                      unsigned width = kLineWidth);

}  // namespace mmcheck::report
