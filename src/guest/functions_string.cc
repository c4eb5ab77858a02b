// SPDX-License-Identifier: Apache-2.0
// Strings. Where they are the guest's own, the C library's functions do; memory that the model maps
// has to be read by the model.
#include <strings.h>

#include <algorithm>
#include <cstring>

#include "guest/guest_function.h"
#include "guest/text.h"

namespace mmcheck::guest {

namespace {

bool is_user(const void* memory) { return runtime().is_user(address_of(memory)); }

/// The guest's own memory is looked at: loads, as of any other memory.
void look_at(const char* text, Place place, std::size_t bytes_max = SIZE_MAX) {
  runtime().check_readable(text, place);
  if (is_user(text)) return;
  runtime().load_range(text, strnlen(text, bytes_max == SIZE_MAX ? bytes_max : bytes_max - 1) + 1,
                       place);
  runtime().effect();  // The next one from here is not a loop's next turn.
}

/// What `search(string)` finds in it, as a pointer of the guest's.
template <typename Search>
char* find_in(const char* text, Place place, Search search) {
  const ScratchString copy = take_string(text, place);
  const char* found = search(copy.c_str());
  return found == nullptr ? nullptr : const_cast<char*>(text) + (found - copy.c_str());
}

void put_string(char* to, const ScratchString& text, Place place) {
  runtime().put_bytes(to, std::as_bytes(std::span(text.c_str(), text.size() + 1)), place);
}

}  // namespace

GUEST(std::size_t, strlen, const char* text) {
  look_at(text, PLACE);
  return is_user(text) ? take_string(text, PLACE).size() : std::strlen(text);
}
GUEST(std::size_t, strnlen, const char* text, std::size_t bytes) {
  return is_user(text) ? take_string(text, PLACE, bytes).size() : strnlen(text, bytes);
}
GUEST(int, strcmp, const char* a, const char* b) {
  look_at(a, PLACE);
  look_at(b, PLACE);
  if (!is_user(a) && !is_user(b)) return std::strcmp(a, b);
  return std::strcmp(take_string(a, PLACE).c_str(), take_string(b, PLACE).c_str());
}
GUEST(int, strncmp, const char* a, const char* b, std::size_t bytes) {
  if (bytes == 0) return 0;
  look_at(a, PLACE, bytes);
  look_at(b, PLACE, bytes);
  if (!is_user(a) && !is_user(b)) return std::strncmp(a, b, bytes);
  return std::strncmp(take_string(a, PLACE, bytes).c_str(), take_string(b, PLACE, bytes).c_str(),
                      bytes);
}
GUEST(int, strcasecmp, const char* a, const char* b) {
  look_at(a, PLACE);
  look_at(b, PLACE);
  if (!is_user(a) && !is_user(b)) return strcasecmp(a, b);
  return strcasecmp(take_string(a, PLACE).c_str(), take_string(b, PLACE).c_str());
}
GUEST(char*, strchr, const char* text, int c) {
  look_at(text, PLACE);
  if (!is_user(text)) return const_cast<char*>(std::strchr(text, c));
  return find_in(text, PLACE, [c](const char* copy) { return std::strchr(copy, c); });
}
GUEST(char*, strrchr, const char* text, int c) {
  look_at(text, PLACE);
  if (!is_user(text)) return const_cast<char*>(std::strrchr(text, c));
  return find_in(text, PLACE, [c](const char* copy) { return std::strrchr(copy, c); });
}
GUEST(char*, strstr, const char* text, const char* wanted) {
  look_at(text, PLACE);
  look_at(wanted, PLACE);
  if (!is_user(text) && !is_user(wanted)) return const_cast<char*>(std::strstr(text, wanted));
  const ScratchString word = take_string(wanted, PLACE);
  return find_in(text, PLACE, [&](const char* copy) { return std::strstr(copy, word.c_str()); });
}
GUEST(void*, memchr, const void* memory, int c, std::size_t bytes) {
  if (!is_user(memory)) return const_cast<void*>(std::memchr(memory, c, bytes));
  const ScratchBytes copy = runtime().take_bytes(memory, bytes, PLACE);
  const auto found = std::find(copy.begin(), copy.end(), static_cast<std::byte>(c));
  if (found == copy.end()) return nullptr;
  return static_cast<char*>(const_cast<void*>(memory)) + (found - copy.begin());
}
GUEST(char*, strcpy, char* to, const char* from) {
  runtime().load_range(from, is_user(from) ? 0 : std::strlen(from) + 1, PLACE);
  put_string(to, take_string(from, PLACE), PLACE);
  return to;
}
GUEST(char*, strncpy, char* to, const char* from, std::size_t bytes) {
  runtime().load_range(from, is_user(from) ? 0 : strnlen(from, bytes), PLACE);
  ScratchString text = take_string(from, PLACE, bytes);
  text.resize(bytes, '\0');
  if (bytes != 0) runtime().put_bytes(to, std::as_bytes(std::span(text)), PLACE);
  return to;
}
GUEST(char*, strcat, char* to, const char* from) {
  put_string(to + take_string(to, PLACE).size(), take_string(from, PLACE), PLACE);
  return to;
}

void link_string_functions() {}

}  // namespace mmcheck::guest
