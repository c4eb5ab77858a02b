// SPDX-License-Identifier: Apache-2.0
#include "guest/shadow.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <sstream>
#include <system_error>

#include "base/error.h"

namespace mmcheck::guest {

unsigned Shadow::add_region(std::uintptr_t begin, std::size_t bytes) {
  void* granules = mmap(nullptr, bytes / 8 * sizeof(Granule), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (granules == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  regions_.push_back({begin, bytes / 8 * 8, static_cast<Granule*>(granules)});
  return nr_regions() - 1;
}

Shadow::~Shadow() {
  for (const Region& region : regions_) munmap(region.granules, region.bytes / 8 * sizeof(Granule));
}

void Shadow::divide(Granule& granule, unsigned cuts) {
  granule.cuts = static_cast<std::uint8_t>(granule.cuts | cuts);
  if (granule.owner != Granule::kShared) return;
  // Its words have been made for this execution already.
  grew_ = true;
  throw BeginAnew{};
}

bool Shadow::owned_by_other(Granule& granule, unsigned thread) {
  if (granule.owner == 0) {
    granule.owner = static_cast<std::uint8_t>(thread + 1);
    return false;
  }
  granule.owner = Granule::kShared;
  grew_ = true;
  for (unsigned region = 0; region < regions_.size(); ++region) {
    const Granule* begin = regions_[region].granules;
    if (&granule < begin || &granule >= begin + regions_[region].bytes / 8) continue;
    const auto index = static_cast<std::size_t>(&granule - begin);
    shared_.emplace_back(region, index);
    number(granule, region, index);
  }
  if (!may_grow_) throw BeginAnew{};
  return true;
}

void Shadow::number(Granule& granule, unsigned region, std::size_t index) {
  granule.first_unit = static_cast<std::uint16_t>(units_.size());
  for (unsigned begin = 0, end = 1; begin < 8; begin = end++) {
    while (end < 8 && ((granule.cuts >> end) & 1u) == 0) ++end;
    units_.push_back({.region = static_cast<std::uint16_t>(region),
                      .bytes = static_cast<std::uint8_t>(end - begin),
                      .offset = static_cast<std::uint32_t>(8 * index + begin)});
  }
  if (units_.size() > kUnitsMax) {
    throw InputError("the threads share too much memory: more than " + std::to_string(kUnitsMax) +
                     " words that several of them use");
  }
}

std::string Shadow::encode() const {
  std::string text;
  for (const auto& [region, index] : shared_) {
    const Granule& granule = regions_[region].granules[index];
    text += fmt::format("{}{}.{:x}.{:x}", text.empty() ? "" : ",", region, 8 * index,
                        unsigned{granule.cuts});
  }
  return text;
}

void Shadow::decode(const std::string& text) {
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) {
    unsigned region = 0;
    std::size_t offset = 0;
    unsigned cuts = 0;
    const bool read = std::sscanf(word.c_str(), "%u.%zx.%x", &region, &offset, &cuts) == 3 &&
                      region < regions_.size() && offset < regions_[region].bytes && cuts <= 0xfe;
    if (!read) throw InputError("'" + word + "' is no shared memory of this program");
    Granule& granule = regions_[region].granules[offset / 8];
    granule.owner = Granule::kShared;
    granule.cuts = static_cast<std::uint8_t>(cuts & 0xfe);
    shared_.emplace_back(region, offset / 8);
  }
}

void Shadow::number_units() {
  units_.clear();
  for (const auto& [region, index] : shared_) {
    number(regions_[region].granules[index], region, index);
  }
  grew_ = false;
  may_grow_ = true;
}

}  // namespace mmcheck::guest
