// SPDX-License-Identifier: Apache-2.0
#include "guest/process_memory.h"

namespace mmcheck::guest {

namespace {

/// Stacks have places on them that AddressSanitizer lets nobody read, which memcpy() would ask.
__attribute__((no_sanitize("address"))) void copy_bytes(std::byte* to, const std::byte* from,
                                                        std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to[i] = from[i];
}

}  // namespace

void ProcessMemory::reset(SpansOf spans_of) {
  spans_of_ = std::move(spans_of);
  images_.clear();
  loaded_ = 0;
}

void ProcessMemory::save(unsigned process, const Spans& spans) {
  if (images_.size() <= process) images_.resize(process + 1);
  Image& image = images_[process];
  image.spans = spans;
  std::size_t bytes = 0;
  for (const std::span<std::byte>& span : spans) bytes += span.size();
  image.bytes.resize(bytes);
  std::byte* to = image.bytes.data();
  for (const std::span<std::byte>& span : spans) {
    copy_bytes(to, span.data(), span.size());
    to += span.size();
  }
}

void ProcessMemory::add_to_others(const Spans& spans) {
  for (unsigned process = 0; process < images_.size(); ++process) {
    Image& image = images_[process];
    if (process == loaded_ || image.spans.empty()) continue;
    for (const std::span<std::byte>& span : spans) {
      image.spans.push_back(span);
      image.bytes.insert(image.bytes.end(), span.begin(), span.end());
    }
  }
}

void ProcessMemory::exchange(unsigned to) {
  save(loaded_, spans_of_(loaded_));
  const Image& image = images_.at(to);
  const std::byte* from = image.bytes.data();
  for (const std::span<std::byte>& span : image.spans) {
    copy_bytes(span.data(), from, span.size());
    from += span.size();
  }
  loaded_ = to;
}

void ProcessMemory::copy_to(unsigned process) { save(process, spans_of_(loaded_)); }

}  // namespace mmcheck::guest
