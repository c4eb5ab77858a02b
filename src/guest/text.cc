// SPDX-License-Identifier: Apache-2.0
#include "guest/text.h"

#include <algorithm>
#include <cstring>

#include "guest/guest_function.h"

namespace mmcheck::guest {

namespace {

constexpr std::size_t kPageBytes = 4096;

/// One conversion: "%-5lu", with the arguments of its stars put in.
struct Conversion {
  ScratchString spec;
  unsigned longs = 0;  ///< how many l; of size_t, ptrdiff_t and intmax_t: 2
  bool long_double = false;
  std::size_t precision = SIZE_MAX;
  char letter = 0;
};

template <typename T>
void add(ScratchString& out, const Conversion& conversion, T value) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int bytes = std::snprintf(nullptr, 0, conversion.spec.c_str(), value);
  if (bytes <= 0) return;
  std::string text(static_cast<std::size_t>(bytes), '\0');
  std::snprintf(text.data(), text.size() + 1, conversion.spec.c_str(), value);
#pragma GCC diagnostic pop
  out += text;
}

/// printf(), one conversion at a time: strings may have to be fetched.
class Formatter {
 public:
  Formatter(va_list arguments, Place place) : place_(place) { va_copy(arguments_, arguments); }
  ~Formatter() { va_end(arguments_); }
  Formatter(const Formatter&) = delete;
  Formatter& operator=(const Formatter&) = delete;

  ScratchString format(const char* at) {
    ScratchString out;
    while (*at != '\0') {
      if (*at != '%') {
        out += *at++;
      } else if (at[1] == '%') {
        out += '%';
        at += 2;
      } else {
        Conversion conversion;
        at = read(at, conversion);
        if (conversion.letter == '\0') break;
        add_one(out, conversion);
      }
    }
    return out;
  }

 private:
  const char* read(const char* at, Conversion& conversion) {
    bool precision = false;
    std::size_t number = 0;
    for (conversion.spec = *at++; *at != '\0'; ++at) {
      if (*at == '*') {
        const int star = va_arg(arguments_, int);
        conversion.spec += std::to_string(star);
        number = static_cast<std::size_t>(std::max(star, 0));
        if (precision) conversion.precision = number;
        continue;
      }
      conversion.spec += *at;
      if (*at >= '0' && *at <= '9') {
        number = 10 * number + static_cast<std::size_t>(*at - '0');
      } else if (*at == '.') {
        precision = true;
        number = 0;
      } else if (std::strchr("hlqjztL", *at) != nullptr) {
        conversion.longs += *at == 'l' ? 1 : (*at == 'h' || *at == 'L' ? 0 : 2);
        conversion.long_double |= *at == 'L';
      } else if (std::strchr("#-+ '", *at) == nullptr) {
        conversion.letter = *at++;
        break;
      }
      if (precision) conversion.precision = number;
    }
    return at;
  }

  void add_one(ScratchString& out, const Conversion& conversion) {
    switch (conversion.letter) {
      case 's': {
        const char* text = va_arg(arguments_, const char*);
        if (text == nullptr) text = "(null)";
        return add(out, conversion, take_string(text, place_, conversion.precision).c_str());
      }
      case 'm':
        out += std::strerror(runtime().error_number());
        return;
      case 'p':
        return add(out, conversion, va_arg(arguments_, void*));
      case 'n':
        runtime().unsupported("printf() with %n is not supported", place_);
      case 'a':
      case 'A':
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (conversion.long_double) return add(out, conversion, va_arg(arguments_, long double));
        return add(out, conversion, va_arg(arguments_, double));
      default:
        if (conversion.longs != 0) return add(out, conversion, va_arg(arguments_, long));
        return add(out, conversion, va_arg(arguments_, int));
    }
  }

  va_list arguments_;
  Place place_;
};

}  // namespace

ScratchString take_string(const char* text, Place place, std::size_t bytes_max) {
  if (!runtime().is_user(address_of(text))) return {text, strnlen(text, bytes_max)};
  ScratchString taken;
  while (taken.size() < bytes_max) {
    const char* from = text + taken.size();
    const std::size_t in_page = kPageBytes - address_of(from) % kPageBytes;
    const std::size_t wanted = std::min(in_page, bytes_max - taken.size());
    const ScratchBytes bytes = runtime().take_bytes(from, wanted, place);
    const auto nul = std::find(bytes.begin(), bytes.end(), std::byte{0});
    taken.append(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::size_t>(nul - bytes.begin()));
    if (nul != bytes.end()) break;
  }
  return taken;
}

ScratchString format_text(const char* format, va_list arguments, Place place) {
  return Formatter(arguments, place).format(take_string(format, place).c_str());
}

}  // namespace mmcheck::guest
