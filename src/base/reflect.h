// SPDX-License-Identifier: Apache-2.0
// What the compiler knows of a type: the names of enumerators and members, the number of members.
// So a table of them cannot differ from what it is a table of.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace mmcheck {

namespace reflect {

/// `Value` as the compiler writes it: "mmcheck::mm::Step::Kept", "&mmcheck::mm::Policies::zap", or,
/// where no enumerator has this value, "(mmcheck::mm::Step)7".
template <auto Value>
consteval std::string_view spelled() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("Value = ") + std::string_view("Value = ").size());
  return text.substr(0, text.find_first_of(";]"));
}

constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// "AfterFlush" becomes "after-flush".
template <auto Value>
struct Word;

/// Takes an Any for each member until it has too many.
struct Any {
  template <typename T>
  operator T() const;  // NOLINT(google-explicit-constructor): stands for any value
};

}  // namespace reflect

/// Of an enumerator or a member: "AfterFlush", "flush_time". Empty for a value without a name.
template <auto Value>
consteval std::string_view name_of() {
  const std::string_view text = reflect::spelled<Value>();
  return text.front() == '(' ? std::string_view{} : text.substr(text.rfind(':') + 1);
}

template <auto Value>
struct reflect::Word {
  static constexpr std::size_t kSize = [] {
    std::size_t size = 0;
    for (const char c : name_of<Value>()) size += is_upper(c) && size > 0 ? 2 : 1;
    return size;
  }();
  static constexpr std::array<char, kSize> kText = [] {
    std::array<char, kSize> text{};
    std::size_t size = 0;
    for (const char c : name_of<Value>()) {
      if (is_upper(c) && size > 0) text[size++] = '-';
      text[size++] = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
  }();
};

/// The enumerator as users write it: "after-flush".
template <auto Value>
inline constexpr std::string_view kWord{reflect::Word<Value>::kText.data(),
                                        reflect::Word<Value>::kSize};

/// How many enumerators there are, where they count from 0.
template <typename Enum, std::size_t Count = 0>
consteval std::size_t nr_enumerators() {
  if constexpr (name_of<static_cast<Enum>(Count)>().empty()) {
    return Count;
  } else {
    return nr_enumerators<Enum, Count + 1>();
  }
}

/// The words of all enumerators, by value.
template <typename Enum>
inline constexpr auto kWords = []<std::size_t... Value>(std::index_sequence<Value...>) {
  return std::array{kWord<static_cast<Enum>(Value)>...};
}
(std::make_index_sequence<nr_enumerators<Enum>()>{});

/// How many members an aggregate has.
template <typename Aggregate, typename... Anys>
consteval std::size_t nr_members() {
  if constexpr (requires { Aggregate{Anys{}..., reflect::Any{}}; }) {
    return nr_members<Aggregate, Anys..., reflect::Any>();
  } else {
    return sizeof...(Anys);
  }
}

}  // namespace mmcheck
